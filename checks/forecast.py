"""When will it be full? A straight line through past samples that a few odd ones cannot bend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from statistics import median
from typing import Any, TypeAlias

Samples: TypeAlias = tuple[tuple[float, float], ...]

MOST = 60
SPACING = 62.0  # seconds: 60 samples span more than an hour
FEWEST = 5
SHORTEST = 300.0


def remembered(memo: Any, at: float) -> Samples:
    """The samples (Unix seconds, amount) of a memo that lie before `at`; none when it has another shape."""
    if not isinstance(memo, list) or not all(_is_sample(item) for item in memo):
        return ()
    return tuple(sorted((float(when), float(amount)) for when, amount in memo if when < at))


def with_sample(samples: Samples, at: float, amount: float) -> Samples:
    """What to remember from now on: at most 60 samples, at least 62 s apart."""
    if samples and at - samples[-1][0] < SPACING:
        return samples
    return (*samples, (at, amount))[-MOST:]


def slope(samples: Sequence[tuple[float, float]]) -> float | None:
    """Growth per second after Theil and Sen: the median over all pairs. None below 5 samples or 5 minutes."""
    if len(samples) < FEWEST or samples[-1][0] - samples[0][0] < SHORTEST:
        return None
    return median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(samples, 2) if x2 > x1)


def full_in(samples: Sequence[tuple[float, float]], free: float) -> float | None:
    """Seconds until nothing is free at the present growth; None without growth or with too few samples."""
    growth = slope(samples)
    return free / growth if growth is not None and growth > 0 else None


def _is_sample(item: object) -> bool:
    return isinstance(item, list) and len(item) == 2 and all(_is_number(part) for part in item)


def _is_number(part: object) -> bool:
    return isinstance(part, (int, float)) and not isinstance(part, bool) and math.isfinite(part)
