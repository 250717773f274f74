"""Uptime figures from the ledger: spans and outages of services over a period."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Any, Protocol

from alerting.calendars import Calendar
from alerting.plans import Edition, in_force, planned
from alerting.slo.blips import Blip
from alerting.slo.blips import as_json as blips_as_json
from alerting.slo.events import Event, reach, replaced
from alerting.slo.exclusions import Exclusions, Windows
from alerting.slo.figures import as_json
from alerting.slo.lines import Line, Recorded, Window
from alerting.slo.periods import Period
from alerting.slo.spans import Klass, Span, clip, painted, union
from alerting.slo.strip import Day, strip
from alerting.slo.uptime import (
    Account,
    Outage,
    UptimePolicy,
    account,
    account_of_sums,
    account_without_outages,
)
from config.calendars import Timetable
from config.maintenance import MaintenanceWindow
from config.models import Service
from config.options import Defaults, UptimeConfig


class Store(Protocol):
    """What is asked of the store here."""

    def sums(self, start: int, end: int) -> Mapping[str, Mapping[Klass, int]]: ...

    def first_seen(self) -> Mapping[str, int]: ...

    def told_of(self, service: str) -> bool: ...

    def ledgers(self, since: int, services: Collection[str], *, incidents: bool) -> Mapping[str, Ledger]: ...

    def requests(self, start: int, end: int, service: str | None = None) -> Mapping[str, Requests]: ...


Plans = Collection[MaintenanceWindow]
Requests = Mapping[str, tuple[int, int]]  # by check: how many there were, and how many of them were good
MOST_BLIPS = 1000  # of a service, in one answer
ALIVE_SLACK = 15 * 1_000_000  # three checkpoints
_ROUND = 30 * 86_400 * 1_000_000


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
    """What was imported of one service, in order of time; in the windows of `off` nothing at all was watched.

    `events` may begin late, as a ledger's spans may; `first` is when the very first of all was.
    """

    events: tuple[Event, ...] = ()
    maintenance: tuple[tuple[int, int], ...] = ()
    off: tuple[tuple[int, int], ...] = ()
    first: int | None = None


NOTHING_TOLD = Told()


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the store holds on a service: its own spans, whether and until when the agent lives, incidents, imports.

    `spans` may begin late, for a question about late time; `first` is when the very first of all began. `work` are the
    plans of each planned work. `elsewhere` is when other services were down, see `ledgers_for`. In
    `doubtful` time the clock was set: what we saw then counts for nothing.
    """

    spans: tuple[tuple[int, int | None, Klass], ...]
    alive: Alive
    incidents: tuple[Cause, ...] = ()
    told: Told = NOTHING_TOLD
    first: int | None = None
    work: tuple[tuple[Edition, ...], ...] = ()
    elsewhere: Mapping[str, Windows] = field(default_factory=dict)
    doubtful: Windows = ()

    def closed(self, now: int) -> list[Span]:
        """The service's time as it stood at `now`, and the planned work that was to come.

        Our own open span ends where the observing did. Imported states stand in place of our own spans as far as
        they reach. Planned work hides unknown time, and unknown time all else.
        """
        seen = painted(replaced(self._own(now), self.told.events, now), self.told.off, Klass.UNKNOWN)
        return painted(seen, self.maintenance(now), Klass.MAINTENANCE)

    def maintenance(self, now: int) -> list[tuple[int, int]]:
        """Planned work, past and to come, as it was planned at `now`; that which was imported always counts."""
        covered = (_covered(editions, now) for editions in self.work)
        return union([*self.told.maintenance, *chain.from_iterable(covered)])

    def down(self, now: int) -> Windows:
        """When the service was down, by its class: not in planned work, and not where nobody saw it."""
        return tuple((span.start, span.end) for span in self.closed(now) if span.klass is Klass.DOWN)

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
        own = []
        for start, until, klass in self.spans:
            last = end if until is None else until if until < now else now
            if start < last:
                own.append(Span(start, last, klass))
        if not own or not self.doubtful:
            return own
        first, last = own[0].start, own[-1].end
        doubtful = ((max(start, first), min(until, last)) for start, until in self.doubtful)
        return painted(own, doubtful, Klass.UNKNOWN)

    @property
    def since(self) -> int | None:
        """When the service was first seen, by us or by whoever told of it."""
        own = self.first if self.first is not None else self.spans[0][0] if self.spans else None
        told = self.told.first
        if told is None and self.told.events:
            told = self.told.events[0].at
        return min((at for at in (own, told) if at is not None), default=None)


@lru_cache(maxsize=1024)
def _covered(editions: tuple[Edition, ...], now: int) -> list[tuple[int, int]]:
    """Asked for anew with each service that the work is for."""
    return in_force(edition for edition in editions if edition.at <= now)


def retired(name: str) -> Service:
    """A service that is configured no more, or was watched by others only: its time counts by the usual agreement."""
    usual = Defaults()
    return Service(
        name=name, title=name, criticality=usual.criticality, team=None, policy=None, target=usual.target,
        uptime=UptimeConfig(), down_when="any", depends_on=(), labels={}, environment="live",
        watch_for=usual.watch_for, reopen_within=usual.reopen_within, checks={},
    )  # fmt: skip


def ledgers_for(
    services: Collection[Service], ledger_of: Callable[[str], Ledger], now: int
) -> dict[str, Ledger]:
    """What the figures of the services are made from: their ledgers, and when others were down that they name.

    What those others' own agreements leave out plays no part, so that no service's time hangs on its own.
    """
    names = {name for service in services for name in service.uptime.exclude_when}
    down = {name: ledger_of(name).down(now) for name in names}
    return {each.name: replace(ledger_of(each.name), elsewhere=down) for each in services}


def policy_of(service: Service) -> UptimePolicy:
    """How the service's time counts, in an agreement that leaves nothing out."""
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
    since = monitored_since(service, ledger)
    return account(spans, period, agreement(service, ledger, period, since), now, since)


def monitored_since(service: Service, ledger: Ledger) -> int | None:
    """From when on the service's time is in its figures: as agreed, else since it was first seen."""
    return ledger.since if service.monitored_from is None else service.monitored_from


def agreement(service: Service, ledger: Ledger, period: Period, since: int | None) -> UptimePolicy:
    """How the service's time counts in the period, with the time that is left out of it."""
    policy, hours = policy_of(service), service.hours
    first = period.end if since is None else max(period.start, since)
    # From a round moment on: one answer for all services that were first seen one after the other.
    closed = None if hours is None else _closed(hours, first - first % _ROUND, period.end)
    # Whoever asks with a ledger that knows nothing of the others would get a figure that is wrong: it fails instead.
    down = tuple((name, ledger.elsewhere[name]) for name in dict.fromkeys(service.uptime.exclude_when))
    return replace(policy, exclusions=Exclusions(closed, down))


@lru_cache(maxsize=64)
def _closed(hours: Timetable, since: int, until: int) -> Windows:
    """Asked for anew with each service that has these hours."""
    return tuple(Calendar(hours).closed_within(since, until))


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


def requested(
    store: Store, services: Mapping[str, Service], period: Period, now: int, only: str | None = None
) -> dict[str, Requests]:
    """Requests by service, as far as they are known and it is monitored: of the hours that begin by `now`.

    `only` names the one service that is asked for.
    """
    end = min(period.end, now)
    found = dict(store.requests(period.start, end, only))
    for name in found.keys() & services.keys():
        since = services[name].monitored_from
        if since is not None and since > period.start:
            found[name] = store.requests(since, end, name).get(name, {})
    return found


def unconfirmed(
    service: Service, blips: Mapping[tuple[str, str], Sequence[Blip]], since: int | None, now: int
) -> list[dict[str, object]]:
    """The newest blips of the checks that count for the service, monitored `since` then, that were over at `now`."""
    found = [
        (check, blip)
        for (name, check), each in blips.items()
        if name == service.name and check in service.checks and service.checks[check].counts_for_uptime
        for blip in each
        if blip.end <= now and since is not None and blip.end > since
    ]
    return blips_as_json(sorted(found, key=lambda each: each[1].start)[-MOST_BLIPS:])


def days(service: Service, ledger: Ledger, bounds: Sequence[int], until: int, now: int) -> list[Day]:
    """The service's time between each two of the bounds, as far as it lies before `until`, as it stood at `now`."""
    since = monitored_since(service, ledger)
    policy = agreement(service, ledger, Period("", bounds[0], bounds[-1], ""), since)
    return strip(ledger.closed(now), bounds, policy, until, since)


def _cause_of(outage: Outage, told: Iterable[Cause]) -> Cause | None:
    """Of several incidents at the time the one that began closest to the outage."""
    covering = (cause for cause in told if cause.covers(outage))
    return min(covering, key=lambda cause: abs(cause.opened - outage.start), default=None)


def totals(
    store: Store, services: Iterable[Service], periods: Sequence[Period], now: int
) -> list[dict[str, Account]]:
    """Accounts of many services, without their outages, in periods that are over at `now`: in each of them, by name.

    Those of which we alone know are summed by the database, unless their agreement leaves some of it out.
    """
    first, earliest = store.first_seen(), min(period.start for period in periods)
    by_sums: list[Service] = []
    by_spans: list[Service] = []
    for service in services:
        seen, agreed = first.get(service.name), service.monitored_from
        late = agreed is not None and agreed > max(earliest, seen or 0)
        spans = late or service.hours or service.uptime.exclude_when or store.told_of(service.name)
        (by_spans if spans else by_sums).append(service)
    # Either is a query over a good part of the spans: what nobody needs is not asked for.
    found = [_summed(store, by_sums, first, period, now) if by_sums else {} for period in periods]
    names = {name for service in by_spans for name in (service.name, *service.uptime.exclude_when)}
    known = store.ledgers(earliest, names, incidents=False) if names else {}
    ledgers = ledgers_for(by_spans, known.__getitem__, now)
    for service in by_spans:
        ledger = ledgers[service.name]
        since, pieces = monitored_since(service, ledger), ledger.closed(now)
        for period, accounts in zip(periods, found, strict=True):
            policy = agreement(service, ledger, period, since)
            accounts[service.name] = account_without_outages(pieces, period, policy, now, since)
    return found


def _summed(
    store: Store, services: Iterable[Service], first: Mapping[str, int], period: Period, now: int
) -> dict[str, Account]:
    """The accounts of services that were first seen then, by the sums of the database."""
    sums = store.sums(period.start, min(period.end, now))
    found = {}
    for service in services:
        since = first.get(service.name) if service.monitored_from is None else service.monitored_from
        time = sums.get(service.name, {})
        found[service.name] = account_of_sums(time, period, policy_of(service), now, since)
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
