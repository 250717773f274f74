"""A street of services on one real web server, and the daemon with a helpdesk that fails on unannounced calls."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from alerting.connectors.base import ConnectorType
from checks.registry import all_kinds
from config.loader import load
from tests.fakes.connector import TYPE
from tests.fakes.helpdesk import ANY, Helpdesk
from tests.moving_clock import SECOND, Driven, MovingClock
from tests.web_server import WebServer

KNOWN: Mapping[str, ConnectorType] = {TYPE.name: TYPE}


class Street:
    """Answers `/NAME` with 200, or with 503 while NAME is among the `broken`."""

    def __init__(self) -> None:
        self.broken: set[str] = set()
        self.port = 0

    def check(self, name: str, **options: Any) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/{name}"
        return {"type": "http", "url": url, "every": "30s", "timeout": "2s", **options}


@contextmanager
def street() -> Iterator[Street]:
    town = Street()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503 if self.path[1:] in town.broken else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = WebServer(("127.0.0.1", 0), Handler)
    town.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield town
    finally:
        server.shutdown()
        server.server_close()


class Daemon(Driven):
    """One that sends its tickets to the fake helpdesk."""

    connectors = KNOWN

    def __init__(
        self, directory: Path, desk: Helpdesk, services: dict[str, Any], clock: MovingClock | None = None
    ) -> None:
        self.desk = desk
        directory.mkdir(exist_ok=True)
        super().__init__(directory, services, clock, **self.sections)
        desk.clock = lambda: self.clock.now() / SECOND  # one that goes on when the daemon is started anew

    @property
    def sections(self) -> dict[str, Any]:
        there = {"type": "fakedesk", "url": self.desk.url, "token": self.desk.token, "poll_every": "1m"}
        return {"helpdesks": {"desk": there}, "routes": [{"send_to": ["desk"]}], "defaults": {"burn": False}}

    async def reload(self, services: dict[str, Any]) -> None:
        self.write(services, **self.sections)
        await self.app.reload(load(self.file, all_kinds(), KNOWN))

    async def ask(self, command: str, **arguments: object) -> Any:
        """As a command does, through the daemon's socket."""
        return await self.app.commands.answer(command, arguments, "root")


def announce(desk: Helpdesk, *writes: str) -> None:
    """These writing calls and no others; comments, which only say what happened, where there is more than a create."""
    if {"resolve", "reopen"} & set(writes):
        desk.expect("comment", times=ANY)
    for what in dict.fromkeys(writes):
        desk.expect(what, times=writes.count(what))


def made(desk: Helpdesk) -> list[str]:
    """The writing calls that came in, but comments, in order."""
    return [call.what for call in desk.calls if call.what not in ("me", "find", "read", "comment")]


@asynccontextmanager
async def watched(directory: Path, desk: Helpdesk, services: dict[str, Any]) -> AsyncIterator[Daemon]:
    """A daemon that has seen that all is well."""
    daemon = Daemon(directory, desk, services)
    async with daemon:
        await daemon.advance(60)
        yield daemon
    desk.verify()
