"""What `tocsin exec` tells a daemon that is busy, gone or somebody else: real servers on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from agent.cli.reports import Reports

RUN = "0aa2c1de-0000-4000-8000-000000000001"
AT_ONCE = (0.0, 0.0, 0.0)


@contextmanager
def answering(*statuses: int) -> Iterator[tuple[str, list[str]]]:
    """A server that gives these statuses in turn, the last one for ever; its address, and what was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(f"{self.path} {body.decode()}".strip())
            self.send_response(statuses[min(len(asked), len(statuses)) - 1])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
        server.shutdown()


def test_start_and_end_are_reported_in_order_with_one_run_id() -> None:
    with answering(200) as (url, asked):
        reports = Reports(url, "the/key", RUN)
        reports.begin()
        assert reports.end(3, b"last line", AT_ONCE) == ""
    assert asked == [
        f"/api/v1/heartbeat/the%2Fkey/start?rid={RUN}",
        f"/api/v1/heartbeat/the%2Fkey/3?rid={RUN} last line",
    ]


@pytest.mark.parametrize("busy", [503, 429, 500])
def test_the_end_is_tried_again_until_it_is_taken(busy: int) -> None:
    with answering(busy, busy, 200) as (url, asked):
        assert Reports(url, "key", RUN).end(0, b"", AT_ONCE) == ""
    assert len(asked) == 3


def test_after_a_few_tries_it_is_given_up() -> None:
    with answering(503) as (url, asked):
        assert Reports(url, "key", RUN).end(0, b"", AT_ONCE) == f"{url} answered 503"
    assert len(asked) == 1 + len(AT_ONCE)


@pytest.mark.parametrize(("status", "said"), [(404, "does not know this key"), (400, "answered 400")])
def test_what_will_not_get_better_is_not_tried_again(status: int, said: str) -> None:
    with answering(status) as (url, asked):
        assert said in Reports(url, "key", RUN).end(0, b"", AT_ONCE)
    assert len(asked) == 1


def test_nobody_there_is_told_without_the_key(free_port: Callable[[], int]) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    said = Reports(url, "a-secret-key", RUN).end(0, b"", AT_ONCE)
    assert said == f"{url} cannot be reached: connection refused"


def test_a_path_before_ours_is_kept_and_a_password_in_the_address_is_not_shown() -> None:
    with answering(500, 200) as (url, asked):
        reports = Reports(url.replace("//", "//user:pw@") + "/tocsin/", "key", RUN)
        assert reports.shown == url
        assert reports.end(0, b"", AT_ONCE) == ""
    assert asked[-1] == f"/tocsin/api/v1/heartbeat/key/0?rid={RUN}"


@pytest.mark.parametrize("url", ["localhost:9809", "ftp://localhost", "http://", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="expected an address"):
        Reports(url, "key", RUN)
