"""The ASGI app: /metrics for the networks that may read it; health and heartbeats for everyone."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Sequence

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from agent.metrics import CONTENT_TYPE
from agent.web.changes import Registrar, change_routes
from agent.web.heartbeat import Ear, heartbeat_routes

__all__ = ["site"]
_THREADS = 4
Reasons = Callable[[], list[str]]


def site(
    page: Callable[[], bytes],
    unready: Reasons,
    allow: Sequence[str],
    ear: Ear,
    registrar: Registrar,
    *more: BaseRoute,
) -> Starlette:
    """The app. `unready` gives the reasons why the daemon does not do its work, none when it does."""
    networks = [ipaddress.ip_network(network) for network in allow]
    gate = CapacityLimiter(_THREADS)

    async def metrics(request: Request) -> Response:
        """Made on a thread, few at a time: a scrape never holds up a look."""
        if not _allowed(request, networks):
            return PlainTextResponse("not allowed from here: see agent.metrics.allow\n", 403)
        async with gate:
            return Response(await run_in_threadpool(page), media_type=CONTENT_TYPE)

    async def healthy(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_request: Request) -> Response:
        reasons = unready()
        return PlainTextResponse("\n".join(reasons) + "\n" if reasons else "ok\n", 503 if reasons else 200)

    return Starlette(
        routes=[
            Route("/metrics", metrics),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
            *heartbeat_routes(ear),
            *change_routes(registrar),
            *more,
        ]
    )


def _allowed(request: Request, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    if request.client is None:
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    plain = getattr(address, "ipv4_mapped", None) or address
    return any(plain in network for network in networks if network.version == plain.version)
