"""The API's own app: its routers, its errors, its description."""

from __future__ import annotations

from fastapi import FastAPI

from agent.web.api import services
from agent.web.api.problems import handle
from agent.web.daemon import Daemon

PATH = "/api/v1"
ROUTERS = (services.router,)


def api(daemon: Daemon) -> FastAPI:
    """To be mounted at PATH."""
    app = FastAPI(title="Tocsin", version="1", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.daemon = daemon
    for router in ROUTERS:
        app.include_router(router)
    handle(app)
    return app
