"""Two tickets become one, or one becomes two."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.linking import DUPLICATE_OF, current, has_ties_to
from agent.desk.persons import acting
from agent.desk.telling import Telling, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import sla
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState, moved
from alerting.incidents.incident import IncidentState

SPLIT_FROM = "split_from"
_LONGEST_TITLE, _LONGEST_TEXT = 200, 20_000
_MOST_LINES, _LONGEST_LINE = 50, 4000


def merge(draft: Draft, rules: Rulebook, asked: Asked) -> dict[str, Any]:
    """`ticket` is closed and goes on in `other`: who asked and who watches is told of that one from now on.

    Raises CannotDo for itself, for one that was merged already, and for one whose incident lasts.
    """
    ticket, named, by = asked.ticket(draft), asked.ticket(draft, "other"), acting(rules, asked)
    other = current(draft, named)
    if named.number != ticket.number == other.number:
        raise CannotDo(f"{named.id} goes on in {ticket.id} already")
    _may_merge(draft, ticket, other)
    if ticket.state is not TicketState.CLOSED:
        closed = moved(ticket, Move.CLOSE, asked.now, by)
    else:
        closed = replace(ticket, version=ticket.version + 1)
    draft.tickets.put(
        ticket.number, replace(closed, merged_into=other.number, duplicate_of=other.number, children=())
    )
    if ticket.duplicate_of not in (None, other.number):
        draft.unlinks.append((ticket.number, DUPLICATE_OF, ticket.duplicate_of or 0))
    draft.links.append((ticket.number, DUPLICATE_OF, other.number, asked.now))
    _take_over(draft, ticket, other, asked.now)
    files = f", with {ticket.files} files" if ticket.files else ""
    said = f"{ticket.id} goes on here{files}: {ticket.title} (tocsin tickets show {ticket.id})"
    draft.events.append(TicketEvent(other.number, asked.now, by, "merged", said))
    public = f"This is the same as {other.id}: it goes on there."
    draft.events.append(TicketEvent(ticket.number, asked.now, by, "merged", public, internal=False))
    telling = Telling(
        "merged", f"merged:{other.number}", ("reporter",), f"{public} You are told of that one."
    )
    tell(draft, rules, draft.tickets.get(ticket.number) or ticket, telling, asked.now)
    draft.tell("ticket.merged", ticket=ticket.id, into=other.id, by=by)
    return {"id": ticket.id, "state": "closed", "merged_into": other.id}


def _may_merge(draft: Draft, ticket: Ticket, other: Ticket) -> None:
    if ticket.merged_into is not None:
        raise CannotDo(f"{ticket.id} was merged into T-{ticket.merged_into} already")
    if ticket.number == other.number:
        raise CannotDo(f"{ticket.id}: a ticket cannot go on in itself", usage=True)
    if other.state is TicketState.CLOSED:
        raise CannotDo(f"{other.id} is closed (re-open it first: tocsin tickets reopen {other.id})")
    if any(
        each.ticket == ticket.number and each.state is not IncidentState.RESOLVED
        for each in draft.incidents.values()
    ):
        raise CannotDo(
            f"{ticket.id} is the ticket of an incident that is not over "
            f"(merge the other way round: tocsin tickets merge {other.id} --into {ticket.id})"
        )


def _take_over(draft: Draft, ticket: Ticket, other: Ticket, now: int) -> None:
    """Those who wait for the one wait for the other; its parts become the other's, where that makes no circle."""
    asker = ticket.reporter.email if ticket.reporter is not None else ""
    known = other.reporter.email.lower() if other.reporter is not None else ""
    waiting = [each for each in (*ticket.watchers, asker) if each and each.lower() != known]
    parts = []
    for number in ticket.children:
        child = draft.tickets.get(number)
        draft.unlinks.append((number, "child_of", ticket.number))
        if child is None or has_ties_to(draft, other, number, lambda each: each.parent):
            continue
        draft.tickets.put(number, replace(child, parent=other.number, version=child.version + 1))
        draft.links.append((number, "child_of", other.number, now))
        parts.append(number)
    draft.tickets.put(
        other.number,
        replace(
            draft.tickets.get(other.number) or other,
            watchers=tuple(dict.fromkeys((*other.watchers, *waiting))),
            children=tuple(dict.fromkeys((*other.children, *parts))),
            version=other.version + 1,
        ),
    )


def split(draft: Draft, rules: Rulebook, asked: Asked) -> dict[str, Any]:
    """A new ticket of the same person and service, for a part of what `ticket` is about.

    `lines` are places in its timeline, from 1; they go along. Its clocks begin now. Raises CannotDo.
    """
    ticket, by = asked.ticket(draft), acting(rules, asked)
    title = asked.text("title", _LONGEST_TITLE, needed=True)
    description = asked.lines("description", _LONGEST_TEXT)
    lines = _lines(asked)
    draft.last_ticket += 1
    new = Ticket(
        number=draft.last_ticket,
        service=ticket.service,
        check=ticket.check,
        state=TicketState.NEW,
        severity=ticket.severity,
        priority=ticket.priority,
        title=title,
        description="\n\n".join(filter(None, (description, *lines))) or title,
        opened_at=asked.now,
        due=sla.due(asked.now, sla.priority(ticket.severity)),
        channel="phone" if ticket.channel in ("monitoring", "inbound") else ticket.channel,
        category=ticket.category,
        team=ticket.team,
        reporter=ticket.reporter,
        stamps=dict.fromkeys(("detected", "reported", "submitted"), asked.now),
        related=(ticket.number,),
    )
    draft.tickets.put(new.number, new)
    after = replace(ticket, related=(*ticket.related, new.number), version=ticket.version + 1)
    draft.tickets.put(ticket.number, after)
    draft.links.append((new.number, SPLIT_FROM, ticket.number, asked.now))
    draft.events.append(TicketEvent(new.number, asked.now, by, "opened", f"split from {ticket.id}"))
    draft.events.append(
        TicketEvent(ticket.number, asked.now, by, "split", f"{new.id} was split from it: {title}")
    )
    draft.tell("ticket.split", ticket=new.id, from_ticket=ticket.id, by=by)
    return {"id": new.id, "state": new.state.value, "split_from": ticket.id}


def _lines(asked: Asked) -> tuple[str, ...]:
    said = asked.arguments.get("lines") or []
    if not isinstance(said, list) or not all(type(each) is int for each in said) or len(said) > _MOST_LINES:
        raise CannotDo(f"lines: expected at most {_MOST_LINES} places in the timeline, from 1", usage=True)
    for place in said:
        if not 1 <= place <= len(asked.timeline):
            raise CannotDo(f"the timeline has no line {place}, but {len(asked.timeline)} in all")
    lines = [asked.timeline[place - 1] for place in dict.fromkeys(said)]
    return tuple(f"{each.by}: {each.text}"[:_LONGEST_LINE] for each in lines)
