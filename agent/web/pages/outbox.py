"""`/outbox`: what is on its way to other helpdesks and to people, and what waits for a person."""

from __future__ import annotations

from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.control import Refused
from agent.store.reader import NoStore
from agent.views.outbox import entries, outbox_document
from agent.web.paging import paged
from agent.web.visit import Address, Visit

_SIZE = 50
_LONGEST = 500


def outbox(visit: Visit) -> Response:
    """What is not delivered first; `?all=1` shows the rest too. It holds texts of all teams."""
    if visit.person.teams is not None:
        return visit.page("outbox.html", page=None, everything=False)
    everything = visit.request.query_params.get("all") == "1"
    try:
        with visit.daemon.store() as store:
            found = [each for each in entries(store) if each.unsent or everything]
    except NoStore:
        found = []
    ordered = sorted(found, key=lambda each: not each.unsent)
    page = paged(visit, ordered, _SIZE)
    listed = [(outbox_document(each), each.unsent) for each in page.items]
    return visit.page("outbox.html", page=page, listed=listed, everything=everything)


async def retry(visit: Visit) -> Response:
    """Try it again at once."""
    return await _said(visit, drop=None)


async def drop(visit: Visit) -> Response:
    """Send nothing more of it."""
    return await _said(visit, drop=visit.form.get("reason", "")[:_LONGEST])


async def _said(visit: Visit, drop: str | None) -> Response:
    if visit.person.teams is not None:
        return visit.page("refused.html", 403, right="see all teams")
    key, helpdesk = visit.form.get("key", ""), visit.form.get("helpdesk", "")
    try:
        if not key or not helpdesk:
            raise Refused("say which entry is meant")
        if not (await visit.do("outbox", key=key, helpdesk=helpdesk, drop=drop))["entries"]:
            raise Refused("there is no such entry any more")
    except Refused as error:
        return visit.page("not_done.html", 409, said=str(error), back="/outbox")
    return RedirectResponse("/outbox", 303)


ADDRESSES = (
    Address("/outbox", "GET", Right.LOOK, outbox),
    Address("/outbox/retry", "POST", Right.PLAN, retry),
    Address("/outbox/drop", "POST", Right.PLAN, drop),
)
