"""`/status`: the addresses of status pages: the page, its feed, its badges, and itself as JSON."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from anyio import CapacityLimiter
from markupsafe import escape
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from agent.web.daemon import Daemon
from agent.web.rendering import rendered
from agent.web.status_pages import WORDS, Snapshot, StatusPages

_THREADS = 2
_SHARED = {"Cache-Control": "public, max-age=30", "Cross-Origin-Resource-Policy": "cross-origin"}
_ANYWHERE = {**_SHARED, "Access-Control-Allow-Origin": "*"}
_OWN = {"Cache-Control": "no-store"}
_COLOURS = {
    "up": "#1a6e3c",
    "degraded": "#8a5a00",
    "down": "#b3261e",
    "maintenance": "#5b4b9e",
    "unknown": "#5d6570",
}
Make = Callable[[Request, Snapshot], Response | None]


def status_routes(daemon: Daemon) -> list[Route]:
    """None of them answers where the configuration has no status page of that name."""
    pages, threads = StatusPages(daemon), CapacityLimiter(_THREADS)

    def answering(make: Make) -> Callable[[Request], Awaitable[Response]]:
        async def answered(request: Request) -> Response:
            name = request.path_params["name"]
            page = daemon.config().status_pages.get(name)
            if page is None:
                raise HTTPException(404)
            public = page.audience == "public"
            if not public and await daemon.who(request) is None:
                return RedirectResponse(f"/sign-in?next=/status/{name}", 303)
            async with threads:
                return await run_in_threadpool(lambda: _answer(request, pages.of(name), make, public=public))

        return answered

    async def first(_request: Request) -> Response:
        """The one page, or the first of them."""
        name = next(iter(daemon.config().status_pages), None)
        if name is None:
            raise HTTPException(404)
        return RedirectResponse(f"/status/{name}", 303)

    def page(_request: Request, seen: Snapshot) -> Response:
        text = rendered("status.html", page=seen, words=WORDS, zone=daemon.config().agent.timezone)
        return Response(text, media_type="text/html")

    return [
        Route("/status", first),
        Route("/status/{name}", answering(page)),
        Route("/status/{name}/feed.atom", answering(_feed)),
        Route("/status/{name}/summary.json", answering(_summary)),
        Route("/status/{name}/badge/{slug}.svg", answering(_badge)),
    ]


def _answer(request: Request, seen: Snapshot | None, make: Make, *, public: bool) -> Response:
    if seen is None:
        raise HTTPException(404)
    tag = f'W/"{seen.tag}"'
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers={**(_SHARED if public else _OWN), "ETag": tag})
    answer = make(request, seen)
    if answer is None:
        raise HTTPException(404)
    kind = answer.headers.get("content-type", "")
    embedded = kind.startswith(("application/json", "image/"))
    answer.headers.update((_ANYWHERE if embedded else _SHARED) if public else _OWN)
    answer.headers["ETag"] = tag
    return answer


def _feed(request: Request, seen: Snapshot) -> Response:
    home = str(request.url).removesuffix("/feed.atom")
    text = rendered("feed.xml", page=seen, home=home, words=WORDS)
    return Response(text, media_type="application/atom+xml")


def _summary(_request: Request, seen: Snapshot) -> Response:
    return Response(json.dumps(seen.document(), ensure_ascii=False), media_type="application/json")


def _badge(request: Request, seen: Snapshot) -> Response | None:
    """The state of a service, or (`?show=uptime`) its 30 days."""
    slug = request.path_params["slug"]
    told = next((each for each in seen.services if each.slug == slug), None)
    if told is None:
        return None
    said = (told.uptime or "–") if request.query_params.get("show") == "uptime" else WORDS[told.state]
    left, right = 12 + 7 * min(len(told.title), 40), 12 + 7 * len(said)
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="22" role="img">'
        f"<title>{escape(told.title)}: {escape(said)}</title>"
        f'<rect width="{left}" height="22" fill="#3a4149"/>'
        f'<rect x="{left}" width="{right}" height="22" fill="{_COLOURS[told.state]}"/>'
        '<g fill="#fff" font-family="sans-serif" font-size="12" text-anchor="middle">'
        f'<text x="{left / 2:g}" y="15">{escape(told.title[:40])}</text>'
        f'<text x="{left + right / 2:g}" y="15">{escape(said)}</text></g></svg>'
    )
    return Response(svg, media_type="image/svg+xml")
