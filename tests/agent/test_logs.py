"""Log lines are one JSON object each, masked, wherever they come from; Sentry hears of faults and of nothing else."""

from __future__ import annotations

import gzip
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

SECRET = "supersecretvalue"
BEGIN = """
import logging, os, structlog
from agent import logs
from config.secrets import Secret
Secret("${env:TOCSIN_CANARY}").reveal()
logs.set_up(readable=False)
log = structlog.get_logger()
"""
FAULT = """
def fail(local="a-local-variable"):
    raise ValueError("saw " + os.environ["TOCSIN_CANARY"] + " of jane@example.com, password=hunter2")
"""


def lines_of(root: Path, code: str, *, code_expected: int = 0) -> list[dict[str, Any]]:
    """What a process that runs the code logs, parsed."""
    ended = subprocess.run(
        [sys.executable, "-c", BEGIN + code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=root,
        env={**os.environ, "TOCSIN_CANARY": SECRET},
    )
    assert ended.returncode == code_expected, ended.stderr
    assert ended.stdout == ""
    assert SECRET not in ended.stderr
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_secrets_are_masked_in_every_text_of_a_line(root: Path) -> None:
    code = """
saw = "saw " + os.environ["TOCSIN_CANARY"]
log.error("config.refused", reasons=[saw], tree={"a": ({saw: saw}, {saw}), "password": "x y"}, error=ValueError(saw))
deep = saw
for _ in range(500):
    deep = [deep]
log.info("deep", deep=deep, port=9809, ok=True, nothing=None)
"""
    first, second = lines_of(root, code)
    assert first["reasons"] == ["saw ***"]
    assert first["tree"] == {"a": [{"saw ***": "saw ***"}, ["saw ***"]], "password": "***"}
    assert first["error"] == "ValueError('saw ***')"
    assert (second["port"], second["ok"], second["nothing"]) == (9809, True, None)


def test_lines_of_libraries_come_out_like_our_own(root: Path) -> None:
    code = f"""{FAULT}
logging.getLogger("uvicorn.error").warning("from %s: token=%s", "10.0.0.1", "abcdef123")
logging.getLogger("uvicorn.error").info("not worth a line")
logging.getLogger("odd").log(35, "%d", "not a number")
try:
    fail()
except ValueError:
    logging.getLogger("asyncio").exception("Task exception was never retrieved")
"""
    warning, odd, fault = lines_of(root, code)
    assert (warning["level"], warning["logger"]) == ("warning", "uvicorn.error")
    assert warning["event"] == "from 10.0.0.1: token=***"
    assert "at" in warning
    assert (odd["level"], odd["event"]) == ("warning", "%d")
    assert (fault["level"], fault["logger"]) == ("error", "asyncio")
    assert "ValueError: saw *** of ***, password=***" in fault["exception"]


class Ingest:
    """A place that takes Sentry's envelopes."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.raw = b""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                outer.raw += body
                _envelope, head, item = body.split(b"\n")[:3]
                if json.loads(head)["type"] == "event":
                    outer.events.append(json.loads(item))
                self.send_response(200)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def dsn(self) -> str:
        return f"http://publickey@127.0.0.1:{self.server.server_address[1]}/1"


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    ingest = Ingest()
    yield ingest
    ingest.server.shutdown()
    ingest.server.server_close()


def test_a_fault_arrives_at_sentry_without_host_variables_or_secrets(root: Path, ingest: Ingest) -> None:
    code = f"""{FAULT}
logs.report_to_sentry({ingest.dsn!r})
log.error("store.cannot_write", reason="no fault of the code")
try:
    fail()
except ValueError:
    log.exception("probe.failed", check="shop.home")
"""
    assert [line["event"] for line in lines_of(root, code)] == ["store.cannot_write", "probe.failed"]
    (event,) = ingest.events
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("ValueError", "saw *** of ***, password=***")
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    assert event["tags"] == {"event": "probe.failed"}
    assert event["release"].startswith("tocsin")
    sent = ingest.raw.decode()
    for unwanted in (SECRET, "jane@", 'hunter2"', "shop.home", "server_name", "a-local-variable\\", '"vars"'):
        assert unwanted not in sent
    assert socket.gethostname() not in json.dumps({**event, "exception": None})


def test_a_fault_in_a_library_arrives_as_well(root: Path, ingest: Ingest) -> None:
    code = f"""{FAULT}
logs.report_to_sentry({ingest.dsn!r})
try:
    fail()
except ValueError:
    logging.getLogger("asyncio").exception("Task exception was never retrieved")
"""
    lines_of(root, code)
    assert [event["tags"] for event in ingest.events] == [{"event": "asyncio"}]


def test_without_a_dsn_nothing_of_sentry_is_loaded(root: Path) -> None:
    code = f"""{FAULT}
import sys
try:
    fail()
except ValueError as error:
    log.exception("probe.failed")
    logs.report(error, "command.failed")
assert "sentry_sdk" not in sys.modules
"""
    assert len(lines_of(root, code)) == 1


@pytest.mark.parametrize(
    "dsn", ["", "not a dsn", "https://host/1", "https://key@host:port/1", "https://key@host/x"]
)
def test_a_bad_dsn_is_the_operators_mistake_and_is_not_repeated(root: Path, dsn: str) -> None:
    code = f"""
from config.errors import ConfigError
try:
    logs.report_to_sentry({dsn!r})
except ConfigError as error:
    log.error("refused", reason=str(error))
"""
    (line,) = lines_of(root, code)
    assert line["reason"].startswith("agent.sentry_dsn: is not the DSN of a Sentry project")
    assert "key@" not in line["reason"]
