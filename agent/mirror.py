"""What changed on a draft's tickets -> what other helpdesks are to hold, in the transaction that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.routing import destinations
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.incidents.incident import Incident, remote_key
from alerting.incidents.suppression import Subject
from alerting.messages import Desired, Tied, desired
from alerting.outgoing import Outgoing, Standing, wanted

_DUPLICATE = "duplicate_of"


def mirror(draft: Draft, rules: Rulebook, now: int) -> None:
    """For each ticket that changed: where it goes by the routes, and where it is already."""
    events = draft.events[draft.mirrored :]
    draft.mirrored = len(draft.events)
    changed = {*draft.tickets.changed, *(event.ticket for event in events)}
    if not changed:
        return
    placed: dict[int, list[Outgoing]] = {}
    for entry in draft.outbox.values():
        placed.setdefault(entry.ticket, []).append(entry)
    if not placed and not rules.routes:
        return
    incidents = _by_ticket(draft)
    told: dict[int, list[TicketEvent]] = {}
    for event in events:
        told.setdefault(event.ticket, []).append(event)
    duplicates = {ticket for ticket, relation, _, _ in draft.links if relation == _DUPLICATE}
    for number in sorted(changed, key=lambda number: (number in duplicates, number)):
        ticket = draft.tickets.get(number)
        if ticket is not None:
            mine = told.get(number, [])
            _mirror(draft, rules, _Turn(ticket, mine, incidents.get(number), placed.get(number, []), now))


@dataclass(frozen=True, slots=True)
class _Turn:
    """One ticket, what is new in its timeline, the incident that it stands for, and its mirrors so far."""

    ticket: Ticket
    events: list[TicketEvent]
    incident: Incident | None
    mirrors: list[Outgoing]
    now: int

    @property
    def placed(self) -> dict[str, Outgoing]:
        return {entry.helpdesk: entry for entry in self.mirrors}

    def key(self, agent: str) -> str | None:
        """The key it has over there already, whatever it would be called today."""
        for entry in self.mirrors:
            return entry.key
        of = self.incident
        return None if of is None else of.key or remote_key(agent, of.service, of.rule, of.occurrence)


def _mirror(draft: Draft, rules: Rulebook, turn: _Turn) -> None:
    key = turn.key(rules.agent)
    if key is None:
        return
    number = turn.ticket.number
    duplicate_of = _cause(draft, number)
    for helpdesk in dict.fromkeys((*turn.placed, *_routed(rules, turn))):
        before = turn.placed.get(helpdesk)
        tied = Tied(helpdesk, _labels(rules, turn.ticket), duplicate_of)
        after = desired(before.desired if before else None, turn.ticket, key, turn.events, tied)
        entry = _entry(turn, before, after, (helpdesk, key))
        if entry is not None:
            draft.outbox.put((helpdesk, key), entry)


def _entry(turn: _Turn, before: Outgoing | None, after: Desired, where: tuple[str, str]) -> Outgoing | None:
    if before is not None:
        return wanted(before, after, turn.now) if after != before.desired else None
    if not turn.ticket.is_open:
        return None  # routed here only since it is over
    now = turn.now
    return Outgoing(*where, turn.ticket.number, after, Standing.WAITING, now, now, next_at=now)


def _routed(rules: Rulebook, turn: _Turn) -> tuple[str, ...]:
    service = rules.services.get(turn.ticket.service)
    if service is None or turn.incident is None:
        return ()
    check = rules.checks.get((turn.incident.service, turn.incident.rule))
    subject = Subject(service, turn.incident.rule, check, turn.ticket.severity)
    return tuple(name for name in destinations(rules.routes, subject) if name in rules.helpdesks)


def _labels(rules: Rulebook, ticket: Ticket) -> Mapping[str, str]:
    service, check = rules.services.get(ticket.service), rules.checks.get((ticket.service, ticket.check))
    return {**(service.labels if service else {}), **(check.labels if check else {})}


def _by_ticket(draft: Draft) -> dict[int, Incident]:
    """The incident that a ticket stands for; of several that share one the earliest."""
    found: dict[int, Incident] = {}
    for incident in (*draft.incidents.values(), *draft.written_incidents.values()):
        known = found.get(incident.ticket)
        if known is None or incident.id <= known.id:
            found[incident.ticket] = incident
    return found


def _cause(draft: Draft, number: int) -> str | None:
    """The key of the ticket that this one turned out to be a duplicate of."""
    others = {
        other for ticket, relation, other, _ in draft.links if (ticket, relation) == (number, _DUPLICATE)
    }
    if not others:
        return None
    return next((entry.key for entry in draft.outbox.values() if entry.ticket in others), None)
