"""The address at which programs open tickets: without the token nobody is heard."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from agent.clock import Clock
from agent.desk.asked import Asked, CannotDo, NotNow, Refusal
from agent.desk.files import ATTACHMENTS
from agent.door import Door, NoToken, TooMany
from agent.web.posted import Onward, TooLong, bearer, body
from config.attachments import AttachmentOptions

PATH = "/api/v1/tickets"
_METHODS = ["POST", "PUT", "PATCH", "DELETE"]
_MOST_TEXT = 256 * 1024
# Bodies are large where files are sent: few are held in memory at one time.
_MOST_AT_ONCE = 4
_BODY_PATIENCE, _STORE_PATIENCE = 60.0, 10.0
_KEY = re.compile(r"[!-~]{1,200}")
_ORIGIN = "api:"
_AGAIN_IN = {"Retry-After": "5"}
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    413: "Content Too Large",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    503: "Service Unavailable",
}
Ask = Callable[[str, Asked], Awaitable[Any]]


class _Wrong(Exception):
    """What was sent is no request; the text says why."""


def ticket_routes(
    door: Door, ask: Ask, clock: Clock, limits: Callable[[], AttachmentOptions], onward: ASGIApp
) -> list[Route]:
    """`POST /api/v1/tickets` for who shows the desk's token: 201 once it is on the disk. `ask` is that of the desk."""
    at_once = asyncio.Semaphore(_MOST_AT_ONCE)

    async def tickets(request: Request) -> Response:
        try:
            known = await to_thread.run_sync(door.lets_in, bearer(request))
        except NoToken:
            known = False
        if not known:  # somebody else, perhaps: the API knows
            return Onward(onward)
        if request.method != "POST":
            return _problem(405, "post it", {"Allow": "POST"})
        most = _MOST_TEXT + round(limits().max_size) * 4 // 3
        try:
            door.spend()
            async with at_once:
                told = await to_thread.run_sync(_read, await body(request, most, _BODY_PATIENCE))
                return await _opened(ask, _asked(request, told, clock.now()))
        except TooMany:
            return _problem(429, "too many of them", _AGAIN_IN)
        except TooLong:
            return _problem(413, f"at most {most} bytes are read")
        except _Wrong as error:
            return _problem(400, str(error))

    return [Route(PATH, tickets, methods=_METHODS)]


async def _opened(ask: Ask, asked: Asked) -> Response:
    try:
        async with asyncio.timeout(_STORE_PATIENCE):
            found = await ask("tickets.open", asked)
    except CannotDo as error:
        return _problem(400 if error.usage else 422, str(error))
    except NotNow as error:
        return _problem(503, str(error), _AGAIN_IN)
    except Refusal as error:
        return _problem(422, str(error))
    except Exception:  # it was logged where it happened
        return _problem(
            503, "whether the ticket was stored is not known: send it again with its key", _AGAIN_IN
        )
    again = {"Idempotency-Replayed": "true"} if found.pop("replayed", False) else {}
    return JSONResponse(found, 201, {"Cache-Control": "no-store", **again})


def _asked(request: Request, told: dict[str, Any], now: int) -> Asked:
    key = request.headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise _Wrong("Idempotency-Key: expected up to 200 signs without spaces")
    if key is not None:
        told = {**told, "origin": f"{_ORIGIN}{key}"}
    return Asked(told, "api", now, "api")


def _read(sent: bytes) -> dict[str, Any]:
    try:
        told = json.loads(sent)
    except (ValueError, RecursionError):
        raise _Wrong('expected a JSON object such as {"title": "Cannot log in"}') from None
    if not isinstance(told, dict):
        raise _Wrong("expected a JSON object")
    # Who asks, and what it came from, is known here and not said by whoever asks.
    if own := {"by", "origin", "public"} & told.keys():
        raise _Wrong(f"{min(own)}: is not for the API")
    if told.get(ATTACHMENTS) == []:
        del told[ATTACHMENTS]
    return told


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """As RFC 9457 has it."""
    found = {"type": "about:blank", "title": _TITLES[status], "status": status, "detail": detail}
    told = {"Cache-Control": "no-store", **(headers or {})}
    return JSONResponse(found, status, told, media_type="application/problem+json")
