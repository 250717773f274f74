"""What Prometheus reads of the desk: what is open, what happened as it is committed, and what was in time."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from prometheus_client import Counter, Histogram
from prometheus_client.core import GaugeHistogramMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import CollectorRegistry

from agent.clock import Clock
from agent.memory import World
from agent.rulebook import Rulebook
from agent.store.reader import NoStore, reading
from agent.store.trouble import cannot_write
from alerting.desk.figures import (
    TIMES,
    OnTime,
    ages,
    breaches,
    counted,
    missed_follow_ups,
    on_time,
    overdue,
    took,
)
from alerting.desk.ticket import Ticket
from config.policies import DEFAULT_POLICY, PRIORITIES
from config.units import DAY

WINDOW = 30 * DAY
_SECOND = 1_000_000
_FRESH = 60.0
_BUCKETS = tuple(
    each * 60 for each in (1, 5, 15, 60, 120, 240, 480, 1440, 2880, 4320, 10080)
)  # seconds, up to a week
_CLOCKS = ("acknowledge", "respond", "assign", "begin", "answer", "resolve")
_TIERS = ("2", "3")
Turned = tuple[Ticket | None, Ticket]


class DeskMetrics:
    """Counters and histograms begin at 0 with the daemon, as all of Prometheus' do.

    Each event is counted when the transaction that holds it is committed, by what the ticket was before and after:
    so neither a start nor a repeated scrape counts anything again.
    """

    def __init__(self, directory: Path, agent: str, clock: Clock, registry: CollectorRegistry) -> None:
        self.world: Callable[[], World] = World
        self.rules: Callable[[], Rulebook | None] = lambda: None
        self._directory, self._agent, self._clock = directory, agent, clock
        self._ratios: list[OnTime] = []
        self._taken_at = float("-inf")
        self._times = {what: _histogram(what, registry) for what in TIMES}
        self._breaches = Counter(
            "tocsin_ticket_breaches", "Targets missed.", ["clock", "priority"], registry=registry
        )
        self._escalations = Counter(
            "tocsin_ticket_escalations",
            "Tickets that went up, by the tier they went to.",
            ["tier"],
            registry=registry,
        )
        self._missed = Counter(
            "tocsin_ticket_follow_ups_missed",
            "Follow-ups that nobody saw to in time.",
            ["priority"],
            registry=registry,
        )
        for priority in PRIORITIES:
            self._missed.labels(priority)
            for clock_name in _CLOCKS:
                self._breaches.labels(clock_name, priority)
        for tier in _TIERS:
            self._escalations.labels(tier)

    def turned(self, turns: Sequence[Turned]) -> None:
        """Count what was committed: each ticket as it was, None for a new one, and as it is."""
        for before, after in turns:
            if counted(after):
                self._count(before, after)

    def _count(self, before: Ticket | None, after: Ticket) -> None:
        for what in TIMES:
            seconds = took(after, what)
            if seconds is not None and (before is None or took(before, what) is None):
                self._times[what].labels(after.priority).observe(seconds)
        for clock, more in (Tally(breaches(after)) - Tally(breaches(before) if before else ())).items():
            self._breaches.labels(clock, after.priority).inc(more)
        for each in after.escalations[len(before.escalations) if before else 0 :]:
            if each.to_tier > each.from_tier:
                self._escalations.labels(str(each.to_tier)).inc()
        missed = missed_follow_ups(after) - (missed_follow_ups(before) if before else 0)
        self._missed.labels(after.priority).inc(max(0, missed))

    def gauges(self) -> Iterator[Metric]:
        """What is so now, and the ratios of the last 30 days."""
        world, now = self.world(), self._clock.now()
        tickets = list(world.tickets.values())
        yield from self._open(tickets, now)
        yield _ages(tickets, now)
        unsent = GaugeMetricFamily("tocsin_notices_unsent", "Notices to people that are not sent yet.")
        unsent.add_metric([], float(sum(each.unsent for each in list(world.notices.values()))))
        yield unsent
        yield from self._on_time(now)

    def _open(self, tickets: Sequence[Ticket], now: int) -> Iterator[Metric]:
        backlog = GaugeMetricFamily(
            "tocsin_tickets_backlog", "Tickets that are not resolved, by team.", labels=["team", "priority"]
        )
        late = GaugeMetricFamily(
            "tocsin_tickets_overdue", "Open tickets past their target for resolving.", labels=["priority"]
        )
        oldest = GaugeMetricFamily(
            "tocsin_tickets_oldest_seconds",
            "Age of the oldest open ticket, 0 without one.",
            labels=["priority"],
        )
        mine = [each for each in tickets if each.is_open and counted(each)]
        rules = self.rules()
        teams = {"", *(rules.teams if rules else ()), *(each.team or "" for each in mine)}
        tally = Tally((each.team or "", each.priority) for each in mine)
        for team in sorted(teams):
            for priority in PRIORITIES:
                backlog.add_metric([team, priority], float(tally[team, priority]))
        for priority in PRIORITIES:
            of_it = [each for each in mine if each.priority == priority]
            late.add_metric([priority], float(sum(overdue(each, now) for each in of_it)))
            oldest.add_metric([priority], max(ages(of_it, now), default=0.0))
        yield from (backlog, late, oldest)

    def _on_time(self, now: int) -> Iterable[Metric]:
        if self._clock.monotonic() - self._taken_at > _FRESH:
            self._taken_at = self._clock.monotonic()
            try:
                self._ratios = self._reckoned(now)
            except Exception as error:
                if not cannot_write(error):
                    raise  # a disk that cannot be read leaves what was reckoned last, and every other figure
        labels = ["policy", "within"]
        ratio = GaugeMetricFamily(
            "tocsin_tickets_on_time_ratio",
            "Share of the tickets of 30 days resolved within so long.",
            labels=labels,
        )
        target = GaugeMetricFamily(
            "tocsin_tickets_on_time_target_ratio", "What is promised of it.", labels=labels
        )
        for each in self._ratios:
            if each.ratio is not None:
                ratio.add_metric([each.policy, each.within], float(each.ratio))
            if each.target is not None:
                target.add_metric([each.policy, each.within], float(each.target))
        return (ratio, target)

    def _reckoned(self, now: int) -> list[OnTime]:
        rules, since = self.rules(), now - round(WINDOW * _SECOND)
        try:
            with reading(self._directory, self._agent) as store:
                snapshots, tickets = store.policies(), store.tickets_since(since)
        except NoStore:
            return []
        in_force = (
            rules.policies if rules is not None and rules.policies else {DEFAULT_POLICY.name: DEFAULT_POLICY}
        )
        found = on_time(tickets, {**in_force, **snapshots}, since, now)
        latest: dict[tuple[str, str], OnTime] = {}
        for each in found:  # a policy that was changed meanwhile is one series
            known = latest.get((each.policy, each.within))
            latest[each.policy, each.within] = each if known is None else _together(known, each)
        return list(latest.values())


def _together(one: OnTime, other: OnTime) -> OnTime:
    target = one.target if other.target is None else other.target
    return OnTime(one.policy, one.within, target, one.tickets + other.tickets, one.on_time + other.on_time)


def _histogram(what: str, registry: CollectorRegistry) -> Histogram:
    words = {"acknowledge": "taken by a person", "begin": "begun", "resolve": "resolved"}
    found = Histogram(
        f"tocsin_ticket_{what}_seconds",
        f"How long it took until tickets were {words[what]}.",
        ["priority"],
        buckets=_BUCKETS,
        registry=registry,
    )
    for priority in PRIORITIES:
        found.labels(priority)
    return found


def _ages(tickets: Iterable[Ticket], now: int) -> Metric:
    """How many open tickets are at most so old."""
    found = ages(tickets, now)
    family = GaugeHistogramMetricFamily("tocsin_tickets_age_seconds", "Ages of open tickets.")
    buckets = [(str(float(top)), float(sum(age <= top for age in found))) for top in _BUCKETS]
    family.add_metric([], [*buckets, ("+Inf", float(len(found)))], sum(found))
    return family
