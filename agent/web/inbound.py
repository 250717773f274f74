"""The address that other tools send their alerts to: strangers are told nothing, not even which names there are."""

from __future__ import annotations

import asyncio
from typing import Any, Protocol

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from agent.inbound import CannotStore, NotAdmitted, Sent, TooManyAlerts
from agent.web.posted import TooLong, body
from alerting.inbound.alert import NotRead
from config.inbound import Inbound

PATH = "/api/v1/inbound/{name}"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_MOST_SENT = 1024 * 1024
_MOST_AT_ONCE = 32
_LONGEST = 8192
_AGAIN_IN = {"Retry-After": "5"}


class Door(Protocol):
    """Who lets them in: agent.inbound.InboundDoor."""

    def admitted(self, name: str, sent: Sent) -> Inbound: ...

    async def take(self, name: str, source: Inbound, sent: Sent) -> dict[str, Any]: ...


def inbound_routes(door: Door) -> list[Route]:
    """`POST /api/v1/inbound/NAME`: 200 once it is on the disk."""
    at_once = asyncio.Semaphore(_MOST_AT_ONCE)

    async def inbound(request: Request) -> Response:
        if request.method != "POST":
            return _said("post it", 405, {"Allow": "POST"})
        async with at_once:
            try:
                sent = _sent(request, await body(request, _MOST_SENT))
            except TooLong:
                return _said(f"at most {_MOST_SENT} bytes are read", 413)
            name = request.path_params["name"]
            try:
                source = await to_thread.run_sync(door.admitted, name, sent)
            except NotAdmitted:
                return _said("show the token, or sign it", 401, {"WWW-Authenticate": "Bearer"})
            return await _taken(door, name, source, sent)

    return [Route(PATH, inbound, methods=_METHODS)]


async def _taken(door: Door, name: str, source: Inbound, sent: Sent) -> Response:
    try:
        return JSONResponse(await door.take(name, source, sent), 200, {"Cache-Control": "no-store"})
    except NotRead as error:
        return _said(f"what was sent {error}", 400)
    except TooManyAlerts:
        return _said("too many of them", 429, _AGAIN_IN)
    except CannotStore:
        return _said("the alerts could not be stored", 503, _AGAIN_IN)


def _sent(request: Request, told: bytes) -> Sent:
    headers = {name.lower(): value[:_LONGEST] for name, value in request.headers.items()}
    return Sent(headers, request.query_params.get("token", "")[:_LONGEST], told)


def _said(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, {"Cache-Control": "no-store", **(headers or {})})
