"""API: whose fault is it, the vendor's or ours? Its status page is asked, and tells by the way whether we get out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from checks.base import Context, ErrorKind, Observation
from checks.http.address import target
from checks.status_page.kind import StatusPageSpec
from checks.status_page.kind import probe as ask_page
from checks.status_page.page import Indicator

VENDOR, SILENT, OURS, UNKNOWN = "vendor", "vendor_silent", "ours", "unknown"
T = TypeVar("T")

# The page is asked beside a request that has not been answered in this share of the time.
_PATIENCE = 0.6
_SHORTEST = 0.05
# What happens on the way, before anything of the other side is heard, and what is the same to whoever waits.
_ON_THE_WAY = {
    ErrorKind.DNS: "dns",
    ErrorKind.REFUSED: "refused",
    ErrorKind.RESET: "reset",
    ErrorKind.UNREACHABLE: "silence",
    ErrorKind.TIMEOUT: "silence",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """Whose it is, and a phrase that says why."""

    whose: str
    why: str


async def with_page(
    request: asyncio.Task[T], fails: Callable[[T], bool], page: StatusPageSpec, context: Context
) -> tuple[T, Observation | None]:
    """The answer, and what the vendor's page says if it fails. Both end by the deadline of the context."""
    loop = asyncio.get_running_loop()
    end = loop.time() + context.timeout
    asked: asyncio.Task[Observation] | None = None

    def ask() -> asyncio.Task[Observation]:
        left = max(_SHORTEST, end - loop.time())
        return asyncio.ensure_future(ask_page(page, replace(context, timeout=left, memo=None, closely=False)))

    try:
        done, _ = await asyncio.wait({request}, timeout=context.timeout * _PATIENCE)
        if not done:
            asked = ask()
        answer = await request
        if not fails(answer):
            return answer, None
        asked = asked or ask()
        return answer, await asked
    finally:
        for task in (request, asked):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


def fault(answer: Observation, url: str, page: Observation, page_url: str) -> Fault:
    """Of a request that failed: what its vendor's page makes of it.

    It is our own network's if both fail on the way, and in the same manner: a page whose name is misspelt, or that
    refuses alone, must not hide an outage.
    """
    here, there = target(url), target(page_url)
    if page.blind is None:
        said = page.text or ""
        if page.values.get("indicator") == Indicator.OPERATIONAL.value:
            return Fault(SILENT, "the vendor's status page says that all is well")
        return Fault(VENDOR, f"the vendor says so itself: {said}")
    manner = _ON_THE_WAY.get(answer.error_kind) if answer.failure and answer.error_kind else None
    if manner is None or page.error_kind is None or _ON_THE_WAY.get(page.error_kind) != manner:
        return Fault(UNKNOWN, f"whose fault is not known: {page.blind}")
    if here.origin == there.origin:
        return Fault(UNKNOWN, "whose fault is not known: the status page is served by the same host")
    return Fault(OURS, f"neither {here.host} nor the status page at {there.host} can be reached from here")
