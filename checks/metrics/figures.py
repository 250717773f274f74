"""Metrics: from the series of a page to the values that the options name."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from checks.metrics.exposition import Page, Sample, number, shown_series
from checks.metrics.growth import MOST_REMEMBERED, Growth
from checks.metrics.quantile import quantile
from checks.metrics.selector import Selector
from checks.metrics.spec import Combine, Measured
from config.friendly import nearest
from config.units import show_duration

Labels = frozenset[tuple[str, str]]
MOST_PARTS = 200
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a number could not be read."""

    reason: str


Reading = float | Problem | None
"""A number, why there is none, or None where the thing itself is absent."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One named value: of the whole, or, where several series are judged each by itself, of each."""

    whole: Reading = None
    each: Mapping[Labels, Reading] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sight:
    """What figures are made of: the page, the counters since the last look, and the moment (Unix seconds)."""

    page: Page
    growth: Growth
    now: float
    max_age: float


def figure(asked: Measured, sight: Sight) -> Figure:
    """The value that the operator described; every number in it is finite."""
    made = _made(asked, sight)
    return Figure(_finite(made.whole), {labels: _finite(each) for labels, each in made.each.items()})


def _finite(reading: Reading) -> Reading:
    if isinstance(reading, float) and not math.isfinite(reading):
        return Problem("what comes of it is too large for a number")
    return reading


def _made(asked: Measured, sight: Sight) -> Figure:
    if asked.quantile is not None:
        return Figure(_quantile(asked, float(asked.quantile), sight))
    numbers = _numbers(asked, asked.of, sight)
    if isinstance(numbers, Problem):
        return Figure(numbers)
    if not numbers:
        return Figure(_missing(asked, asked.of, sight.page))
    if asked.per is not None:
        divisors = _numbers(asked, asked.per, sight)
        if isinstance(divisors, Problem):
            return Figure(divisors)
        if not divisors:
            return Figure(_none_matches(asked.per, sight.page))
        if asked.combine is not None:
            return Figure(_ratio(_combined(asked.combine, numbers), _combined(asked.combine, divisors)))
        numbers = {labels: _ratio(each, _fellow(labels, divisors, asked)) for labels, each in numbers.items()}
    elif asked.combine is not None:
        return Figure(_combined(asked.combine, numbers))
    if len(numbers) == 1:
        return Figure(next(iter(numbers.values())))
    if len(numbers) > MOST_PARTS:
        remedy = "write combine: sum, min, max, avg or count, or a narrower selector"
        return Figure(Problem(f"{len(numbers)} series are too many to judge each by itself ({remedy})"))
    return Figure(each=numbers)


def _numbers(asked: Measured, which: Selector, sight: Sight) -> dict[Labels, Reading] | Problem:
    """What the operator measures, of each series that is meant."""
    samples = _matching(which, sight.page)
    if not asked.grows:
        return {labels: _number(asked, sample, sight) for labels, sample in samples.items()}
    if not sight.growth.begin(which.written, len(samples)):
        return Problem(f"more than {MOST_REMEMBERED} series to remember (write a narrower selector)")
    return {labels: _grown(asked, which, sample, sight) for labels, sample in samples.items()}


def _matching(which: Selector, page: Page) -> dict[Labels, Sample]:
    """The newest sample of each series that is meant."""
    found: dict[Labels, Sample] = {}
    for sample in page.samples.get(which.name, ()):
        if which.fits(sample.labels):
            found[frozenset(sample.labels.items())] = sample
    return found


def _number(asked: Measured, sample: Sample, sight: Sight) -> float | Problem:
    problem = _unusable(sample, sight)
    if problem is not None:
        return problem
    return sight.now - sample.value if asked.measure == "age" else sample.value


def _unusable(sample: Sample, sight: Sight) -> Problem | None:
    if not math.isfinite(sample.value):
        word = "NaN" if math.isnan(sample.value) else "Inf" if sample.value > 0 else "-Inf"
        return Problem(f"{shown_series(sample.name, sample.labels)} is {word}")
    age = 0.0 if sample.timestamp is None else sight.now - sample.timestamp
    if age > sight.max_age:
        series = shown_series(sample.name, sample.labels)
        return Problem(f"{series} is stale: its own timestamp is {show_duration(age)} old")
    return None


def _grown(asked: Measured, which: Selector, sample: Sample, sight: Sight) -> Reading:
    problem = _unusable(sample, sight)
    if problem is not None:
        return problem
    growth, from_none = sight.growth, asked.absent == "zero"
    grown = growth.grown(which.written, sample.labels, sample.value, from_none=from_none)
    if grown is None and not growth.knows(which.written):
        return Problem("takes a second look to know")
    if grown is None or growth.seconds is None:
        return None
    return grown / growth.seconds if asked.measure == "rate" else grown


def _combined(combine: Combine, numbers: Mapping[Labels, Reading]) -> Reading:
    """One of all. What could not be read spoils it, but for their count; new ones are left out."""
    if combine == "count":
        return float(len(numbers))
    readable = [each for each in numbers.values() if each is not None]
    spoilt = next((each for each in readable if isinstance(each, Problem)), None)
    if spoilt is not None:
        return spoilt
    values = [each for each in readable if not isinstance(each, Problem)]
    if not values:
        return None
    total = sum(values)
    return {"sum": total, "min": min(values), "max": max(values), "avg": total / len(values)}[combine]


def _fellow(labels: Labels, divisors: Mapping[Labels, Reading], asked: Measured) -> Reading:
    """What to divide by: the series with the same labels, or one for all, with no labels but some of these.

    Labels that the selector speaks of need not be the same: the operator chose them.
    """
    if labels in divisors:
        return divisors[labels]
    assert asked.per is not None
    chosen = {each.label for each in asked.per.matchers}
    (only, divisor), *more = divisors.items()
    if not more and {pair for pair in only if pair[0] not in chosen} <= labels:
        return divisor
    return None if asked.absent == "ok" else Problem(f"no series of {asked.per.written} has the same labels")


def _ratio(number: Reading, divisor: Reading) -> Reading:
    """Nothing where there is nothing to divide by, as of requests when none came."""
    for each in (number, divisor):
        if isinstance(each, Problem):
            return each
    assert not isinstance(number, Problem)
    assert not isinstance(divisor, Problem)
    return None if number is None or not divisor else number / divisor


def _quantile(asked: Measured, share: float, sight: Sight) -> Reading:
    of = asked.of if asked.of.name.endswith("_bucket") else asked.of.named(f"{asked.of.name}_bucket")
    numbers = _numbers(asked, of, sight)
    if isinstance(numbers, Problem):
        return numbers
    if not numbers:
        return _missing(asked, of, sight.page)
    buckets: dict[float, list[Reading]] = {}
    for labels, each in numbers.items():
        bound = number(dict(labels).get("le", ""))
        if bound is None or math.isnan(bound):
            return Problem(f"a bucket of {of.written} has no number as le")
        buckets.setdefault(bound, []).append(each)
    summed: dict[float, float] = {}
    for upper, counts in buckets.items():
        for count in counts:
            if isinstance(count, Problem):
                return count
        summed[upper] = sum(count for count in counts if isinstance(count, float))
    return quantile(share, summed)


def _missing(asked: Measured, which: Selector, page: Page) -> Reading:
    if asked.absent == "zero":
        return 0.0
    return None if asked.absent == "ok" else _none_matches(which, page)


def _none_matches(which: Selector, page: Page) -> Problem:
    """That no series matches, with what is near."""
    there = page.samples.get(which.name)
    if there:
        seen = _listed(shown_series(each.name, each.labels) for each in there[:_SHOWN])
        return Problem(f"no series matches {which.written} (there are {seen})")
    hint = nearest(which.name, page.names)
    return Problem(f"no series is called {which.name}" + (f" ({hint})" if hint else ""))


def _listed(series: Iterable[str]) -> str:
    return ", ".join(series)
