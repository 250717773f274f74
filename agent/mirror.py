"""What changed on a draft's tickets -> what other helpdesks are to hold, in the transaction that decides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.desk.tickets import note
from agent.forwarding import Forwarding, look_again, note_outcomes, reminder, routes_of
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.incidents.incident import Incident, remote_key
from alerting.messages import Desired, Tied, desired, further
from alerting.outgoing import Outgoing, Standing, wanted

_DUPLICATE = "duplicate_of"


def mirror(draft: Draft, rules: Rulebook, now: int) -> None:
    """For each ticket that changed: where it goes by the routes, and where it is already."""
    _mirror_changed(draft, rules, now)
    note_outcomes(draft, now)
    look_again(draft, [entry.ticket for _, entry in draft.changed_outbox()])
    draft.mirrored = len(draft.events)


def _mirror_changed(draft: Draft, rules: Rulebook, now: int) -> None:
    events = draft.events[draft.mirrored :]
    changed = {*draft.tickets.changed, *(event.ticket for event in events), *draft.to_mirror}
    draft.to_mirror.clear()
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
            mirrors = placed.get(number, [])
            turn = _Turn(ticket, mine, incidents.get(number), mirrors, now, looks_first=draft.looks_first)
            _mirror(draft, rules, turn)


@dataclass(frozen=True, slots=True)
class _Turn:
    """One ticket, what is new in its timeline, the incident that it stands for, and its mirrors so far."""

    ticket: Ticket
    events: list[TicketEvent]
    incident: Incident | None
    mirrors: list[Outgoing]
    now: int
    looks_first: bool = False

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
    ticket, placed = turn.ticket, turn.placed
    on_its_way = Forwarding(ticket, routes_of(rules, ticket, turn.incident), placed, turn.now)
    draft.forward_due.put(ticket.number, on_its_way.next_at if ticket.is_open else None)
    key = turn.key(rules.agent)
    if key is None:
        return
    duplicate_of, leads = _cause(draft, ticket.number), on_its_way.leads(draft, rules)
    reminders = on_its_way.reminders(rules.helpdesks)
    for helpdesk in dict.fromkeys((*placed, *leads)):
        before = placed.get(helpdesk)
        tied = Tied(helpdesk, _labels(rules, ticket), duplicate_of)
        after = desired(before.desired if before else None, ticket, key, turn.events, tied)
        if helpdesk in reminders:
            after = further(after, key, [(turn.now, reminder(ticket, turn.now))])
            note(
                draft,
                ticket.number,
                turn.now,
                "reminded",
                f"{helpdesk} hears again: {reminder(ticket, turn.now)}",
            )
        entry = _entry(turn, before, after, (helpdesk, key))
        if entry is not None:
            draft.outbox.put((helpdesk, key), entry)
            if before is None:
                note(draft, ticket.number, turn.now, "forwarded", f"to {helpdesk}: {leads[helpdesk]}")
    if reminders:
        steps = {**ticket.steps, **dict.fromkeys(reminders.values(), turn.now)}
        draft.tickets.put(ticket.number, replace(ticket, steps=steps))


def _entry(turn: _Turn, before: Outgoing | None, after: Desired, where: tuple[str, str]) -> Outgoing | None:
    if before is not None:
        return wanted(before, after, turn.now) if after != before.desired else None
    if not turn.ticket.is_open:
        return None  # routed here only since it is over
    now = turn.now
    state = Standing.DOUBT if turn.looks_first else Standing.WAITING
    return Outgoing(*where, turn.ticket.number, after, state, now, now, next_at=now)


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
