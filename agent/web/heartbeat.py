"""The addresses that jobs report to: no name but the key, and no 200 before the report is on the disk."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import Protocol

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from agent.hearing import CannotStore, TooMany
from checks.heartbeat.signals import Signal, signal_of
from config.models import Check

_PATH = "/api/v1/heartbeat/{key}"
_METHODS = ["GET", "HEAD", "POST"]
_BODY_PATIENCE = 10.0
_MOST_SENT = 64 * 1024 * 1024
_AGAIN_IN = 5


class Ear(Protocol):
    """Who takes in what jobs say: agent.hearing.Hearing."""

    def find(self, key: str) -> Check | None: ...

    async def hear(self, check: Check, signal: Signal) -> bool: ...


def heartbeat_routes(ear: Ear) -> list[Route]:
    """`/api/v1/heartbeat/KEY` and what may follow it."""

    async def report(request: Request) -> Response:
        check = ear.find(request.path_params["key"])
        if check is None:
            return _answer("not found", 404)
        try:
            signal = signal_of(request.path_params.get("word", ""), request.query_params.get("rid", ""))
        except ValueError as error:
            return _answer(f"{error}\n", 400)
        limit = int(check.spec.max_body)
        body, client = await _body(request, limit), _client(request)
        signal = Signal(signal.what, signal.exit, signal.run, body, client)
        try:
            known = await ear.hear(check, signal)
        except TooMany:
            return _answer("too many reports of this key\n", 429, retry_after=_AGAIN_IN)
        except CannotStore:
            return _answer("the report could not be stored\n", 503, retry_after=_AGAIN_IN)
        return _answer("OK", 200, limit=limit) if known else _answer("not found", 404)

    paths = (_PATH, f"{_PATH}/", f"{_PATH}/{{word}}", f"{_PATH}/{{word}}/")
    return [Route(path, report, methods=_METHODS) for path in paths]


def _answer(text: str, status: int, *, retry_after: int | None = None, limit: int | None = None) -> Response:
    headers = {"Cache-Control": "no-store"}
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if limit is not None:
        headers["Ping-Body-Limit"] = str(limit)
    return PlainTextResponse(text, status, headers)


async def _body(request: Request, limit: int) -> bytes:
    """The first bytes of what was sent along; the rest is read and forgotten, within reason.

    A sender that stops in the middle has reported all the same.
    """
    kept, seen = bytearray(), 0
    try:
        async with asyncio.timeout(_BODY_PATIENCE):
            async for piece in request.stream():
                kept += piece[: max(0, limit - len(kept))]
                seen += len(piece)
                if seen > _MOST_SENT:
                    break
    except (TimeoutError, ClientDisconnect):
        pass
    return bytes(kept)


def _client(request: Request) -> str:
    """Where it came from, as evidence; behind a proxy on this host what the proxy says."""
    peer = request.client.host if request.client is not None else ""
    said = request.headers.get("x-forwarded-for", "").partition(",")[0].strip()
    return said if _is_address(said) and _is_loopback(peer) else peer


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def _is_loopback(text: str) -> bool:
    return _is_address(text) and ipaddress.ip_address(text).is_loopback
