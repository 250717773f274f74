"""The address that helpdesks call when a ticket changed: what cannot prove itself is told nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Protocol

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.hooks import NoSuchHook, NotProven, NotReadable, TooManyCalls
from agent.web.posted import TooLong, body
from alerting.connectors.base import Poke

PATH = "/api/v1/helpdesks/{name}/hook"
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_MOST_SENT = 1024 * 1024
_MOST_AT_ONCE = 16
_LONGEST = 8192
_AGAIN_IN = {"Retry-After": "5"}


class Ear(Protocol):
    """Who hears them: agent.hooks.Hooks."""

    def proven(self, name: str, headers: Mapping[str, str], body: bytes) -> Poke: ...

    def heard(self, name: str, poke: Poke) -> None: ...

    def refused(self, name: str, reason: str) -> None: ...


def hook_routes(ear: Ear) -> list[Route]:
    """`POST /api/v1/helpdesks/NAME/hook`: 202 once the tickets that it names are to be looked at."""
    at_once = asyncio.Semaphore(_MOST_AT_ONCE)

    async def hook(request: Request) -> Response:
        if request.method != "POST":
            return _said("post it", 405, {"Allow": "POST"})
        async with at_once:
            try:
                told = await body(request, _MOST_SENT)
            except TooLong:
                return _said(f"at most {_MOST_SENT} bytes are read", 413)
            return await _heard(ear, request, told)

    return [Route(PATH, hook, methods=_METHODS)]


async def _heard(ear: Ear, request: Request, told: bytes) -> Response:
    name = request.path_params["name"]
    headers = {key.lower(): value[:_LONGEST] for key, value in request.headers.items()}
    try:
        poke = await to_thread.run_sync(ear.proven, name, headers, told)
        ear.heard(name, poke)
    except NoSuchHook:
        return _said("no such helpdesk", 404)
    except NotProven:
        ear.refused(name, "it does not prove that it comes from there")
        return _said("not allowed", 403)
    except NotReadable:
        ear.refused(name, "it comes from there, and cannot be read")
        return _said("this cannot be read", 400)
    except TooManyCalls:
        return _said("too many of them", 429, _AGAIN_IN)
    if poke.answer:
        return Response(poke.answer, 200, {"Cache-Control": "no-store"}, "text/plain")
    return Response(status_code=202, headers={"Cache-Control": "no-store"})


def _said(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(f"{text}\n", status, {"Cache-Control": "no-store", **(headers or {})})
