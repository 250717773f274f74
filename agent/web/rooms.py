"""The addresses of pages and API, each with what one must be allowed to ask there."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import Scope

from agent.web.api.app import PATH, api
from agent.web.daemon import Daemon
from agent.web.pages import ADDRESSES
from agent.web.static_files import static_routes
from agent.web.status_routes import status_routes
from agent.web.visit import Gate

_THREADS = 4


def rooms(daemon: Daemon) -> list[BaseRoute]:
    """To stand behind the addresses that programs without a person use."""
    gate = Gate(daemon, _THREADS)
    return [
        *static_routes(),
        *status_routes(daemon),
        *(gate.route(each) for each in ADDRESSES),
        _Behind(api(daemon)),
    ]


class _Behind(Mount):
    """The API: a path of programs is theirs by every method that the API itself does not know there."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(PATH, app)
        self._own = app.routes

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        others = (each for each in scope["router"].routes if each is not self)
        if match is Match.NONE or not any(each.matches(scope)[0] is Match.PARTIAL for each in others):
            return match, child
        own = any(each.matches({**scope, **child})[0] is Match.FULL for each in self._own)
        return (match, child) if own else (Match.NONE, {})
