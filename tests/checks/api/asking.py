"""A local API, the page of its vendor, and looks at them through the runner."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from agent.clock import SystemClock
from agent.runner import Runner
from checks.base import Reading
from checks.registry import KINDS
from tests.checks.http.web import Answer, Asked, answer, check_of, serving

PAGE: dict[str, dict[str, Any]] = {
    "well": {"status": {"indicator": "none", "description": "All Systems Operational"}, "page": {"id": "p"}},
    "ill": {
        "status": {"indicator": "major", "description": "Outage"},
        "page": {"id": "p"},
        "incidents": [{"name": "Errors on the API", "status": "investigating", "impact": "major"}],
    },
}


def replying(status: int = 200, body: Any = "", *headers: str) -> Answer:
    """Always the same; a `body` that is no text is served as JSON."""
    text = body if isinstance(body, str) else json.dumps(body)
    return lambda _asked: answer(text.encode(), *headers, status=f"{status} So")


def looks(reply: Answer, times: int = 1, **options: Any) -> tuple[list[Reading], list[Asked]]:
    """So many looks one after the other, each with the memo of the one before, and what was asked."""

    async def run() -> tuple[list[Reading], list[Asked]]:
        async with serving(reply) as web:
            return await readings(times, url=web.url("/v1"), **options), web.asked

    return asyncio.run(run())


async def readings(times: int = 1, **options: Any) -> list[Reading]:
    """The same of a server that runs already."""
    runner, check, memo = Runner(SystemClock(), KINDS), check_of(type="api", **options), None
    found = []
    try:
        for _ in range(times):
            found.append(await runner.look(check, memo, explain=True))
            memo = json.loads(json.dumps(found[-1].memo))
    finally:
        await runner.aclose()
    return found


def looked(reply: Answer, **options: Any) -> Reading:
    """One look."""
    return looks(reply, **options)[0][0]


def looked_with_page(
    reply: Answer,
    page: Answer,
    change: Callable[[dict[str, Any]], None] = lambda _options: None,
    **options: Any,
) -> tuple[Reading, list[Asked], list[Asked]]:
    """One look at an API that has a status page, and what both were asked. `change` may alter the options."""

    async def run() -> tuple[Reading, list[Asked], list[Asked]]:
        async with serving(reply) as api, serving(page) as vendor:
            given = {"url": api.url("/v1"), "status_page": vendor.url("/summary.json"), **options}
            change(given)
            (reading,) = await readings(**given)
            return reading, api.asked, vendor.asked

    return asyncio.run(run())
