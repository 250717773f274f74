"""The ASGI apps: /metrics for the networks and tokens that may read it; health and heartbeats for everyone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from agent.access.person import Person, Right
from agent.metrics import CONTENT_TYPE
from agent.web.forwarded import is_within
from agent.web.heartbeat import Ear, heartbeat_routes
from agent.web.posted import TooLong, bearer
from agent.web.small_pages import paragraph, small_page
from agent.web.whence import whence

__all__ = ["metrics_site", "site"]
_THREADS = 4
_REFUSED = "not allowed from here: see agent.metrics.allow, or show a token that sees all teams\n"
Reasons = Callable[[], list[str]]
ByToken = Callable[[str], Person | None]


def site(metrics: Sequence[BaseRoute], ear: Ear, *more: BaseRoute) -> Starlette:
    """Everything that is served."""
    routes = [*metrics, *heartbeat_routes(ear), *more]
    return Starlette(routes=routes, exception_handlers={TooLong: _too_long, 404: _not_there})


async def _too_long(_request: Request, _error: Exception) -> Response:
    return PlainTextResponse("more was sent than is read here\n", 413)


async def _not_there(request: Request, _error: Exception) -> Response:
    """A page for people; programs get a line."""
    if "text/html" not in request.headers.get("accept", ""):
        return PlainTextResponse("Not Found", 404)
    return small_page(
        "Not found", f'{paragraph("There is no such page.")}<p><a href="/">Overview</a></p>', 404
    )


def metrics_site(metrics: Sequence[BaseRoute]) -> Starlette:
    """What the further address serves."""
    return Starlette(routes=metrics)


def metrics_routes(
    page: Callable[[], bytes], unready: Reasons, allow: Sequence[str], by_token: ByToken
) -> list[Route]:
    """/metrics and health. `unready` gives the reasons why the daemon does not do its work, none when it does."""
    gate = CapacityLimiter(_THREADS)

    async def metrics(request: Request) -> Response:
        """Made on a thread, few at a time: a scrape never holds up a look."""
        if not is_within(whence(request), allow) and not _sees_all(by_token(bearer(request))):
            return PlainTextResponse(_REFUSED, 403)
        async with gate:
            return Response(await run_in_threadpool(page), media_type=CONTENT_TYPE)

    async def healthy(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def ready(_request: Request) -> Response:
        reasons = unready()
        return PlainTextResponse("\n".join(reasons) + "\n" if reasons else "ok\n", 503 if reasons else 200)

    return [Route("/metrics", metrics), Route("/-/healthy", healthy), Route("/-/ready", ready)]


def _sees_all(person: Person | None) -> bool:
    """Figures of all teams stand on one page."""
    return person is not None and person.teams is None and person.may(Right.LOOK)
