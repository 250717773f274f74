"""What the daemon knows: per check, service, incident and ticket; and a draft of changes not yet on the disk.

Memory never runs ahead of the disk: decisions read through a Draft and write into it; the World takes a
draft over only after its transaction was committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from alerting.desk.ticket import Ticket, TicketEvent
from alerting.incidents.decision import Decision
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Member, Problem
from alerting.incidents.suppression import Suppression
from alerting.slo.blips import Blip
from alerting.slo.gaps import Gap
from alerting.slo.track import Track, TrackChange
from alerting.state import NEW, CheckState, Flip
from checks.base import Reading

K = TypeVar("K")
V = TypeVar("V")
Address = tuple[str, str]  # service, check
LAST_READINGS = 5


@dataclass(frozen=True, slots=True)
class CheckMemory:
    """One check: its confirmed state, its recent track, its last readings (newest last), and the probe's memo.

    `memo_of` is the fingerprint of the options under which the memo was made, `believed_for` how many seconds the
    last reading may be believed by the interval it was made in.
    """

    state: CheckState = NEW
    track: Track = ()
    readings: tuple[Reading, ...] = ()
    memo: Any = None
    memo_of: str = ""
    believed_for: float = 0.0

    @property
    def last(self) -> Reading | None:
        return self.readings[-1] if self.readings else None


class Layer(Generic[K, V]):
    """A mapping over a mapping: reads fall through, writes stay here until they are taken over."""

    def __init__(self, below: dict[K, V]) -> None:
        self._below = below
        self.changed: dict[K, V] = {}
        self.dropped: set[K] = set()

    def get(self, key: K) -> V | None:
        if key in self.changed:
            return self.changed[key]
        return None if key in self.dropped else self._below.get(key)

    def put(self, key: K, value: V) -> None:
        self.dropped.discard(key)
        self.changed[key] = value

    def drop(self, key: K) -> None:
        """From here on there is nothing under that key."""
        self.changed.pop(key, None)
        self.dropped.add(key)

    def keys(self) -> list[K]:
        return list(self._seen())

    def values(self) -> Iterable[V]:
        return self._seen().values()

    def _seen(self) -> dict[K, V]:
        seen = {**self._below, **self.changed}
        for key in self.dropped:
            seen.pop(key, None)
        return seen

    def settle(self) -> None:
        for key in self.dropped:
            self._below.pop(key, None)
        self._below.update(self.changed)


@dataclass(slots=True)
class World:
    """Everything committed. Incidents are the latest of each (service, rule), as are problems, those that last.

    `members` are what belongs, or belonged, to each incident that is not resolved for good, by its number.
    `suppressions` are those that are not over. `known` is the latest sign of life that a believable clock gave, `far`
    the latest gap longer than that.
    """

    checks: dict[Address, CheckMemory] = field(default_factory=dict)
    services: dict[str, Track] = field(default_factory=dict)
    incidents: dict[Address, Incident] = field(default_factory=dict)
    tickets: dict[int, Ticket] = field(default_factory=dict)
    problems: dict[Address, Problem] = field(default_factory=dict)
    members: dict[int, tuple[Member, ...]] = field(default_factory=dict)
    suppressions: tuple[Suppression, ...] = ()
    last_incident: int = 0
    last_ticket: int = 0
    known: int | None = None
    far: Gap | None = None

    def forget_ended_tickets(self) -> None:
        """Keep open tickets, and those that a recurrence could open again; the store has them all."""
        linked = {incident.ticket for incident in self.incidents.values()}
        ended = [
            number for number, ticket in self.tickets.items() if not ticket.is_open and number not in linked
        ]
        for number in ended:
            del self.tickets[number]


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to be told once it is committed: a log line's event and fields."""

    event: str
    fields: Mapping[str, Any]


class Draft:
    """Changes on their way to the disk: seen by the decisions that follow in the same transaction.

    `told` are checks, with their kinds, whose memo changed without a reading; `no_gaps` were taken for gaps before.
    `links` tie tickets (ticket, relation, other, at); `wanted` are checks that are to look at once. While `unsettled`,
    it is not yet decided what becomes of the problems.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.checks: Layer[Address, CheckMemory] = Layer(world.checks)
        self.services: Layer[str, Track] = Layer(world.services)
        self.incidents: Layer[Address, Incident] = Layer(world.incidents)
        self.tickets: Layer[int, Ticket] = Layer(world.tickets)
        self.problems: Layer[Address, Problem] = Layer(world.problems)
        self.members: Layer[int, tuple[Member, ...]] = Layer(world.members)
        self.suppressions = world.suppressions
        self.decisions: list[Decision] = []
        self.links: list[tuple[int, str, int, int]] = []
        self.wanted: set[Address] = set()
        self.unsettled = False
        self.written_incidents: dict[int, Incident] = {}
        self.readings: list[tuple[Address, str, Reading]] = []
        self.flips: list[tuple[Address, Flip]] = []
        self.blips: list[tuple[Address, Blip]] = []
        self.gaps: list[Gap] = []
        self.no_gaps: list[Gap] = []
        self.spans: list[tuple[str, str, TrackChange]] = []
        self.events: list[TicketEvent] = []
        self.facts: list[Fact] = []
        self.moves: list[tuple[Address, Address]] = []
        self.told: dict[Address, str] = {}
        self.last_incident = world.last_incident
        self.last_ticket = world.last_ticket
        self.known, self.far = world.known, world.far

    def check(self, address: Address) -> CheckMemory:
        return self.checks.get(address) or CheckMemory()

    def known_checks(self) -> list[Address]:
        """Every check there is a memory of, configured or not."""
        return self.checks.keys()

    def known_services(self) -> list[str]:
        """Every service whose time is kept."""
        return self.services.keys()

    def put_incident(self, incident: Incident) -> None:
        """The latest of its key; an earlier one that this draft has changed is written all the same."""
        self.incidents.put((incident.service, incident.rule), incident)
        self.written_incidents[incident.id] = incident

    def move(self, old: Address, new: Address) -> None:
        """What this draft holds for a check stands under its new name; its rows follow when the draft is saved."""
        self.moves.append((old, new))
        self.readings = [(new if at == old else at, kind, reading) for at, kind, reading in self.readings]
        self.flips = [(new if at == old else at, flip) for at, flip in self.flips]
        self.blips = [(new if at == old else at, blip) for at, blip in self.blips]
        self.spans = [(*(new if row[:2] == old else row[:2]), row[2]) for row in self.spans]
        self.told = {new if at == old else at: kind for at, kind in self.told.items()}

    def tell(self, event: str, **fields: Any) -> None:
        self.facts.append(Fact(event, fields))

    def settle(self) -> None:
        """Take everything over into the World; to be called after COMMIT only."""
        for layer in (
            self.checks,
            self.services,
            self.incidents,
            self.tickets,
            self.problems,
            self.members,
        ):
            layer.settle()
        self._world.suppressions = self.suppressions
        self._world.last_incident = self.last_incident
        self._world.last_ticket = self.last_ticket
        self._world.known, self._world.far = self.known, self.far
