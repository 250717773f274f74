"""Uptime: what a service's spans say about one period, exact to the microsecond.

Uptime is good time over counted time. All sums are integers, all ratios fractions; nothing is rounded here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from alerting.slo.exclusions import ALL_COUNTS, Excluded, Exclusions, time_in
from alerting.slo.periods import Period
from alerting.slo.spans import Klass, Span, clip, tile

Treatment = Literal["up", "down", "exclude"]
_NO_TIME: Mapping[Klass, int] = dict.fromkeys(Klass, 0)


@dataclass(frozen=True, slots=True)
class UptimePolicy:
    """What a service's agreement makes of each class that is neither up nor down, its target (0 to 1), and what it
    leaves out.
    """

    degraded: Literal["up", "down"] = "up"
    unknown: Literal["exclude", "down", "up"] = "exclude"
    maintenance: Literal["exclude", "down"] = "exclude"
    target: Fraction = Fraction(99, 100)
    exclusions: Exclusions = ALL_COUNTS

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

    - `by_class` has every class; together with what is `excluded` they are the part of the period that has passed.
    - `observed` is that part without the time outside of the agreed hours: there was nothing to be observed.
    - `counted` = `good` + `bad`; `uptime` = good / counted, None when nothing was counted.
    - `met`: uptime reached the target; None before the period has ended and when nothing was counted.
    - `budget`: the bad time that the target allows; `budget_left` may be negative.
    - `coverage` = counted / observed: how much of the time that was promised the uptime speaks for. Observed time
      includes excluded maintenance and the outages of others; coverage is None when there is none of it.
    - `outages` last `bad` microseconds together; none are told where only sums were asked for.
    - `excluded` has an entry for each cause that the agreement names, in its order.
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
    excluded: tuple[Excluded, ...] = ()


def account(
    spans: Sequence[Span], period: Period, policy: UptimePolicy, as_of: int, since: int | None
) -> Account:
    """Reckon the period as it stood at `as_of` for a service monitored from `since` on.

    The part that has passed is `[max(period.start, since), min(period.end, as_of))`; time in it without a span is
    unknown. Of later spans only maintenance matters: it lessens the time for which there is a budget, and so does
    what is outside of the agreed hours.
    Time before `since` is in no figure; `since=None`, never monitored, gives nothing but zeros and None.
    """
    tiles, excluded = _passed(spans, period, policy, as_of, since)
    passed = _Passed(_by_class(tiles), _outages(tiles, policy), excluded)
    return _reckoned(passed, period, policy, as_of, _ahead(spans, period, policy, as_of, since))


def account_without_outages(
    spans: Sequence[Span], period: Period, policy: UptimePolicy, as_of: int, since: int | None
) -> Account:
    """The same account with no outages told, for which a good part of the time goes."""
    tiles, excluded = _passed(spans, period, policy, as_of, since)
    passed = _Passed(_by_class(tiles), excluded=excluded)
    return _reckoned(passed, period, policy, as_of, _ahead(spans, period, policy, as_of, since))


def account_of_sums(
    sums: Mapping[Klass, int], period: Period, policy: UptimePolicy, as_of: int, since: int | None
) -> Account:
    """The same account from the time in each class, with no outages told and no planned work to come.

    `sums` are those of the part that has passed; what they lack of its length is unknown. For an agreement that
    leaves nothing out.
    """
    first = _first(period, since)
    observed = max(min(period.end, as_of) - first, 0)
    by_class = {**_NO_TIME, **sums}
    by_class[Klass.UNKNOWN] += observed - sum(sums.values())
    return _reckoned(_Passed(by_class), period, policy, as_of, max(period.end - max(first, as_of), 0))


@dataclass(frozen=True, slots=True)
class _Passed:
    """The part of the period that has passed, as the account tells it."""

    by_class: Mapping[Klass, int]
    outages: tuple[Outage, ...] = ()
    excluded: tuple[Excluded, ...] = ()

    @property
    def observed(self) -> int:
        return sum(self.by_class.values()) + sum(each.length for each in self.excluded if each.promised)


def _reckoned(passed: _Passed, period: Period, policy: UptimePolicy, as_of: int, ahead: int) -> Account:
    """`ahead` is how much time to come there is a budget for."""
    good, bad = good_and_bad(passed.by_class, policy)
    observed, counted = passed.observed, good + bad
    # In whole numbers, 1/whole of a microsecond each: reckoning with fractions takes several times as long.
    promised, whole = policy.target.numerator, policy.target.denominator
    allowed = (whole - promised) * (counted + ahead)
    return Account(
        period=period,
        target=policy.target,
        by_class=passed.by_class,
        observed=observed,
        counted=counted,
        good=good,
        bad=bad,
        uptime=Fraction(good, counted) if counted else None,
        met=None if not counted or as_of < period.end else good * whole >= promised * counted,
        budget=Fraction(allowed, whole),
        budget_left=Fraction(allowed - bad * whole, whole),
        coverage=Fraction(counted, observed) if observed else None,
        outages=passed.outages,
        excluded=passed.excluded,
    )


def _passed(
    spans: Sequence[Span], period: Period, policy: UptimePolicy, as_of: int, since: int | None
) -> tuple[list[Span], tuple[Excluded, ...]]:
    """The part of the period that has passed, and what was left out of it."""
    end = min(period.end, as_of)
    return policy.exclusions.applied(tile(spans, _first(period, since), end))


def _first(period: Period, since: int | None) -> int:
    """When the account begins; the end of the period where the service was never monitored."""
    return period.end if since is None else max(period.start, since)


def _by_class(tiles: Iterable[Span]) -> dict[Klass, int]:
    totals = {**_NO_TIME}
    for span in tiles:
        totals[span.klass] += span.end - span.start
    return totals


def good_and_bad(by_class: Mapping[Klass, int], policy: UptimePolicy) -> tuple[int, int]:
    """How much of the time in each class is good and how much is bad; together it is what counts."""
    parts = policy.treatments()
    return _sum(by_class, parts, "up"), _sum(by_class, parts, "down")


def _sum(by_class: Mapping[Klass, int], parts: Mapping[Klass, Treatment], part: Treatment) -> int:
    return sum([length for klass, length in by_class.items() if parts[klass] == part])


def _ahead(spans: Sequence[Span], period: Period, policy: UptimePolicy, as_of: int, since: int | None) -> int:
    """The time still to come within the agreed hours, less announced maintenance where that is excluded."""
    start, end = max(_first(period, since), as_of), period.end
    if start >= end:
        return 0
    promised = policy.exclusions.promised
    ahead = time_in(promised([Span(start, end, Klass.UP)]))
    if policy.maintenance == "exclude":
        ahead -= _by_class(promised(clip(spans, start, end)))[Klass.MAINTENANCE]
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
