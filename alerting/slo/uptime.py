"""Uptime: what a service's spans say about one period, exact to the microsecond.

Uptime is good time over counted time. All sums are integers, all ratios fractions; nothing is rounded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from alerting.slo.periods import Period
from alerting.slo.spans import Klass, Span, clip, tile

Treatment = Literal["up", "down", "exclude"]


@dataclass(frozen=True, slots=True)
class UptimePolicy:
    """What a service's agreement makes of each class that is neither up nor down, and its target (0 to 1)."""

    degraded: Literal["up", "down"] = "up"
    unknown: Literal["exclude", "down", "up"] = "exclude"
    maintenance: Literal["exclude", "down"] = "exclude"
    target: Fraction = Fraction(99, 100)

    def treatments(self) -> dict[Klass, Treatment]:
        """For each class: is its time good (`up`), bad (`down`), or in neither part of the fraction?"""
        return {
            Klass.UP: "up",
            Klass.DEGRADED: self.degraded,
            Klass.DOWN: "down",
            Klass.MAINTENANCE: self.maintenance,
            Klass.UNKNOWN: self.unknown,
        }


@dataclass(frozen=True, slots=True)
class Outage:
    """An unbroken stretch of bad time, as far as it lies in the observed part of the period."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Account:
    """A service's uptime in one period. Times are microseconds: whole ones, or exact fractions (budgets).

    - `by_class` has every class; together they are `observed`, the length of the observed part.
    - `counted` = `good` + `bad`; `uptime` = good / counted, None when nothing was counted.
    - `met`: uptime reached the target; None before the period has ended and when nothing was counted.
    - `budget`: the bad time that the target allows; `budget_left` may be negative.
    - `coverage` = counted / observed: how much of the time that has passed the uptime speaks for. Observed is
      the whole observed part, excluded maintenance with it; None when no time has passed.
    - `outages` last `bad` microseconds together; none are told where only sums were asked for.
    """

    period: Period
    target: Fraction
    by_class: Mapping[Klass, int]
    observed: int
    counted: int
    good: int
    bad: int
    uptime: Fraction | None
    met: bool | None
    budget: Fraction
    budget_left: Fraction
    coverage: Fraction | None
    outages: tuple[Outage, ...]


def account(
    spans: Sequence[Span], period: Period, policy: UptimePolicy, as_of: int, since: int | None
) -> Account:
    """Reckon the period as it stood at `as_of` for a service monitored from `since` on.

    The observed part is `[max(period.start, since), min(period.end, as_of))`; time in it without a span is
    unknown. Of later spans only maintenance matters: it lessens the time for which there is a budget.
    Time before `since` is in no figure; `since=None`, never monitored, gives nothing but zeros and None.
    """
    first = period.end if since is None else max(period.start, since)
    tiles = tile(spans, first, min(period.end, as_of))
    ahead = _ahead(spans, max(first, as_of), period.end, policy)
    return _reckoned(_by_class(tiles), period, policy, (as_of, ahead), _outages(tiles, policy))


def account_of_sums(
    sums: Mapping[Klass, int], period: Period, policy: UptimePolicy, as_of: int, since: int | None
) -> Account:
    """The same account from the time in each class, with no outages told and no planned work to come.

    `sums` are those of the observed part; what it lacks of its length is unknown.
    """
    first = period.end if since is None else max(period.start, since)
    observed = max(min(period.end, as_of) - first, 0)
    by_class = {**dict.fromkeys(Klass, 0), **sums}
    by_class[Klass.UNKNOWN] += observed - sum(sums.values())
    return _reckoned(by_class, period, policy, (as_of, max(period.end - max(first, as_of), 0)), ())


def _reckoned(
    by_class: Mapping[Klass, int],
    period: Period,
    policy: UptimePolicy,
    seen: tuple[int, int],
    outages: tuple[Outage, ...],
) -> Account:
    """`seen` is as of when, and how much time to come there is a budget for."""
    as_of, ahead = seen
    good, bad = _sum(by_class, policy, "up"), _sum(by_class, policy, "down")
    observed, counted = sum(by_class.values()), good + bad
    uptime = Fraction(good, counted) if counted else None
    budget = (1 - policy.target) * (counted + ahead)
    return Account(
        period=period,
        target=policy.target,
        by_class=by_class,
        observed=observed,
        counted=counted,
        good=good,
        bad=bad,
        uptime=uptime,
        met=None if uptime is None or as_of < period.end else uptime >= policy.target,
        budget=budget,
        budget_left=budget - bad,
        coverage=Fraction(counted, observed) if observed else None,
        outages=outages,
    )


def _by_class(tiles: Iterable[Span]) -> dict[Klass, int]:
    totals = dict.fromkeys(Klass, 0)
    for span in tiles:
        totals[span.klass] += span.end - span.start
    return totals


def _sum(by_class: Mapping[Klass, int], policy: UptimePolicy, part: Treatment) -> int:
    return sum(by_class[klass] for klass, treatment in policy.treatments().items() if treatment == part)


def _ahead(spans: Iterable[Span], start: int, end: int, policy: UptimePolicy) -> int:
    """The time still to come, less announced maintenance where that is excluded."""
    ahead = max(end - start, 0)
    if policy.maintenance == "exclude":
        ahead -= _by_class(clip(spans, start, end))[Klass.MAINTENANCE]
    return ahead


def _outages(tiles: Iterable[Span], policy: UptimePolicy) -> tuple[Outage, ...]:
    bad = {klass for klass, treatment in policy.treatments().items() if treatment == "down"}
    outages: list[Outage] = []
    for span in tiles:
        if span.klass not in bad:
            continue
        if outages and outages[-1].end == span.start:
            outages[-1] = Outage(outages[-1].start, span.end)
        else:
            outages.append(Outage(span.start, span.end))
    return tuple(outages)
