"""When will it be full? A straight line through past samples that a few odd ones cannot bend, and its bounds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, TypeAlias

from checks.base import Value
from checks.memo_numbers import is_number

Samples: TypeAlias = tuple[tuple[float, float], ...]

MOST = 60
WINDOW = 3600.0
KEPT_ANYWAY = 10  # of checks that look less often than every six minutes
# Enough to go by: five samples over five minutes, or twenty over one, of checks that look that often.
ENOUGH = ((5, 300.0), (20, 60.0))
LATELY = 900.0

FULL_IN = (
    Value(
        "full_in",
        "seconds",
        "time until it is full at the present growth; absent unless it clearly grows",
        forecast=True,
    ),
    Value(
        "full_in_least",
        "seconds",
        "lower bound: a quarter of the past grew so fast, or faster",
        forecast=True,
    ),
    Value(
        "full_in_most",
        "seconds",
        "upper bound: three quarters of the past grew so fast, or faster",
        forecast=True,
    ),
)


def remembered(memo: Any, at: float) -> Samples:
    """The samples (Unix seconds, amount) of a memo that lie before `at`; none when it has another shape."""
    if not isinstance(memo, list) or not all(_is_sample(item) for item in memo):
        return ()
    return tuple(sorted((float(when), float(amount)) for when, amount in memo if when < at))[-MOST:]


def with_sample(samples: Samples, at: float, amount: float) -> Samples:
    """What to remember from now on: the last hour, or the last 10 samples if that is longer, spread evenly.

    Of more than 60 the one goes that stands closest between its neighbours.
    """
    recent = [each for each in samples if at - each[0] <= WINDOW]
    kept = [*(recent if len(recent) >= KEPT_ANYWAY else samples[-KEPT_ANYWAY:]), (at, amount)]
    if len(kept) > MOST:
        inner = range(1, len(kept) - 1)
        del kept[min(inner, key=lambda index: kept[index + 1][0] - kept[index - 1][0])]
    return tuple(kept)


def slopes(samples: Sequence[tuple[float, float]]) -> list[float]:
    """Growth per second between any two samples, in order; none where they are not ENOUGH."""
    over = samples[-1][0] - samples[0][0] if samples else 0.0
    if not any(len(samples) >= fewest and over >= shortest for fewest, shortest in ENOUGH):
        return []
    return sorted((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(samples, 2) if x2 > x1)


def forecast(samples: Sequence[tuple[float, float]], free: float) -> Mapping[str, float | None]:
    """Seconds until nothing is free, and the bounds of that, as values of a reading.

    What the last 15 minutes say is believed for twice as long ahead, if by it the end comes sooner than all
    samples together allow: so a sudden rush is seen in time. What is full already is full in 0 s.
    """
    if free <= 0:
        return dict.fromkeys(("full_in", "full_in_least", "full_in_most"), 0.0)
    whole = _end(samples, free)
    lately = _end([each for each in samples if samples[-1][0] - each[0] <= LATELY], free)
    rush = min(whole["full_in_least"] or math.inf, 2 * LATELY)
    return lately if (lately["full_in_most"] or math.inf) < rush else whole


def _end(samples: Sequence[tuple[float, float]], free: float) -> Mapping[str, float | None]:
    """`full_in` after Theil and Sen (the median of the slopes), its bounds from the quartiles.

    Unless three quarters of the slopes rise it does not clearly grow, and only the lower bound is told.
    """
    found = slopes(samples)
    slow, middle, quick = (_quantile(found, share) for share in (0.25, 0.5, 0.75))
    most = _until(free, slow)
    return {
        "full_in": None if most is None else _until(free, middle),
        "full_in_least": _until(free, quick),
        "full_in_most": most,
    }


def _until(free: float, growth: float) -> float | None:
    seconds = free / growth if growth > 0 else math.inf
    return seconds if math.isfinite(seconds) else None


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Between two neighbours in proportion; 0 of nothing."""
    if not ordered:
        return 0.0
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def _is_sample(item: object) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(is_number(part) for part in item)
