"""What the daemon knows: per check, service, incident and ticket; and a draft of changes not yet on the disk.

Memory never runs ahead of the disk: decisions read through a Draft and write into it; the World takes a
draft over only after its transaction was committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import InitVar, dataclass, field, replace
from typing import Any, Generic, TypeVar

from alerting.desk.attachment import Attachment
from alerting.desk.forgetting import Forgotten
from alerting.desk.impact import MonthsBudget
from alerting.desk.notices import Notice
from alerting.desk.roster import RosterEntry
from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from alerting.incidents.change import Change
from alerting.incidents.decision import Decided, Decision
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Member, Problem
from alerting.incidents.suppression import Suppression
from alerting.outgoing import Outgoing
from alerting.slo.blips import Blip
from alerting.slo.gaps import Gap
from alerting.slo.track import Track, TrackChange
from alerting.state import NEW, CheckState, Flip
from checks.base import Reading, Status
from config.policies import Policy

K = TypeVar("K")
V = TypeVar("V")
Address = tuple[str, str]  # service, check
LAST_READINGS = 5
LAST_CHANGES = 500
# The event of a ticket's timeline that says what else its incident affects.
AFFECTED = "affected"
Named = tuple[int, frozenset[str]]


@dataclass(frozen=True, slots=True)
class CheckMemory:
    """One check: its confirmed state, its recent track, its last readings (newest last), and the probe's memo.

    `last_good` is the latest good one, which may be older than those.
    `memo_of` is the fingerprint of the options under which the memo was made, `believed_for` how many seconds the
    last reading may be believed by the interval it was made in.
    """

    state: CheckState = NEW
    track: Track = ()
    readings: tuple[Reading, ...] = ()
    memo: Any = None
    memo_of: str = ""
    believed_for: float = 0.0
    last_good: Reading | None = None

    @property
    def last(self) -> Reading | None:
        return self.readings[-1] if self.readings else None

    def good_after(self, reading: Reading) -> Reading | None:
        """The latest good reading once this one has come."""
        return reading if reading.status is Status.OK else self.last_good


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

    def items(self) -> Iterable[tuple[K, V]]:
        return self._seen().items()

    def _seen(self) -> dict[K, V]:
        seen = {**self._below, **self.changed}
        for key in self.dropped:
            seen.pop(key, None)
        return seen

    def __contains__(self, key: object) -> bool:
        return key in self.changed or (key in self._below and key not in self.dropped)

    def settle(self) -> None:
        for key in self.dropped:
            self._below.pop(key, None)
        self._below.update(self.changed)


@dataclass(slots=True)
class World:
    """Everything committed. Incidents are the latest of each (service, rule), as are problems, those that last.

    `members` are what belongs, or belonged, to each incident that is not resolved for good, or not left by all.
    `suppressions` are those that are not over, `outbox` by helpdesk and key what is unsent or may change again.
    `tickets` are those that are not closed, and those that a recurrence could open again; `policies` those that
    tickets were opened under, by digest; `desk_due` is when the desk has to look at a ticket again, `forward_due` when
    time alone may bring an open one elsewhere: it is of this run, and what is lacking is worked out. `roster` are the
    entries that are not over; `notices` by key those that are unsent; `ended_alerts` are of other tools, over before
    anything was known of them, by origin with the moment: those of this run; `given` is when each person was last
    given a ticket.
    `changes` are the latest, the oldest first. `budgets` are by service those of
    the running month as they were judged last; they are reckoned from the store and never part of a draft.
    `named` is when a ticket was last told what else its incident affects,
    and of what; `opened` are the moments of the last minute's tickets, `digest` the number of the last one that many
    incidents share. `known` is the latest sign of life that a believable clock gave, `far`
    the latest gap longer than that. Nobody looked before `looking_since`; while it `looks_first`, for it comes from
    a backup, remote tickets are looked for before they are made; `could_look` notes since when checks that
    rested do not, is worked out anew whenever it is lacking, and never part of a draft.
    """

    checks: dict[Address, CheckMemory] = field(default_factory=dict)
    services: dict[str, Track] = field(default_factory=dict)
    incidents: dict[Address, Incident] = field(default_factory=dict)
    tickets: dict[int, Ticket] = field(default_factory=dict)
    problems: dict[Address, Problem] = field(default_factory=dict)
    members: dict[int, tuple[Member, ...]] = field(default_factory=dict)
    suppressions: tuple[Suppression, ...] = ()
    outbox: dict[tuple[str, str], Outgoing] = field(default_factory=dict)
    policies: dict[str, Policy] = field(default_factory=dict)
    desk_due: dict[int, int | None] = field(default_factory=dict)
    forward_due: dict[int, int | None] = field(default_factory=dict)
    roster: tuple[RosterEntry, ...] = ()
    notices: dict[str, Notice] = field(default_factory=dict)
    ended_alerts: dict[str, int] = field(default_factory=dict)
    given: dict[str, int] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    last_change: int = 0
    budgets: Mapping[str, MonthsBudget] = field(default_factory=dict)
    named: dict[int, Named] = field(default_factory=dict)
    opened: tuple[int, ...] = ()
    digest: int = 0
    last_incident: int = 0
    last_ticket: int = 0
    known: int | None = None
    far: Gap | None = None
    looking_since: int = 0
    looks_first: bool = False
    could_look: dict[Address, int] = field(default_factory=dict)

    def remembered(self) -> set[int]:
        """The incidents of which it has to be known what belongs to them: a problem may outlast that it is in."""
        lasting = {incident.id for incident in self.incidents.values() if incident.holds_key}
        return lasting | {each.incident for each in self.problems.values() if each.incident is not None}

    def forget_ended(self) -> None:
        """Keep tickets that are not closed, those that a recurrence could open again, and what goes with them."""
        linked = {incident.ticket for incident in self.incidents.values()}
        ended = [
            number
            for number, ticket in self.tickets.items()
            if ticket.state is TicketState.CLOSED
            and number not in linked
            and self.desk_due.get(number)
            is None  # nothing is to come, such as a reminder of a follow-up action
        ]
        for number in ended:
            del self.tickets[number]
            self.desk_due.pop(number, None)
            self.forward_due.pop(number, None)
        for told in [key for key, notice in self.notices.items() if not notice.unsent]:
            del self.notices[told]
        sent = [
            key for key, entry in self.outbox.items() if not entry.unsent and entry.ticket not in self.tickets
        ]
        for key in sent:
            del self.outbox[key]
        for number in self.members.keys() - self.remembered():
            del self.members[number]
            self.named.pop(number, None)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something to be told once it is committed: a log line's event and fields."""

    event: str
    fields: Mapping[str, Any]


@dataclass(eq=False)
class Draft:
    """Changes on their way to the disk: seen by the decisions that follow in the same transaction.

    `told` are checks, with their kinds, whose memo changed without a reading; `no_gaps` were taken for gaps before.
    `links` tie tickets (ticket, relation, other, at), `unlinks` are taken away; `wanted` are checks that are to look at
    once. While `unsettled`, it is not yet decided what becomes of the problems.
    `recorded` is what suppressions are, each from a moment on;
    of the `events` so many are `mirrored` in the outbox already. `rostered` are entries of the roster, each from a
    moment on. `worked` are tickets as the desk left them; `desk_sweep`: it also looks at those that are due by time,
    `desk_left`: more of them than it saw to.
    `to_mirror` are tickets that may be due elsewhere by time, or by a new route.
    `forgotten` are people of whom nothing is to be left, `untold` tickets of which somebody was to be told while there
    is no channel for it.
    """

    world: InitVar[World]
    recorded: list[tuple[int, Suppression]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    links: list[tuple[int, str, int, int]] = field(default_factory=list)
    wanted: set[Address] = field(default_factory=set)
    unsettled: bool = False
    unlinks: list[tuple[int, str, int]] = field(default_factory=list)
    written_incidents: dict[int, Incident] = field(default_factory=dict)
    readings: list[tuple[Address, str, Reading]] = field(default_factory=list)
    flips: list[tuple[Address, Flip]] = field(default_factory=list)
    blips: list[tuple[Address, Blip]] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    no_gaps: list[Gap] = field(default_factory=list)
    spans: list[tuple[str, str, TrackChange]] = field(default_factory=list)
    events: list[TicketEvent] = field(default_factory=list)
    mirrored: int = 0
    facts: list[Fact] = field(default_factory=list)
    moves: list[tuple[Address, Address]] = field(default_factory=list)
    told: dict[Address, str] = field(default_factory=dict)
    attachments: list[Attachment] = field(default_factory=list)
    rostered: list[tuple[int, RosterEntry]] = field(default_factory=list)
    worked: dict[int, Ticket] = field(default_factory=dict)
    forgotten: list[Forgotten] = field(default_factory=list)
    desk_sweep: bool = False
    desk_left: bool = False
    untold: set[int] = field(default_factory=set)
    to_mirror: set[int] = field(default_factory=set)

    def __post_init__(self, world: World) -> None:
        self._world = world
        self.checks: Layer[Address, CheckMemory] = Layer(world.checks)
        self.services: Layer[str, Track] = Layer(world.services)
        self.incidents: Layer[Address, Incident] = Layer(world.incidents)
        self.tickets: Layer[int, Ticket] = Layer(world.tickets)
        self.problems: Layer[Address, Problem] = Layer(world.problems)
        self.members: Layer[int, tuple[Member, ...]] = Layer(world.members)
        self.named: Layer[int, Named] = Layer(world.named)
        self.outbox: Layer[tuple[str, str], Outgoing] = Layer(world.outbox)
        self.policies: Layer[str, Policy] = Layer(world.policies)
        self.desk_due: Layer[int, int | None] = Layer(world.desk_due)
        self.forward_due: Layer[int, int | None] = Layer(world.forward_due)
        self.notices: Layer[str, Notice] = Layer(world.notices)
        self.ended_alerts: Layer[str, int] = Layer(world.ended_alerts)
        self.given: Layer[str, int] = Layer(world.given)
        self.roster = world.roster
        self.opened, self.digest = world.opened, world.digest
        self.suppressions = world.suppressions
        self.last_incident, self.last_ticket = world.last_incident, world.last_ticket
        self.known, self.far = world.known, world.far
        self.looking_since, self.could_look = world.looking_since, world.could_look

    @property
    def knows_problems(self) -> bool:
        """Whether there is any trouble at all."""
        return bool(self._world.problems or self.problems.changed)

    @property
    def waiting(self) -> bool:
        """Whether a problem waits for a word that any reading may bring."""
        if not self.knows_problems:
            return False
        return any(each.hold is not None and each.hold.why.waits for each in self.problems.values())

    def check(self, address: Address) -> CheckMemory:
        return self.checks.get(address) or CheckMemory()

    def known_checks(self) -> list[Address]:
        """Every check there is a memory of, configured or not."""
        return self.checks.keys()

    def known_services(self) -> list[str]:
        """Every service whose time is kept."""
        return self.services.keys()

    def changed_members(self) -> list[tuple[int, Member]]:
        """What joined or left an incident, by its number."""
        committed = self._world.members
        return [
            (incident, each)
            for incident, members in self.members.changed.items()
            for each in sorted(set(members) - set(committed.get(incident, ())), key=lambda each: each.since)
        ]

    def changed_outbox(self) -> list[tuple[Outgoing | None, Outgoing]]:
        """The entries of the outbox that changed: as they were, None for a new one, and as they are."""
        return [(self._world.outbox.get(where), entry) for where, entry in self.outbox.changed.items()]

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

    def record(self, at: int, suppression: Suppression) -> None:
        """From `at` on the suppression is this, whatever it was."""
        others = (each for each in self.suppressions if each.id != suppression.id)
        self.suppressions = (*others, suppression)
        self.recorded.append((at, suppression))
        self.unsettled = True

    def enroll(self, at: int, entry: RosterEntry) -> None:
        """From `at` on the entry is this, whatever it was."""
        self.roster = (*(each for each in self.roster if each.number != entry.number), entry)
        self.rostered.append((at, entry))

    def opened_incidents(self) -> list[Incident]:
        """Those that this draft opened, in their order."""
        numbers = {each.incident for each in self.decisions if each.what is Decided.OPENED}
        return [incident for number, incident in self.written_incidents.items() if number in numbers]

    def opens(self, ticket: int) -> bool:
        """Whether the ticket is new with this draft."""
        return ticket > self._world.last_ticket

    def note_change(self, change: Change) -> Change:
        """The change with its number, from now on among those that tickets tell of."""
        numbered = replace(change, number=self._world.last_change + len(self.changes) + 1)
        self.changes.append(numbered)
        return numbered

    @property
    def looks_first(self) -> bool:
        """Whether a remote ticket may be there of which nothing is known."""
        return self._world.looks_first

    @property
    def known_changes(self) -> tuple[Change, ...]:
        return (*self._world.changes, *self.changes)

    @property
    def budgets(self) -> Mapping[str, MonthsBudget]:
        """The month's error budgets by service, as they were judged last."""
        return self._world.budgets

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
            self.named,
            self.outbox,
            self.policies,
            self.desk_due,
            self.forward_due,
            self.notices,
            self.ended_alerts,
            self.given,
        ):
            layer.settle()
        self._world.roster = self.roster
        self._world.suppressions = self.suppressions
        self._world.changes = self.known_changes[-LAST_CHANGES:]
        self._world.last_change += len(self.changes)
        self._world.opened, self._world.digest = self.opened, self.digest
        self._world.last_incident = self.last_incident
        self._world.last_ticket = self.last_ticket
        self._world.known, self._world.far = self.known, self.far
        self._world.looking_since = self.looking_since
