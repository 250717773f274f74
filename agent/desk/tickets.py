"""Tickets on a draft: what an incident's turn, or a person's move, makes of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.desk.asked import CannotDo, NoSuchTicket
from agent.desk.linking import close_children
from agent.desk.recording import lacking
from agent.memory import Draft
from alerting.desk import sla, text
from alerting.desk.parts import Earlier
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState, moved, recurred
from alerting.incidents.incident import STEPS, Incident, IncidentState, Turn
from config.policies import WaitsFor

DAEMON = "tocsin"
DUPLICATE_OF, FOLLOWS = "duplicate_of", "follows"


@dataclass(frozen=True, slots=True)
class PersonsMove:
    """What a person does to a ticket, and the line they leave in its timeline."""

    move: Move
    by: str
    note: str = ""
    waits_for: WaitsFor = "reporter"
    with_children: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What a new ticket says; `check` is empty for one that is about no single check."""

    title: str
    description: str
    check: str = ""


def move_ticket(draft: Draft, number: int, asked: PersonsMove, at: int) -> Ticket:
    """A person's move. Raises NoSuchTicket, IllegalMove, or CannotDo where the record of a root cause is wanting."""
    ticket = draft.tickets.get(number)
    if ticket is None:
        raise NoSuchTicket(f"there is no ticket T-{number}")
    after = moved(ticket, asked.move, at, asked.by, asked.waits_for)
    if asked.move is Move.CLOSE and (why := lacking(draft, ticket)) is not None:
        raise CannotDo(why)
    if asked.move is Move.CLOSE:
        close_children(draft, ticket, asked.by, at, allowed=asked.with_children)
    draft.tickets.put(number, after)
    said = asked.note or f"{after.state} by {asked.by}"
    draft.events.append(TicketEvent(number, at, asked.by, asked.move, said))
    draft.tell("ticket.moved", ticket=after.id, move=asked.move, by=asked.by, state=after.state)
    return after


def note(draft: Draft, number: int, at: int, what: str, said: str) -> None:
    """A line in the ticket's timeline."""
    draft.events.append(TicketEvent(number, at, DAEMON, what, said))


def open_ticket(draft: Draft, incident: Incident, at: int, subject: Subject) -> int:
    """A new ticket for an incident; its number."""
    draft.last_ticket += 1
    priority = sla.priority(incident.severity)
    ticket = Ticket(
        number=draft.last_ticket,
        service=incident.service,
        check=subject.check,
        state=TicketState.NEW,
        severity=incident.severity,
        priority=priority,
        title=subject.title,
        description=subject.description,
        opened_at=incident.opened_at,
        due=sla.due(incident.opened_at, priority),
        stamps={"detected": incident.opened_at, "identified": at, "reported": at, "submitted": at},
        earlier=_earlier(draft, incident),
    )
    draft.tickets.put(ticket.number, ticket)
    note(draft, ticket.number, at, Turn.OPENED, text.story(Turn.OPENED, incident, incident.reason))
    return ticket.number


def follow_ticket(draft: Draft, incident: Incident, turn: Turn, at: int, why: str) -> None:
    """What the incident's turn does to its ticket; a person's own resolving or closing is not undone by easing."""
    ticket = draft.tickets.get(incident.ticket)
    if ticket is None:
        return
    served = [each for each in _served(draft, ticket.number) if each.id != incident.id]
    if turn is Turn.REOPENED and not ticket.is_open:
        ticket = recurred(ticket, at, DAEMON)
    if turn in (Turn.OPENED, Turn.REOPENED, Turn.WORSENED, Turn.EASED):
        ticket = _as_severe(ticket, [incident, *served])
    if turn in (Turn.RECOVERED, Turn.REMOVED) and ticket.is_open and not served:
        resolved_at = incident.resolved_at if incident.resolved_at is not None else at
        ticket = moved(ticket, Move.RESOLVE, resolved_at, DAEMON)
    draft.tickets.put(ticket.number, ticket)
    note(draft, ticket.number, at, turn, text.story(turn, incident, why))


def close_as_duplicate(draft: Draft, incident: Incident, of: Incident, at: int, why: str) -> None:
    """The ticket of an adopted incident ends in that of the one that adopts it."""
    number = incident.ticket
    ticket = draft.tickets.get(number)
    if ticket is None or number == of.ticket or _served(draft, number):
        return
    draft.links.append((number, DUPLICATE_OF, of.ticket, at))
    if ticket.state is not TicketState.CLOSED:
        draft.tickets.put(number, moved(ticket, Move.CLOSE, at, DAEMON))
    note(draft, number, at, Turn.ADOPTED, f"closed as a duplicate of T-{of.ticket}: {why}")
    note(draft, of.ticket, at, Turn.ADOPTED, f"T-{number} is a duplicate of this: {incident.reason}")


def _earlier(draft: Draft, incident: Incident) -> Earlier | None:
    """The ticket of the incident before, of the same service and rule."""
    before = draft.incidents.get((incident.service, incident.rule))
    if before is None:
        return None
    return Earlier(before.ticket, before.opened_at if before.resolved_at is None else before.resolved_at)


def _served(draft: Draft, number: int) -> list[Incident]:
    """The open incidents that the ticket is for; a digest serves several."""
    return [
        each
        for each in draft.incidents.values()
        if each.ticket == number and each.state is IncidentState.OPEN
    ]


def _as_severe(ticket: Ticket, incidents: Iterable[Incident]) -> Ticket:
    """As severe as the worst incident that it is for."""
    severity = max((each.severity for each in incidents), key=STEPS.index)
    priority = sla.priority(severity)
    due = sla.due(ticket.opened_at, priority)
    return replace(ticket, severity=severity, priority=priority, due=due, version=ticket.version + 1)
