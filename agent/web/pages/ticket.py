"""`/tickets/T-n`: one ticket: its people and clocks, its conversation, and what may be done now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.control import Refused
from agent.desk.document import document
from agent.store.reader import NoStore, Reader
from agent.views.services import state_of
from agent.views.tickets import due_next, late
from agent.web.visit import Address, Visit
from alerting.desk.ticket import Move, Ticket, moves_of, parse_id

_LONGEST = 10_000
_TALK = frozenset({"message", "reply"})
# What a form may ask for, and which of its fields go with it.
_VERBS: Mapping[str, tuple[str, ...]] = {
    "take": (),
    "ack": ("note",),
    "start": ("note",),
    "pend": ("note", "for"),
    "resolve": ("note",),
    "close": ("note",),
    "reopen": ("note",),
    "note": ("text",),
    "message": ("text",),
    "assign": ("to", "note"),
    "escalate": ("reason",),
}
_MOVES = {Move.ACK: "Acknowledge", Move.START: "Start", Move.PEND: "Wait", Move.RESOLVE: "Resolve",
          Move.CLOSE: "Close", Move.REOPEN: "Open again"}  # fmt: skip


def ticket(visit: Visit) -> Response:
    """All of it on one page."""
    return _page(visit)


def _page(visit: Visit, wrong: str = "", kept: Mapping[str, str] | None = None) -> Response:
    try:
        with visit.daemon.store() as store:
            found = _seen(visit, store)
            events, files = store.timeline(found.number), store.attachments(found.number)
            mirrors = [each for each in store.outbox() if each.ticket == found.number]
            incidents = [each for each in store.incidents() if each.ticket == found.number]
    except NoStore:
        raise HTTPException(404, "there is no such ticket") from None
    config, world = visit.daemon.config(), visit.daemon.world()
    service = config.services.get(found.service)
    legal = moves_of(found.state)
    return visit.page(
        "ticket.html",
        409 if wrong else 200,
        ticket=found,
        remote=document(found, mirrors)["remote"],
        talk=[each for each in events if each.what in _TALK],
        notes=[each for each in events if each.what == "note"],
        events=events,
        files=files,
        incidents=incidents,
        service=service,
        service_state=state_of(world, service) if service is not None else "",
        due=sorted(found.due.items(), key=lambda each: each[1]),
        next=due_next(found),
        late=late(found, visit.now),
        moves=[(move.value, words) for move, words in _MOVES.items() if move in legal],
        members=sorted({each.name for team in config.teams.values() for each in team.members}),
        wrong=wrong,
        kept={"note": "", "text": "", **(kept or {})},
    )


async def act(visit: Visit) -> Response:
    """One verb of the desk, on the version that the form was made of; a stale one is told, its text kept."""
    verb = visit.form.get("verb", "")
    await visit.aside(lambda: _looked_up(visit))
    fields = {name: visit.form.get(name, "")[:_LONGEST].strip() for name in _VERBS.get(verb, ())}
    version = visit.form.get("version", "")
    asked: dict[str, Any] = {name: text for name, text in fields.items() if text}
    if version.isascii() and version.isdigit() and verb not in ("note", "message"):
        asked["version"] = int(version[:9])
    try:
        if verb not in _VERBS:
            raise Refused("say what is to be done")
        await visit.desk(f"tickets.{verb}", ticket=_number(visit), **asked)
    except Refused as error:
        said = str(error)
        return await visit.aside(lambda: _page(visit, said, fields))
    return RedirectResponse(f"/tickets/T-{_number(visit)}", 303)


def _number(visit: Visit) -> int:
    number = parse_id(visit.request.path_params["ticket"][:20])
    if number is None:
        raise HTTPException(404, "there is no such ticket")
    return number


def _looked_up(visit: Visit) -> Ticket:
    """Raises HTTPException where it is not there, or not theirs."""
    try:
        with visit.daemon.store() as store:
            return _seen(visit, store)
    except NoStore:
        raise HTTPException(404, "there is no such ticket") from None


def _seen(visit: Visit, store: Reader) -> Ticket:
    found = store.ticket(_number(visit))
    if found is None or not visit.sees_ticket(found):
        raise HTTPException(404, "there is no such ticket")
    return found


ADDRESSES = (
    Address("/tickets/{ticket}", "GET", Right.LOOK, ticket),
    Address("/tickets/{ticket}", "POST", Right.WORK, act),
)
