"""The address that pipelines tell of their deploys at: without the token nobody is heard."""

from __future__ import annotations

import asyncio
import json
from typing import Any, Protocol

from anyio import to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from agent.markers import CannotMark, NoToken, TooManyMarkers
from alerting.incidents.change import Change

PATH = "/api/v1/changes"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_MOST_SENT = 16 * 1024
_LONGEST_TOKEN = 4096
_BODY_PATIENCE = 10.0
_STORE_PATIENCE = 5.0
_AGAIN_IN = {"Retry-After": "5"}
_PIPELINE = "a pipeline"


class Registrar(Protocol):
    """Who takes them in: agent.markers.Markers."""

    def lets_in(self, shown: str) -> bool: ...

    def spend(self) -> None: ...

    async def add(self, told: dict[str, Any], who: str) -> Change: ...


class TooLong(Exception):
    """More was sent than is read."""


def change_routes(registrar: Registrar) -> list[Route]:
    """`POST /api/v1/changes`; without a token in the configuration there is no such address."""

    async def changes(request: Request) -> Response:
        try:
            known = await to_thread.run_sync(registrar.lets_in, _token(request))
        except NoToken:
            return _said("not found", 404)
        if not known:
            return _said("show the token: Authorization: Bearer …", 401, {"WWW-Authenticate": "Bearer"})
        if request.method != "POST":
            return _said("post it", 405, {"Allow": "POST"})
        try:
            registrar.spend()
            return await _taken(registrar, await _body(request))
        except TooManyMarkers:
            return _said("too many of them", 429, _AGAIN_IN)
        except TooLong:
            return _said(f"at most {_MOST_SENT} bytes are read", 413)

    return [Route(PATH, changes, methods=_METHODS)]


async def _taken(registrar: Registrar, body: bytes) -> Response:
    try:
        told = json.loads(body)
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


def _token(request: Request) -> str:
    """What is shown; empty when it is nothing of the sort."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip()[:_LONGEST_TOKEN] if scheme.lower() == "bearer" else ""


async def _body(request: Request) -> bytes:
    """All of it. Raises TooLong."""
    kept = bytearray()
    try:
        async with asyncio.timeout(_BODY_PATIENCE):
            async for piece in request.stream():
                kept += piece
                if len(kept) > _MOST_SENT:
                    raise TooLong
    except (TimeoutError, ClientDisconnect):
        return b""
    return bytes(kept)


def _said(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, {"Cache-Control": "no-store", **(headers or {})})
