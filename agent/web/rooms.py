"""The addresses of pages and API, each with what one must be allowed to ask there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from anyio import to_thread
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.web.daemon import Daemon
from agent.web.pages import ADDRESSES
from agent.web.static_files import static_routes
from agent.web.status_routes import status_routes
from agent.web.visit import Gate

if TYPE_CHECKING:
    from fastapi import FastAPI

PATH = "/api/v1"
_THREADS = 4
_THEIRS = "tocsin.theirs"


def rooms(daemon: Daemon) -> tuple[list[BaseRoute], ASGIApp]:
    """To stand behind the addresses that programs without a person use; and the API, for whoever they do not know."""
    gate, behind = Gate(daemon, _THREADS), _Behind(lambda: _api(daemon))
    pages = [*static_routes(), *status_routes(daemon), *(gate.route(each) for each in ADDRESSES)]
    return [*pages, behind], behind.onward


def _api(daemon: Daemon) -> FastAPI:
    from agent.web.api.app import api

    return api(daemon)


class _Behind(Mount):
    """The API, imported when it is first asked: a daemon that nobody asks is spared its 12 MB.

    A path of programs is theirs by every method that the API itself does not know there.
    """

    def __init__(self, make: Callable[[], FastAPI]) -> None:
        super().__init__(PATH, routes=())
        self._make, self._making = make, threading.Lock()
        self._made: FastAPI | None = None

    @property
    def routes(self) -> list[BaseRoute]:
        return self._api().routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        others = (each for each in scope["router"].routes if each is not self)
        theirs = next((each for each in others if each.matches(scope)[0] is Match.PARTIAL), None)
        return match, {**child, _THEIRS: theirs}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        api, theirs = await to_thread.run_sync(self._api), scope.pop(_THEIRS, None)
        if theirs is None or any(each.matches(scope)[0] is Match.FULL for each in api.routes):
            await api(scope, receive, send)
        else:
            await theirs.handle(scope, receive, send)

    async def onward(self, scope: Scope, receive: Receive, send: Send) -> None:
        """From an address of programs that does not know who asks."""
        _, child = super().matches(scope)
        scope.update(child)
        await (await to_thread.run_sync(self._api))(scope, receive, send)

    def _api(self) -> FastAPI:
        with self._making:
            if self._made is None:
                self._made = self._make()
            return self._made
