"""A latency sketch: counts by bin of a logarithmic scale, so that percentiles of many slices can be joined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from math import ceil, exp, floor, log

_FINE = 50  # bins per factor e: a percentile is off by 1 % at most
_SHORTEST = 1e-6  # seconds; what took less counts as nothing
_NOTHING = floor(log(_SHORTEST) * _FINE)


def add_to_sketch(sketch: dict[int, int], durations: Iterable[float]) -> None:
    """Count durations in seconds."""
    for duration, number in Counter(durations).items():
        place = floor(log(duration) * _FINE) if duration > _SHORTEST else _NOTHING
        sketch[place] = sketch.get(place, 0) + number


def percentile(sketch: Mapping[int, int], share: float) -> float | None:
    """The seconds that `share` (0 to 1) of the requests did not exceed; None when none was counted."""
    left = max(ceil(sum(sketch.values()) * share), 1)
    for place in sorted(sketch):
        left -= sketch[place]
        if left <= 0:
            return 0.0 if place <= _NOTHING else exp((place + 0.5) / _FINE)
    return None
