"""What is written on a ticket: notes among ourselves, messages to the reporter, and what the reporter answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.document import document, moment
from agent.desk.files import ATTACHMENTS, add_files
from agent.desk.linking import current
from agent.desk.persons import acting
from agent.desk.telling import Telling, tell
from agent.desk.tickets import PersonsMove, move_ticket
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState
from checks.masking import secretless

LONGEST = 20_000


def note(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """`tickets.note`: a line that the reporter never sees. It overwrites nothing, and so leaves the version."""
    ticket, by = current(draft, asked.ticket(draft)), acting(rules, asked)
    text = _text(asked)
    _with_files(draft, rules, ticket, replace(asked, arguments={**asked.arguments, "public": False}))
    draft.events.append(TicketEvent(ticket.number, asked.now, by, "note", text))
    draft.tell("ticket.noted", ticket=ticket.id, by=by)
    return _answer(draft, ticket, by, asked.now)


def message(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """`tickets.message`: a line that the reporter is told; with `from_reporter` one that came from them."""
    if asked.flag("from_reporter"):
        return reply(draft, rules, asked)
    ticket, by = current(draft, asked.ticket(draft)), acting(rules, asked)
    text = _text(asked)
    if ticket.reporter is None:
        raise CannotDo(
            f"{ticket.id} has no reporter: nobody would read it (tocsin tickets note {ticket.id} …)"
        )
    _with_files(draft, rules, ticket, replace(asked, arguments={**asked.arguments, "public": True}))
    ticket = draft.tickets.get(ticket.number) or ticket
    after = replace(ticket.stamped("responded", asked.now), version=ticket.version + 1, heard_at=asked.now)
    draft.tickets.put(after.number, after)
    draft.events.append(TicketEvent(after.number, asked.now, by, "message", text, internal=False))
    told = tell(
        draft, rules, after, Telling("message", _step(after), ("reporter", "watchers"), text), asked.now
    )
    draft.tell("ticket.message", ticket=after.id, by=by, told=len(told))
    return {**_answer(draft, after, by, asked.now), "told": list(told)}


def reply(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """What the reporter said, by phone or otherwise: whoever has the ticket hears of it, and waits no more."""
    ticket, by = current(draft, asked.ticket(draft)), acting(rules, asked)
    of = asked.ticket(draft)  # it may go on in another, whose reporter is somebody else
    if of.reporter is None:
        raise CannotDo(f"{of.id} has no reporter")
    text, name = _text(asked), of.reporter.name or of.reporter.email or "the reporter"
    _with_files(draft, rules, ticket, replace(asked, arguments={**asked.arguments, "public": True}))
    draft.events.append(TicketEvent(ticket.number, asked.now, name, "reply", text, internal=False))
    if _waits_for_reporter(ticket):
        answered = PersonsMove(Move.START, by, f"{name} answered")
        move_ticket(draft, ticket.number, answered, asked.now)
    ticket = draft.tickets.get(ticket.number) or ticket
    to = ("assignee",) if ticket.assignee else ("team",)
    tell(
        draft,
        rules,
        ticket,
        Telling("reply", _step(ticket, asked.now), to, f"{name} wrote:\n\n{text}"),
        asked.now,
    )
    draft.tell("ticket.reply", ticket=ticket.id, by=by)
    return _answer(draft, ticket, name, asked.now)


def _waits_for_reporter(ticket: Ticket) -> bool:
    waiting = any(each.end is None and each.why == "reporter" for each in ticket.pauses)
    return ticket.state is TicketState.PENDING and waiting


def _text(asked: Asked) -> str:
    return secretless(asked.lines("text", LONGEST, needed=True))


def _with_files(draft: Draft, rules: Rulebook, ticket: Ticket, asked: Asked) -> None:
    if asked.arguments.get(ATTACHMENTS):
        add_files(draft, rules, ticket, asked)


def _step(ticket: Ticket, now: int = 0) -> str:
    """Another for each message: the version rises with it, and a reply has its moment."""
    return f"reply:{now}" if now else f"message:{ticket.version}"


def _answer(draft: Draft, ticket: Ticket, by: str, at: int) -> dict[str, Any]:
    ticket = draft.tickets.get(ticket.number) or ticket
    return {**document(ticket), "by": by, "at": moment(at)}
