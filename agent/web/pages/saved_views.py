"""`/tickets/views`: parts of the queue that somebody keeps under a name, for themselves or with their team."""

from __future__ import annotations

from typing import Any

from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.control import Refused
from agent.saved_views import LONGEST_NAME
from agent.web.queue import SORTS, TABS, Asked
from agent.web.saved import saved
from agent.web.visit import Address, Visit


def views(visit: Visit) -> Response:
    """Those that the person sees; `?queue=` begins one with what the queue showed."""
    return _page(visit, visit.request.query_params.get("queue", ""))


def _page(visit: Visit, queue: str = "", wrong: str = "") -> Response:
    asked = Asked.of_query(queue)
    return visit.page(
        "saved_views.html",
        409 if wrong else 200,
        views=[(each, Asked.of_query(each.query)) for each in saved(visit)],
        asked=asked,
        query=asked.query(),
        tabs=TABS,
        sorts=SORTS,
        longest=LONGEST_NAME,
        wrong=wrong,
    )


async def save(visit: Visit) -> Response:
    """Keep what the queue showed; afterwards it is shown again."""
    query = Asked.of_query(visit.form.get("queue", "")).query()
    told = {"name": visit.form.get("name", ""), "query": query, "shared": "shared" in visit.form}
    return await _done(visit, "views.save", told, f"/tickets?{query}")


async def change(visit: Visit) -> Response:
    """Another name, shared or not."""
    told = {
        "name": visit.form.get("name", ""), "to": visit.form.get("to", ""), "shared": "shared" in visit.form,
    }  # fmt: skip
    return await _done(visit, "views.change", told, "/tickets/views")


async def remove(visit: Visit) -> Response:
    """Keep it no more."""
    return await _done(visit, "views.remove", {"name": visit.form.get("name", "")}, "/tickets/views")


async def _done(visit: Visit, command: str, told: dict[str, Any], onward: str) -> Response:
    try:
        await visit.do(command, **told)
    except Refused as error:
        return _page(visit, visit.form.get("queue", ""), str(error))
    return RedirectResponse(onward, 303)


ADDRESSES = (
    Address("/tickets/views", "GET", Right.LOOK, views),
    Address("/tickets/views", "POST", Right.LOOK, save),
    Address("/tickets/views/change", "POST", Right.LOOK, change),
    Address("/tickets/views/remove", "POST", Right.LOOK, remove),
)
