"""The style sheet and the scripts: ours, and nothing from elsewhere."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_KINDS = {
    "tocsin.css": "text/css",
    "tocsin.js": "text/javascript",
    "keys.js": "text/javascript",
    "tocsin.svg": "image/svg+xml",
}


def static_routes() -> list[Route]:
    """`/static/NAME`; a browser asks again each time, and is told when nothing changed."""
    return [_route(name, kind) for name, kind in _KINDS.items()]


def _route(name: str, kind: str) -> Route:
    content = (files("agent.web") / "static" / name).read_bytes()
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}

    async def sent(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, media_type=kind, headers=headers)

    return Route(f"/static/{name}", sent)
