"""`/live`: what changes, for pages that are open."""

from __future__ import annotations

from starlette.responses import Response

from agent.access.person import Right
from agent.web.stream import Stream
from agent.web.visit import Address, Visit


async def live(visit: Visit) -> Response:
    """Events until the page is closed: docs/web/api.md has their shape."""
    return Stream(visit.daemon, visit.request, visit.person)


ADDRESSES = (Address("/live", "GET", Right.LOOK, live),)
