"""The API's own app: its routers, its errors, its description."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from agent.web.api import incidents, itself, planned, planning, services, tickets, working
from agent.web.api.models import ProblemModel
from agent.web.api.problems import handle
from agent.web.daemon import Daemon

ROUTERS = (
    itself.router,
    services.router,
    incidents.router,
    tickets.router,
    planned.router,
    working.router,
    planning.router,
)
_ERRORS = {
    400: "it could never be done like this",
    413: "too long",
    401: "nobody that is known",
    403: "somebody who may not",
    404: "not there, or not yours",
    422: "not understood",
    429: "too many at once",
    503: "not now: try again",
}


def api(daemon: Daemon) -> FastAPI:
    """To be mounted at `/api/v1`."""
    told: dict[int | str, dict[str, Any]] = {
        status: {"description": words, "model": ProblemModel} for status, words in _ERRORS.items()
    }
    app = FastAPI(
        title="Tocsin", version="1", docs_url=None, redoc_url=None, openapi_url=None, responses=told,
        generate_unique_id_function=_name,
    )  # fmt: skip
    app.state.daemon = daemon
    for router in ROUTERS:
        app.include_router(router)
    handle(app)
    return app


def _name(route: APIRoute) -> str:
    """How programs call the operation: `list` is no better than the function's own name."""
    return route.name
