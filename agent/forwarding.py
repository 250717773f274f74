"""Where a ticket goes by the routes, also by what only time brings, and what its timeline says of that."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import ceil

from agent.desk.tickets import note
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from alerting.desk.routing import Taken, Way, taken, ways
from alerting.desk.ticket import Ticket, TicketState
from alerting.incidents.incident import Incident
from alerting.incidents.suppression import Subject
from alerting.messages import RemoteState
from alerting.outgoing import Outgoing, Standing, waits
from checks.masking import masked
from checks.text import visible
from config.models import ITSELF
from config.units import HOUR, show_duration

_SECOND = 1_000_000
# The check of the daemon that tells of an outbox that is stuck, and after how long it does.
_OUTBOX, _STUCK = "outbox", HOUR
_MOST_REMINDERS, _MOST_RESENT = 30, 5
_LONGEST_ID, _LONGEST_URL, _LONGEST_REASON = 60, 300, 300
_TWICE = "Sent again, since nobody could see whether it had arrived: it may be here twice.\n\n"


@dataclass(frozen=True, slots=True)
class Forwarding:
    """One ticket on its way: the routes that it takes, and its entries of the outbox by helpdesk."""

    ticket: Ticket
    taken: tuple[Taken, ...]
    placed: Mapping[str, Outgoing]
    now: int

    @property
    def begun_at(self) -> int:
        """When it was opened, or last opened again."""
        return _begun_at(self.ticket)

    def leads(self, draft: Draft, rules: Rulebook) -> dict[str, str]:
        """The helpdesks that it is to be in by now, each with the reason."""
        passed = self.now - self.begun_at
        found = {way.helpdesk: way.why for way in self._ways() if way.delay * _SECOND <= passed}
        for each in self.taken:
            if why := self._stuck(each):
                found = {**dict.fromkeys(each.route.fallback, why), **found}
        found = {name: why for name, why in found.items() if name in rules.helpdesks}
        if is_of_outbox(self.ticket) and found:
            found |= _detour(rules, self.taken, found, _stuck_helpdesks(draft, self.ticket.number, self.now))
        return found

    def reminders(self, helpdesks: Collection[str]) -> dict[str, str]:
        """In which of the helpdesks it is to be said now that nobody acknowledges it: the step of each."""
        ticket = self.ticket
        unheeded = ticket.is_open and ticket.acknowledged_at is None
        if not unheeded or ticket.state is TicketState.PENDING:
            return {}
        due = {way.helpdesk: self._reminder(way) for way in self._ways() if way.helpdesk in helpdesks}
        return {name: step for name, step in due.items() if step and step not in ticket.steps}

    @property
    def next_at(self) -> int | None:
        """When time alone may bring something next (microseconds UTC); None: never as things stand."""
        moments: list[int] = []
        for way in self._ways():
            begins = self.begun_at + ceil(way.delay * _SECOND)
            moments.append(begins)
            if way.repeat is not None:
                repeat = int(way.repeat * _SECOND)
                number = max((self.now - begins) // repeat + 1, 1)
                moments += [begins + number * repeat] if number <= _MOST_REMINDERS else []
        moments += self._stuck_at()
        return min((at for at in moments if at > self.now), default=None)

    def _stuck_at(self) -> Iterator[int]:
        """When each of its helpdesks that has a fallback counts as stuck."""
        for route in (each.route for each in self.taken if each.route.fallback):
            entries = (self.placed.get(name) for name in route.send_to)
            after = ceil(route.fallback_after * _SECOND)
            yield from (each.changed_at + after for each in entries if each is not None and each.unsent)

    def _ways(self) -> Iterable[Way]:
        return ways(self.taken).values()

    def _reminder(self, way: Way) -> str:
        """The step that is due last; a helpdesk that has not got everything else yet is told nothing further."""
        entry = self.placed.get(way.helpdesk)
        if way.repeat is None or entry is None or entry.state is not Standing.DONE or entry.observed is None:
            return ""
        passed = self.now - self.begun_at - int(way.delay * _SECOND)
        number = passed // int(way.repeat * _SECOND)
        if entry.observed.state is not RemoteState.OPEN or not 1 <= number <= _MOST_REMINDERS:
            return ""
        return f"repeat:{way.helpdesk}:{self.ticket.reopened}:{number}"

    def _stuck(self, each: Taken) -> str:
        """Why it goes to the fallback of the route; empty when it does not."""
        after = each.route.fallback_after
        for name in each.route.send_to:
            entry = self.placed.get(name)
            if each.route.fallback and entry is not None and is_stuck(entry, after, self.now):
                reason = f": {entry.last_error}" if entry.last_error else ""
                return f"fallback of {each.name}, since {name} has not taken it{reason}"
        return ""


def routes_of(rules: Rulebook, ticket: Ticket, incident: Incident | None) -> tuple[Taken, ...]:
    """The routes that the ticket takes as it is now; the hours are those of its opening."""
    service = rules.services.get(ticket.service)
    if service is None or incident is None:
        return ()
    check = rules.checks.get((incident.service, incident.rule))
    begun = _begun_at(ticket)
    subject = Subject(service, incident.rule, check, ticket.severity)
    return taken(rules.routes, subject, lambda calendar: rules.is_open(calendar, begun))


def is_stuck(entry: Outgoing, after: float, now: int) -> bool:
    """Whether it waits for a person, or something has waited `after` seconds to be delivered."""
    return entry.for_a_person or (entry.unsent and now - entry.changed_at >= after * _SECOND)


def is_of_outbox(ticket: Ticket) -> bool:
    """Whether it tells of helpdesks that take nothing."""
    return (ticket.service, ticket.check) == (ITSELF, _OUTBOX)


def waiting_for_a_person(world: World, rules: Rulebook) -> int:
    """How many entries and notices do, but for the tickets that tell of just that, and helpdesks that are no more."""
    mine = {number for number, ticket in world.tickets.items() if is_of_outbox(ticket)}
    entries = (e for e in world.outbox.values() if e.for_a_person and e.ticket not in mine)
    notices = (n for n in world.notices.values() if n.state is Standing.PARKED and n.ticket not in mine)
    named = [entry.helpdesk for entry in entries] + [notice.channel for notice in notices]
    return sum(name in rules.helpdesks for name in named)


def due_by_time(draft: Draft, rules: Rulebook, now: int) -> set[int]:
    """The open tickets that time alone, an answer of a helpdesk, or new routes may bring elsewhere now.

    One that tells of helpdesks that are stuck is always among them: it depends on all the others.
    """
    if not rules.routes:
        return set()
    waits_for = dict(draft.forward_due.items())
    mine = ((number, ticket) for number, ticket in draft.tickets.items() if ticket.is_open)
    return {
        number for number, ticket in mine if is_of_outbox(ticket) or _is_due(waits_for.get(number, now), now)
    }


def look_again(draft: Draft, numbers: Iterable[int]) -> None:
    """What was worked out of these tickets counts no more."""
    for number in numbers:
        draft.forward_due.drop(number)


def _is_due(at: int | None, now: int) -> bool:
    return at is not None and at <= now


def sent_again(draft: Draft, rules: Rulebook, entry: Outgoing, now: int) -> Outgoing | None:
    """An entry in doubt, sent again as its route says, and saying so; None where a person is asked."""
    ticket = draft.tickets.get(entry.ticket)
    if ticket is None or entry.attempts > _MOST_RESENT:
        return None
    incident = next((each for each in draft.incidents.values() if each.ticket == ticket.number), None)
    routes = [each.route for each in routes_of(rules, ticket, incident)]
    leading = [route for route in routes if entry.helpdesk in (*route.send_to, *route.fallback)]
    if not any(route.in_doubt == "resend" for route in leading):
        return None
    text = entry.desired.description
    warned = text if text.startswith(_TWICE) else f"{_TWICE}{text}"
    said = f"sent to {entry.helpdesk} again: it may be there twice"
    note(draft, ticket.number, now, "forwarded", said)
    return waits(replace(entry, desired=replace(entry.desired, description=warned)), now, said)


def note_outcomes(draft: Draft, now: int) -> None:
    """Say in the timelines what arrived where, and what is refused."""
    said = {(event.ticket, event.what, event.text) for event in draft.events}
    for before, entry in draft.changed_outbox():
        for what, text in _outcomes(before, entry):
            if (entry.ticket, what, text) not in said:
                note(draft, entry.ticket, now, what, text)


def _outcomes(before: Outgoing | None, entry: Outgoing) -> Iterator[tuple[str, str]]:
    there, earlier = entry.observed, before.observed if before is not None else None
    if there is not None and (earlier is None or earlier.id != there.id):
        url = f" ({visible(masked(there.url), _LONGEST_URL)})" if there.url else ""
        yield "delivered", f"delivered to {entry.helpdesk} as {visible(there.id, _LONGEST_ID)}{url}"
    if entry.for_a_person and (before is None or before.last_error != entry.last_error):
        reason = visible(masked(entry.last_error or ""), _LONGEST_REASON)
        yield "undelivered", f"waits for a person, {entry.helpdesk} does not take it: {reason}"


def _begun_at(ticket: Ticket) -> int:
    return ticket.opened_at if ticket.reopened_at is None else ticket.reopened_at


def reminder(ticket: Ticket, now: int) -> str:
    """What a reminder says."""
    seconds = (now - _begun_at(ticket)) // _SECOND
    return f"still open, and not acknowledged for {show_duration(float(seconds - seconds % 60))}"


def _stuck_helpdesks(draft: Draft, number: int, now: int) -> set[str]:
    """Those that keep other tickets waiting."""
    others = (entry for entry in draft.outbox.values() if entry.ticket != number)
    return {entry.helpdesk for entry in others if is_stuck(entry, _STUCK, now)}


def _detour(
    rules: Rulebook, routes: Iterable[Taken], leads: Mapping[str, str], stuck: set[str]
) -> dict[str, str]:
    """Where else the ticket goes that tells of helpdesks that are stuck, when its routes lead to these alone."""
    if not leads.keys() <= stuck:
        return {}
    why = f"it tells of {', '.join(sorted(stuck))}, which takes nothing"
    fallbacks = [name for each in routes for name in each.route.fallback]
    others = [name for route in rules.routes for name in (*route.send_to, *route.fallback)]
    for names in (fallbacks, others):
        if free := {name: why for name in names if name not in stuck and name in rules.helpdesks}:
            return free
    return {}
