"""A web site to watch: good or bad when told, and able to keep a request waiting."""

from __future__ import annotations

import threading
import time
from http.server import BaseHTTPRequestHandler
from types import TracebackType
from typing import Any, Self

from tests.web_server import WebServer

_LONGEST_HOLD = 120.0


class Site:
    """Answers 200 or 503 on a free loopback port; `answered` counts since the last `turn`.

    `given` is each answer so far: its moment (microseconds since 1970) and its status.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gate = threading.Event()
        self._status, self._hold_from, self._asked = 200, 0, 0
        self.answered = 0
        self.holding = 0
        self.given: list[tuple[int, int]] = []
        self._server = WebServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def turn(self, *, good: bool, hold_from: int = 0) -> None:
        """Be good or bad from now on; requests from number `hold_from` on (1 is the next) wait for `release`."""
        with self._lock:
            self._status, self._hold_from = (200 if good else 503), hold_from
            self._asked = self.answered = 0
            self._gate.clear()

    def release(self) -> None:
        """Answer what waits, and hold nothing more."""
        with self._lock:
            self._hold_from = 0
            self._gate.set()

    def _asked_for(self) -> tuple[int, bool]:
        """The status to answer with, and whether to wait before."""
        with self._lock:
            self._asked += 1
            held = 0 < self._hold_from <= self._asked
            self.holding += held
            return self._status, held

    def _done(self, status: int, *, held: bool) -> None:
        with self._lock:
            self.given.append((time.time_ns() // 1000, status))
            self.answered += 1
            self.holding -= held

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, held = site._asked_for()
                if held:
                    site._gate.wait(_LONGEST_HOLD)
                site._done(status, held=held)
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    return  # whoever asked is gone

            def log_message(self, format: str, *args: Any) -> None:
                return

        return Handler
