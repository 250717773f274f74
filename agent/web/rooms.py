"""The addresses of pages and API, each with what one must be allowed to ask there."""

from __future__ import annotations

from starlette.routing import BaseRoute, Mount

from agent.web.api.app import PATH, api
from agent.web.daemon import Daemon
from agent.web.pages import ADDRESSES
from agent.web.static_files import static_routes
from agent.web.visit import Gate

_THREADS = 4


def rooms(daemon: Daemon) -> list[BaseRoute]:
    """To stand behind the addresses that programs without a person use."""
    gate = Gate(daemon, _THREADS)
    return [*static_routes(), *(gate.route(each) for each in ADDRESSES), Mount(PATH, api(daemon))]
