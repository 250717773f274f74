"""The demo's web site: good, then broken, then good again; it keeps its own log of the truth."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import ThreadingTCPServer
from types import TracebackType
from typing import Any, Self

_GOOD = "<html><title>Corner shop</title><h1>Corner shop</h1><p>Fresh bread since 1931.</p></html>\n"
# An address and a token, as careless error pages show them: the ticket must carry neither.
_BROKEN = "<h1>Out of order</h1><p>Tell keeper@shop.example, session=c2hvcC1kZW1v</p>"


class Site:
    """Serves one page on a free port of 127.0.0.1, from construction until the `with` block ends.

    The log has JSON lines `{"at", "event"}`: started, broke, healed, stopped, and `request` with its status.
    """

    def __init__(self, log: Path) -> None:
        self._log = log.open("w", encoding="utf-8", buffering=1)
        # A request is answered and logged as one step, so that the log's order is what really happened.
        self._lock = threading.Lock()
        self._broken = False
        self.turns: list[tuple[str, str]] = []
        """When it broke and healed, as in the log: (event, moment)."""
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="demo site", daemon=True
        )

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/"

    def __enter__(self) -> Self:
        self._thread.start()
        self._note("started")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        with self._lock:
            self._note("stopped")
            self._log.close()

    def break_down(self) -> None:
        """From now on every request is answered with 503 and an error page."""
        self._turn("broke", broken=True)

    def heal(self) -> None:
        """From now on every request is answered with 200 and the page."""
        self._turn("healed", broken=False)

    def answer(self) -> tuple[int, bytes]:
        """Status and page of one request, noted in the log."""
        with self._lock:
            status, page = (503, _BROKEN) if self._broken else (200, _GOOD)
            self._note("request", status=status)
        return status, page.encode()

    def _turn(self, event: str, *, broken: bool) -> None:
        with self._lock:
            self._broken = broken
            self.turns.append((event, self._note(event)))

    def _note(self, event: str, **more: int) -> str:
        """Write a line and give its moment; a request that outlives the site leaves none."""
        at = datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        if not self._log.closed:
            self._log.write(json.dumps({"at": at, "event": event, **more}) + "\n")
        return at


class _Server(ThreadingTCPServer):
    daemon_threads = True
    # Threads are not waited for: a client that never ends its request must not keep the demo alive.
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no news for the terminal."""


def _handler(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, page = site.answer()
            self.send_response(status)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, format: str, *args: Any) -> None:
            """The site has its own log."""

    return Handler
