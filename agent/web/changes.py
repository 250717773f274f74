"""The address that pipelines tell of their deploys at: without the token nobody is heard."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from agent.door import Door, NoToken, TooMany
from agent.markers import CannotMark
from agent.web.posted import Onward, TooLong, bearer, body
from alerting.incidents.change import Change

PATHS = ("/api/v1/changes", "/api/v1/events")
_METHODS = ["POST", "PUT", "PATCH", "DELETE"]
_MOST_SENT = 16 * 1024
_STORE_PATIENCE = 5.0
_AGAIN_IN = {"Retry-After": "5"}
_PIPELINE = "a pipeline"


class Registrar(Protocol):
    """Who takes them in: agent.markers.Markers."""

    door: Door

    async def add(self, told: dict[str, Any], who: str) -> Change: ...


def change_routes(registrar: Registrar, onward: ASGIApp) -> list[Route]:
    """`POST /api/v1/changes` and `/api/v1/events` for pipelines that show their token."""

    async def changes(request: Request) -> Response:
        try:
            known = await to_thread.run_sync(registrar.door.lets_in, bearer(request))
        except NoToken:
            known = False
        if not known:  # somebody else, perhaps: the API knows
            return Onward(onward)
        if request.method != "POST":
            return _said("post it", 405, {"Allow": "POST"})
        try:
            registrar.door.spend()
            return await _taken(registrar, await body(request, _MOST_SENT))
        except TooMany:
            return _said("too many of them", 429, _AGAIN_IN)
        except TooLong:
            return _said(f"at most {_MOST_SENT} bytes are read", 413)

    return [Route(path, changes, methods=_METHODS) for path in PATHS]


async def _taken(registrar: Registrar, sent: bytes) -> Response:
    try:
        told = json.loads(sent)
    except (ValueError, RecursionError):
        return _said('expected a JSON object such as {"service": "shop", "version": "2.3"}', 400)
    if not isinstance(told, dict):
        return _said("expected a JSON object", 400)
    try:
        async with asyncio.timeout(_STORE_PATIENCE):
            change = await registrar.add(told, _PIPELINE)
    except CannotMark as error:
        return _said(str(error), 400)
    except Exception:  # it was logged where it happened
        return _said("the change could not be stored", 503, _AGAIN_IN)
    return JSONResponse({"id": change.id}, 201, {"Cache-Control": "no-store"})


def _said(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, {"Cache-Control": "no-store", **(headers or {})})
