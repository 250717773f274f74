"""Incidents and tickets on a draft: what a flip, the passing of time, or a person's move makes of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.memory import Address, Draft
from agent.rulebook import Rulebook
from alerting.desk import sla, text
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState, moved
from alerting.incidents.incident import Incident, IncidentSpec, NewIds, Turn, decide, removed, watch_ended
from alerting.state import Flip
from config.models import Service

DAEMON = "tocsin"


class NoSuchTicket(Exception):
    """There is no ticket of that number."""


@dataclass(frozen=True, slots=True)
class PersonsMove:
    """What a person does to a ticket, and the line they leave in its timeline."""

    move: Move
    by: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a new ticket says; `check` is empty for one that is about no single check."""

    title: str
    description: str
    check: str = ""


def to_incident(draft: Draft, rules: Rulebook, address: Address, flip: Flip) -> None:
    """Open, change, re-open or end the incident of a check, and its ticket with it."""
    service, check = rules.services[address[0]], rules.checks[address]

    def subject(incident: Incident) -> Subject:
        readings = draft.check(address).readings
        return Subject(
            text.title(service, check, incident), text.description(service, check, flip, readings), check.name
        )

    apply(draft, service, address[1], flip, subject)


def apply(
    draft: Draft, service: Service, rule: str, flip: Flip, subject: Callable[[Incident], Subject]
) -> None:
    """What a flip makes of the incident of a service and rule; `subject` is what a new ticket says."""
    address = (service.name, rule)
    spec = IncidentSpec(service.criticality, service.watch_for, service.reopen_within)
    ids = NewIds(draft.last_incident + 1, draft.last_ticket + 1)
    decided = decide(draft.incidents.get(address), flip, address, spec, ids)
    if decided is None:
        return
    incident, turn = decided
    draft.put_incident(incident)
    if turn is Turn.OPENED:
        draft.last_incident, draft.last_ticket = ids.incident, ids.ticket
        _open_ticket(draft, incident, flip, subject(incident))
    else:
        _follow_ticket(draft, incident, turn, flip.at, flip.reason)
    _tell(draft, incident, turn)


def end_watches(draft: Draft, now: int) -> None:
    """Resolve for good the incidents whose watch is over."""
    for incident in list(draft.incidents.values()):
        over = watch_ended(incident, now)
        if over is not None:
            _end(draft, over, Turn.WATCH_ENDED, now)


def end_removed(draft: Draft, address: Address, now: int, why: str) -> None:
    """End the incident of what is watched no more; `why` is told in the log and the ticket."""
    incident = draft.incidents.get(address)
    if incident is not None and incident.holds_key:
        _end(draft, removed(incident, now), Turn.REMOVED, now, why)


def move_ticket(draft: Draft, number: int, asked: PersonsMove, at: int) -> Ticket:
    """A person's move. Raises NoSuchTicket, or IllegalMove for an impossible move."""
    ticket = draft.tickets.get(number)
    if ticket is None:
        raise NoSuchTicket(f"there is no ticket T-{number}")
    after = moved(ticket, asked.move, at, asked.by)
    draft.tickets.put(number, after)
    said = asked.note or f"{after.state} by {asked.by}"
    draft.events.append(TicketEvent(number, at, asked.by, asked.move, said))
    draft.tell("ticket.moved", ticket=after.id, move=asked.move, by=asked.by, state=after.state)
    return after


def _end(draft: Draft, over: Incident, turn: Turn, now: int, why: str = "") -> None:
    draft.put_incident(over)
    _follow_ticket(draft, over, turn, now, why)
    _tell(draft, over, turn, why)


def _tell(draft: Draft, incident: Incident, turn: Turn, why: str = "") -> None:
    draft.tell(
        f"incident.{turn}",
        incident=incident.id,
        service=incident.service,
        rule=incident.rule,
        severity=incident.severity,
        ticket=f"T-{incident.ticket}",
        reason=why or incident.reason,
    )


def _open_ticket(draft: Draft, incident: Incident, flip: Flip, subject: Subject) -> None:
    priority = sla.priority(incident.severity)
    ticket = Ticket(
        number=incident.ticket,
        service=incident.service,
        check=subject.check,
        state=TicketState.NEW,
        severity=incident.severity,
        priority=priority,
        title=subject.title,
        description=subject.description,
        opened_at=incident.opened_at,
        due=sla.due(incident.opened_at, priority),
    )
    draft.tickets.put(ticket.number, ticket)
    story = text.story(Turn.OPENED, incident, flip.reason)
    draft.events.append(TicketEvent(ticket.number, flip.at, DAEMON, Turn.OPENED, story))


def _follow_ticket(draft: Draft, incident: Incident, turn: Turn, at: int, why: str) -> None:
    """What the incident's turn does to its ticket; a person's own resolving or closing is not undone by easing."""
    ticket = draft.tickets.get(incident.ticket)
    if ticket is None:
        return
    if turn is Turn.REOPENED and not ticket.is_open:
        ticket = moved(ticket, Move.REOPEN, at, DAEMON)
    if turn in (Turn.REOPENED, Turn.WORSENED, Turn.EASED):
        priority = sla.priority(incident.severity)
        ticket = replace(
            ticket,
            severity=incident.severity,
            priority=priority,
            due=sla.due(ticket.opened_at, priority),
            version=ticket.version + 1,
        )
    if turn in (Turn.RECOVERED, Turn.REMOVED) and ticket.is_open:
        resolved_at = incident.resolved_at if incident.resolved_at is not None else at
        ticket = moved(ticket, Move.RESOLVE, resolved_at, DAEMON)
    draft.tickets.put(ticket.number, ticket)
    draft.events.append(TicketEvent(ticket.number, at, DAEMON, turn, text.story(turn, incident, why)))
