"""A person's new ticket is tied to the trouble it is about, where that is known; its workaround is offered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from heapq import nlargest
from typing import Any, Protocol

from agent.desk.asked import Asked, CannotDo
from agent.desk.engine import Room
from agent.desk.telling import Telling, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.known_issue import Known, Match, best
from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.incidents.incident import Incident, IncidentState
from config.policies import Policy

RELATION = "known_issue"
STEP, LOOKED = "known", "known:store"
_DAEMON = "tocsin"
_BY_ITSELF = ("monitoring", "inbound")
_LONGEST_OFFER = 2000
_NEWEST = 300


def by_a_person(ticket: Ticket) -> bool:
    return ticket.channel not in _BY_ITSELF and not ticket.test


def wants_looking_up(ticket: Ticket) -> bool:
    """Whether what is remembered was not enough, and nobody has looked through the closed tickets yet."""
    asks = by_a_person(ticket) and ticket.is_open and ticket.known_issue is None
    return asks and STEP in ticket.steps and LOOKED not in ticket.steps


def of_ticket(rules: Rulebook, ticket: Ticket, *, lasts: bool = False) -> Known:
    """The ticket as known trouble; what mended it is as good as a workaround to the one who works on it."""
    service = rules.services.get(ticket.service)
    fields = ticket.fields
    return Known(
        ticket=ticket.number,
        service=ticket.service,
        title=ticket.title,
        text=ticket.description if by_a_person(ticket) else "",
        names=(service.title,) if service is not None else (),
        lasts=lasts,
        workaround=fields.get("workaround") or fields.get("resolution") or "",
        public_workaround=fields.get("public_workaround", ""),
    )


class Remembered(Protocol):
    """Tickets by number: of a draft, or of the world."""

    def get(self, key: int, /) -> Ticket | None: ...

    def keys(self) -> Iterable[int]: ...


def remembered(
    rules: Rulebook, incidents: Iterable[Incident], tickets: Remembered, before: int
) -> Iterable[Known]:
    """Open incidents, and the newest of the tickets of lower numbers that are not closed."""
    served = set[int]()
    for incident in incidents:
        of = tickets.get(incident.ticket)
        if of is None or incident.state is not IncidentState.OPEN:
            continue
        served.add(of.number)
        kind = incident.error_kind.value if incident.error_kind is not None else ""
        known = of_ticket(rules, of, lasts=True)
        yield replace(known, text=incident.reason, error_kind=kind.replace("_", " "), incident=True)
    for number in nlargest(_NEWEST, (each for each in tickets.keys() if each < before)):  # noqa: SIM118
        other = tickets.get(number)
        if other is not None and number not in served and not other.test and other.merged_into is None:
            yield of_ticket(rules, other, lasts=other.is_open)


def tie(draft: Draft, rules: Rulebook, ticket: Ticket, match: Match, now: int) -> None:
    """The two are tied; who works on it sees the workaround, and the reporter the one that is for the public."""
    known = match.known
    after = replace(ticket, known_issue=known.ticket, version=ticket.version + 1)
    draft.tickets.put(ticket.number, after)
    draft.links.append((ticket.number, RELATION, known.ticket, now))
    offer = known.workaround or known.public_workaround
    said = f"known already as T-{known.ticket} ({known.title}): {match.why}"
    more = f"; what helps: {offer[:_LONGEST_OFFER]}" if offer else "; no workaround is written there yet"
    draft.events.append(TicketEvent(ticket.number, now, _DAEMON, RELATION, said + more))
    draft.tell("ticket.known_issue", ticket=ticket.id, known=f"T-{known.ticket}", why=match.why)
    if known.public_workaround:
        public = f"We know of this already and work on it. What helps meanwhile: {known.public_workaround}"
        draft.events.append(TicketEvent(ticket.number, now, _DAEMON, "message", public, internal=False))
        tell(draft, rules, after, Telling(RELATION, f"known:{known.ticket}", ("reporter",), public), now)


def looked_up(draft: Draft, rules: Rulebook, asked: Asked) -> dict[str, Any] | None:
    """What looking through the closed tickets brought: `match`, or nothing. It comes from agent.known_issues alone."""
    match = asked.arguments.get("match")
    if match is not None and not isinstance(match, Match):
        raise CannotDo("match: is looked up by the daemon itself", usage=True)
    ticket = asked.ticket(draft)
    if not wants_looking_up(ticket):
        return None
    ticket = replace(ticket, steps={**ticket.steps, LOOKED: asked.now})
    draft.tickets.put(ticket.number, ticket)
    if match is not None:
        tie(draft, rules, ticket, match, asked.now)
    return {"id": ticket.id, "known_issue": None if match is None else f"T-{match.known.ticket}"}


def _steps(ticket: Ticket, _policy: Policy) -> Iterable[Step]:
    if by_a_person(ticket):
        yield Step(ticket.opened_at, STEP)


def _act(draft: Draft, rules: Rulebook, ticket: Ticket, _step: Step, now: int) -> None:
    if not ticket.is_open or ticket.known_issue is not None:
        return
    known = remembered(rules, draft.incidents.values(), draft.tickets, ticket.number)
    match = best(ticket.service, ticket.title, ticket.description, known)
    if match is not None:
        tie(draft, rules, ticket, match, now)


ROOM = Room("known", _steps, _act)
