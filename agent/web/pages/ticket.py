"""`/tickets/T-n`: one ticket: its people and clocks, its conversation, and what may be done now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.control import Refused
from agent.store.reader import NoStore
from agent.views.tickets import due_next, late, names_of
from agent.web.acts import ACTS, Act, offered
from agent.web.doing import arguments, choices, do, kept, seen_ticket, version
from agent.web.ticket_view import around
from agent.web.visit import Address, Visit
from alerting.desk.ticket import Ticket, parse_id

_MISSING = "there is no such ticket"


def ticket(visit: Visit) -> Response:
    """All of it on one page."""
    return _page(visit)


def _page(visit: Visit, wrong: str = "", tried: Act | None = None) -> Response:
    """`wrong` is why what was tried was not done; what was filled in is there again."""
    try:
        with visit.daemon.store() as store:
            found = store.ticket(_number(visit))
            if found is None or not visit.sees_ticket(found):
                raise HTTPException(404, _MISSING)
            values = around(visit, store, found)
    except NoStore:
        raise HTTPException(404, _MISSING) from None
    mine = names_of(visit.person.name, visit.daemon.config().teams)
    acts = {part: offered(found, mine, part) for part in ("first", "next", "talk", "more")}
    written = kept(visit, tried) if tried is not None else {}
    return visit.page(
        "ticket.html",
        409 if wrong else 200,
        ticket=found,
        **values,
        **_head(visit, found),
        acts=acts,
        choices=choices(visit, found.team, found.stamps),
        filled={**_filled(found), **({tried.name: written} if tried is not None else {})},
        tried=tried,
        lost=_lost(tried, written, acts),
        wrong=wrong,
        mine=mine,
    )


def _head(visit: Visit, found: Ticket) -> dict[str, Any]:
    """What it wants next, and for what it waits."""
    waits = [each for each in found.pauses if each.end is None and each.why != "resolved"]
    return {
        "next": due_next(found),
        "late": late(found, visit.now),
        "waits": waits[-1] if waits and found.is_open else None,
    }


def _lost(tried: Act | None, written: Mapping[str, str], acts: Mapping[str, Sequence[Act]]) -> str:
    """What was written for an act that cannot be done any more."""
    there = {each.name for part in acts.values() for each in part}
    return "" if tried is None or tried.name in there else "\n\n".join(filter(None, written.values()))


def _filled(found: Ticket) -> dict[str, dict[str, str]]:
    """What the forms begin with, by act and field."""
    record, fields = found.root_cause, found.fields
    return {
        "assign": {"to": found.assignee or ""},
        "assign-team": {"team": found.team or ""},
        "priority": {"priority": found.priority},
        "resolve": {
            "note": fields.get("resolution", ""),
            "cause": fields.get("cause", ""),
            "cause_text": fields.get("cause_text", ""),
        },
        "vendor": {"to": found.vendor.vendor, "reference": found.vendor.reference} if found.vendor else {},
        "cause": {name: getattr(record, name) for name in ("cause", "kind", "segment", "fix", "prevention")}
        if record is not None
        else {},
    }


async def act(visit: Visit) -> Response:
    """One act, on the version that the form was made of; a stale one is told, what was written is kept."""
    found = await visit.aside(lambda: seen_ticket(visit, _number(visit)))
    if found is None:
        raise HTTPException(404, _MISSING)
    asked = ACTS.get(visit.form.get("verb", ""))
    try:
        if asked is None:
            raise Refused("say what is to be done")
        told = await visit.aside(lambda: arguments(visit, asked))
        made_of = visit.form.get("made_of" if asked.overwrites else "version", "")
        await do(visit, found.number, asked, told, version(made_of))
    except Refused as error:
        said = str(error)
        return await visit.aside(lambda: _page(visit, said, asked))
    return RedirectResponse(f"/tickets/{found.id}", 303)


def _number(visit: Visit) -> int:
    number = parse_id(visit.request.path_params["ticket"][:20])
    if number is None:
        raise HTTPException(404, _MISSING)
    return number


ADDRESSES = (
    Address("/tickets/{ticket}", "GET", Right.LOOK, ticket),
    Address("/tickets/{ticket}", "POST", Right.WORK, act),
)
