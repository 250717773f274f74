"""Uptime figures from the ledger: spans and outages of services over a period."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, Protocol

from alerting.plans import Edition, in_force, planned
from alerting.slo.events import Event, reach, replaced
from alerting.slo.figures import as_json
from alerting.slo.lines import Line, Recorded, Window
from alerting.slo.periods import Period
from alerting.slo.spans import Klass, Span, clip, painted, union
from alerting.slo.uptime import Account, Outage, UptimePolicy, account, account_of_sums
from config.maintenance import MaintenanceWindow
from config.models import Service
from config.options import Defaults, UptimeConfig


class Store(Protocol):
    """What is asked of the store here."""

    def sums(self, start: int, end: int) -> Mapping[str, Mapping[Klass, int]]: ...

    def first_seen(self) -> Mapping[str, int]: ...

    def told_of(self, service: str) -> bool: ...

    def ledger(self, service: str, check: str = "", since: int = 0) -> Ledger: ...


Plans = Collection[MaintenanceWindow]
ALIVE_SLACK = 15 * 1_000_000  # three checkpoints


@dataclass(frozen=True, slots=True)
class Alive:
    """Whether a process holds the state now, and until when it is known to have lived."""

    running: bool
    until: int

    def seen_until(self, now: int) -> int:
        """The end of what was observed: now, while the agent lives; else its last sign of life."""
        return now if self.running and now - self.until <= ALIVE_SLACK else min(now, self.until)


@dataclass(frozen=True, slots=True)
class Cause:
    """What an incident says of the outages it covers; moments in microseconds, `resolved` None while it lasts."""

    opened: int
    resolved: int | None
    incident: int
    rule: str
    reason: str

    def covers(self, outage: Outage) -> bool:
        return self.opened < outage.end and (self.resolved is None or self.resolved >= outage.start)


@dataclass(frozen=True, slots=True)
class Told:
    """What was imported of one service, in order of time; in the windows of `off` nothing at all was watched."""

    events: tuple[Event, ...] = ()
    maintenance: tuple[tuple[int, int], ...] = ()
    off: tuple[tuple[int, int], ...] = ()


NOTHING_TOLD = Told()


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the store holds on a service: its own spans, whether and until when the agent lives, incidents, imports.

    `spans` may begin late, for a question about late time; `first` is when the very first of all began. `work` are the
    plans of each planned work.
    """

    spans: tuple[tuple[int, int | None, Klass], ...]
    alive: Alive
    incidents: tuple[Cause, ...] = ()
    told: Told = NOTHING_TOLD
    first: int | None = None
    work: tuple[tuple[Edition, ...], ...] = ()

    def closed(self, now: int) -> list[Span]:
        """The service's time as it stood at `now`, and the planned work that was to come.

        Our own open span ends where the observing did. Imported states stand in place of our own spans as far as
        they reach. Planned work hides unknown time, and unknown time all else.
        """
        seen = painted(replaced(self._own(now), self.told.events, now), self.told.off, Klass.UNKNOWN)
        return painted(seen, self.maintenance(now), Klass.MAINTENANCE)

    def maintenance(self, now: int) -> list[tuple[int, int]]:
        """Planned work, past and to come, as it was planned at `now`; that which was imported always counts."""
        known = (tuple(edition for edition in editions if edition.at <= now) for editions in self.work)
        return union([*self.told.maintenance, *chain.from_iterable(map(in_force, known))])

    def events(self, now: int) -> list[Event]:
        """What was imported, and our own spans where they stand; together they give the same time again.

        Each span that no other follows at once is a reading, believed to its end. A state would hold on: imported
        where it comes from, it would hide what was seen since.
        """
        own = self._own(now)
        first, last = reach(own, self.told.events, now)
        pieces = [*clip(own, own[0].start, first), *clip(own, last, own[-1].end)] if own else []
        ours = [
            Event(piece.start, piece.klass, None if following and piece.end == following.start else piece.end)
            for piece, following in zip_longest(pieces, pieces[1:])
        ]
        return [*self.told.events, *ours]

    def _own(self, now: int) -> list[Span]:
        end = self.alive.seen_until(now)
        found = (
            (start, min(until if until is not None else end, now), klass)
            for start, until, klass in self.spans
        )
        return [Span(start, until, klass) for start, until, klass in found if start < until]

    @property
    def since(self) -> int | None:
        """When the service was first seen, by us or by whoever told of it."""
        own = self.first if self.first is not None else self.spans[0][0] if self.spans else None
        told = self.told.events[0].at if self.told.events else None
        return min((at for at in (own, told) if at is not None), default=None)


def retired(name: str) -> Service:
    """A service that is configured no more, or was watched by others only: its time counts by the usual agreement."""
    usual = Defaults()
    return Service(
        name=name, title=name, criticality=usual.criticality, team=None, policy=None, target=usual.target,
        uptime=UptimeConfig(), down_when="any", depends_on=(), labels={}, environment="live",
        watch_for=usual.watch_for, reopen_within=usual.reopen_within, checks={},
    )  # fmt: skip


def policy_of(service: Service) -> UptimePolicy:
    """How the service's time counts."""
    told = service.uptime
    return UptimePolicy(
        degraded=told.degraded,
        unknown="exclude" if told.unknown == "excluded" else told.unknown,
        maintenance="exclude" if told.maintenance == "excluded" else told.maintenance,
        target=service.target,
    )


def accounted(service: Service, ledger: Ledger, period: Period, now: int, plans: Plans = ()) -> Account:
    """The service's account of the period as far as it is observed; `plans` lessen the time that is to come."""
    # What has passed was recorded by the daemon, or it was never announced.
    coming = planned(plans, service.name, now, period.end)
    spans = painted(ledger.closed(now), coming, Klass.MAINTENANCE)
    return account(spans, period, policy_of(service), now, ledger.since)


def figures(service: Service, ledger: Ledger, period: Period, now: int, plans: Plans = ()) -> dict[str, Any]:
    """The contract's JSON object; outages carry the incident they belong to and its cause."""
    sums = accounted(service, ledger, period, now, plans)
    counting = {check.name for check in service.checks.values() if check.counts_for_uptime}
    told = [cause for cause in ledger.incidents if cause.rule in counting]
    causes = {
        outage.start: (cause.incident, cause.reason)
        for outage in sums.outages
        if (cause := _cause_of(outage, told)) is not None
    }
    return as_json(sums, service.name, causes)


def _cause_of(outage: Outage, told: Iterable[Cause]) -> Cause | None:
    """Of several incidents at the time the one that began closest to the outage."""
    covering = (cause for cause in told if cause.covers(outage))
    return min(covering, key=lambda cause: abs(cause.opened - outage.start), default=None)


def totals(store: Store, services: Iterable[Service], period: Period, now: int) -> dict[str, Account]:
    """Accounts of many services in a period that is over at `now`, without their outages.

    Those of which we alone know are summed by the database.
    """
    sums, first = store.sums(period.start, min(period.end, now)), store.first_seen()
    found = {}
    for service in services:
        name = service.name
        if store.told_of(name):
            found[name] = accounted(service, store.ledger(name, since=period.start), period, now)
        else:
            found[name] = account_of_sums(
                sums.get(name, {}), period, policy_of(service), now, first.get(name)
            )
    return found


def recorded(ledgers: Mapping[str, Ledger], off: Iterable[tuple[int, int]], now: int) -> Iterator[Line]:
    """All that is known as lines of history; taken in by another store they give the same figures."""
    for name, ledger in ledgers.items():
        for event in ledger.events(now):
            yield Recorded(name, event)
        for start, end in ledger.maintenance(now):
            yield Window(name, Klass.MAINTENANCE, start, end)
    for start, end in off:
        yield Window("", Klass.UNKNOWN, start, end)
