"""What programs send to the API: the token that they show, and a body of limited length."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_LONGEST_TOKEN = 4096
_BODY_PATIENCE = 10.0


class TooLong(Exception):
    """More was sent than is read."""


def bearer(request: Request) -> str:
    """What is shown; empty when it is nothing of the sort."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip()[:_LONGEST_TOKEN] if scheme.lower() == "bearer" else ""


async def body(request: Request, most: int, patience: float = _BODY_PATIENCE) -> bytes:
    """All of it; nothing where it does not come within `patience` seconds. Raises TooLong."""
    kept = bytearray()
    try:
        async with asyncio.timeout(patience):
            async for piece in request.stream():
                kept += piece
                if len(kept) > most:
                    raise TooLong
    except (TimeoutError, ClientDisconnect):
        return b""
    return bytes(kept)


class Onward(Response):
    """Somebody else answers: that app, asked the same."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)
