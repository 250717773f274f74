"""kill -9 while another program writes and rotates an access log: every request counted once, in the end."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.checks.tail import generator
from tests.end_to_end.daemon import Daemon, wait_for

SEED = 20261122
LINE = '192.0.2.1 - - [{stamp}] "GET /{number} HTTP/1.1" 404 {number} "-" "curl/8"'


def config(log: Path) -> dict[str, Any]:
    """Looks as often as may be, and a window that holds everything."""
    check = {
        "type": "access_log",
        "path": str(log),
        "every": "1s",
        "window": "1h",
        "degraded": "rate_404 > 5%",
    }
    return {"services": {"web": {"checks": {"errors": check}}}}


def test_every_request_is_counted_once_over_eight_kills(tmp_path: Path) -> None:
    assert_counted_once(tmp_path, SEED, kills=8)


@pytest.mark.slow
def test_every_request_is_counted_once_over_fifty_kills(tmp_path: Path) -> None:
    assert_counted_once(tmp_path, SEED + 1, kills=50)


def assert_counted_once(directory: Path, seed: int, kills: int) -> None:
    """The generator goes on until after the last kill, in seeded lives of its own."""
    log, chance = directory / "web" / "access.log", random.Random(seed)
    log.parent.mkdir()
    log.touch()
    written = lives = 0
    with Daemon(directory, **config(log)) as daemon:
        daemon.start()
        counted(daemon, 0)
        for _ in range(kills):
            with generating(log, seed + lives) as writer:
                lives += 1
                kill_after(daemon, chance.uniform(0.05, 2.5))
                print(f"kill {lives} of {kills}: {written} requests counted before this life", flush=True)
                daemon.start()
                written += int(writer.communicate(timeout=60)[0])
            counted(daemon, written)
        daemon.stop()
        figure, _itself = daemon.json("uptime", "--period", "24h")
        service, _itself = daemon.json("status")["services"]
        values = service["checks"][0]["values"]
    assert written > 500 * kills
    shown = (values["requests"], values["count_404"], values["malformed"], values["behind"])
    assert shown == (written, written, 0, 0)
    # What is not found is the client's doing.
    by_requests = {"check": "errors", "valid": written, "good": written}
    assert figure["requests"]["checks"] == [by_requests]
    assert figure["requests"]["uptime"] == "1/1"


def generating(log: Path, seed: int) -> subprocess.Popen[str]:
    """A separate program; it rotates some twenty times."""
    command = [sys.executable, generator.__file__, str(log), str(seed), "20", LINE]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def kill_after(daemon: Daemon, seconds: float) -> None:
    began = time.monotonic()
    wait_for(lambda: time.monotonic() - began >= seconds, "the moment of the kill")
    daemon.kill()


def counted(daemon: Daemon, requests: int) -> None:
    """Wait until the last reading in the store holds so many."""

    def are_there() -> bool:
        rows = daemon.rows("SELECT last FROM checks WHERE check_id = 'errors'")
        return bool(rows) and json.loads(rows[0][0])["values"]["requests"] == requests

    wait_for(are_there, f"{requests} requests counted")
