"""The story of an incident, in order of time: what was seen, what was decided of it and by what, what was said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from agent.explanation.places import OVER
from agent.store.decisions import Decisions, Link
from agent.store.evidence import Evidence, Sight
from agent.store.packing import MILLISECOND
from agent.store.reader import Reader
from alerting.desk.ticket import TicketEvent
from alerting.incidents.decision import Decision
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Key, Member
from alerting.outgoing import Outgoing
from alerting.slo.periods import micros
from checks.base import Status

_DAEMON = "tocsin"
_MOST_MEMBERS = 100  # of which it is looked up what was decided before they belonged to the incident
_MOST_READINGS = 12  # for each change of state; the first and the last of them
_YEARS = 3 * 366 * 86_400 * 1_000_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A reading of a check."""

    key: Key
    sight: Sight

    @property
    def at(self) -> int:
        return self.sight.at


Entry: TypeAlias = Seen | Decision | TicketEvent


@dataclass(frozen=True, slots=True)
class Story:
    """An incident and everything that is stored of it; `entries` are in order of time, `members` its cause first.

    `related` are the incidents that it was merged into, follows, or that were merged into it or follow it. `kept`:
    single readings of its beginning are kept still.
    """

    incident: Incident
    ticket_state: str | None
    members: tuple[Member, ...]
    flapping: bool
    related: tuple[Incident, ...]
    links: tuple[Link, ...]
    entries: tuple[Entry, ...]
    deliveries: tuple[Outgoing, ...]
    kept: bool


def tell(store: Reader, incident: Incident, now: int) -> Story:
    """Put together what is stored of an incident."""
    found, key = store.decisions(), (incident.service, incident.rule)
    members = found.members([incident.id]).get(incident.id, [])
    decisions = _decisions(found, incident, members, now)
    evidence = store.evidence(incident.service)
    mine = (each for each in decisions if (each.service, each.rule) == key)
    noted = [Seen(key, sight) for each in mine for sight in readings_of(each)]
    seen = _without_doubles([*_seen(evidence, incident, now), *noted])
    said = [event for event in store.timeline(incident.ticket) if event.by != _DAEMON]
    ticket = store.ticket(incident.ticket)
    since = evidence.kept_since(incident.rule)
    # Of one moment readings come first: what was decided was decided of them.
    entries: list[Entry] = sorted([*seen, *decisions, *said], key=lambda each: each.at)
    return Story(
        incident=incident,
        ticket_state=ticket.state.value if ticket else None,
        members=tuple(sorted(members, key=lambda each: (not each.cause, each.key != key, each.since))),
        flapping=incident.id in found.flapping(),
        related=tuple(found.related(incident)),
        links=tuple(found.links(incident.ticket)),
        entries=tuple(entries),
        deliveries=tuple(found.deliveries(incident.ticket)),
        kept=evidence.first_seen(incident.rule) is None
        or (since is not None and since <= incident.opened_at),
    )


def readings_of(decision: Decision) -> Iterator[Sight]:
    """The readings that a decision notes as its grounds; their moments are microseconds, or RFC 3339."""
    noted = decision.facts.get("readings")
    for each in noted if isinstance(noted, list) else ():
        at = each.get("at")
        at = micros(datetime.fromisoformat(at)) if isinstance(at, str) else at
        if at is not None:
            yield Sight(at, str(each.get("status", Status.UNKNOWN)), str(each.get("message", "")))


def _decisions(found: Decisions, incident: Incident, members: Sequence[Member], now: int) -> list[Decision]:
    """Those of the incident, and what was decided of the same trouble before it had one; in order."""
    own = found.of_incident(incident.id)
    keys = dict.fromkeys([(incident.service, incident.rule), *(each.key for each in members)])
    earlier = []
    for key in list(keys)[:_MOST_MEMBERS]:
        earlier += _before(found.of_rule(key, incident.opened_at - _YEARS, now), incident.id)
    return sorted([*earlier, *own], key=lambda each: each.at)


def _before(decisions: Sequence[Decision], incident: int) -> list[Decision]:
    """Of the decisions of a rule those without an incident that led to this one, or lie within it."""
    mine = [number for number, each in enumerate(decisions) if each.incident == incident]
    if not mine:
        return []
    first = mine[0]
    while first and decisions[first - 1].incident is None and decisions[first - 1].what not in OVER:
        first -= 1
    return [each for each in decisions[first : mine[-1]] if each.incident is None]


def _seen(evidence: Evidence, incident: Incident, now: int) -> Iterator[Seen]:
    """The readings that made its check change while it lasted, and the last one before each change."""
    check, key = incident.rule, (incident.service, incident.rule)
    end = incident.watch_until or now
    for flip in evidence.flips_between(check, incident.opened_at, min(end, now)):
        before = evidence.last_before(check, flip.since)
        yield from (Seen(key, sight) for sight in [before] if sight is not None)
        yield from (Seen(key, sight) for sight in _some(evidence.between(check, flip.since, flip.at)))


def _some(readings: Sequence[Sight]) -> Sequence[Sight]:
    half = _MOST_READINGS // 2
    return readings if len(readings) <= _MOST_READINGS else [*readings[:half], *readings[-half:]]


def _without_doubles(seen: Iterable[Seen]) -> list[Seen]:
    """Each reading once; packed ones have the moment of their millisecond."""
    found = {(each.key, each.at // MILLISECOND): each for each in seen}
    return sorted(found.values(), key=lambda each: each.at)
