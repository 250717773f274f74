"""Metrics: one point of a histogram in OpenMetrics: its buckets, and what must agree with them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from checks.metrics.exposition import Sample, Unreadable, shown


@dataclass(slots=True)
class Buckets:
    """The samples of one point, as they come. Both methods raise Unreadable."""

    gauge: bool
    bound: float = -math.inf
    inside: float = 0.0
    any: bool = False
    negative: bool = False
    count: float | None = None
    sum: float | None = None

    def take(self, at: int, suffix: str, sample: Sample) -> None:
        """A sample whose own form has been found right."""
        if suffix == "_bucket":
            self._bucket(at, float(sample.labels["le"]), sample.value)
        elif suffix in ("_count", "_gcount"):
            self.count = sample.value
        elif suffix in ("_sum", "_gsum"):
            self.sum = sample.value

    def _bucket(self, at: int, bound: float, inside: float) -> None:
        if self.any and bound <= self.bound:
            raise Unreadable(at, "the buckets of a histogram do not stand in the order of le")
        if inside < self.inside:
            raise Unreadable(at, "a bucket holds less than the one before it")
        self.any, self.bound, self.inside = True, bound, inside
        self.negative = self.negative or bound < 0

    def end(self, at: int, name: str) -> None:
        """All of the point has come."""
        count, total = ("_gcount", "_gsum") if self.gauge else ("_count", "_sum")
        if self.bound != math.inf:
            raise Unreadable(at, f"the histogram {shown(name)} has no bucket +Inf")
        if self.count is not None and self.count != self.inside:
            raise Unreadable(at, f"{name}{count} is not what the bucket +Inf holds")
        if (self.count is None) != (self.sum is None):
            raise Unreadable(at, f"{name}{count} and {name}{total} go together")
        if self.sum is None:
            return
        if self.negative and not self.gauge:
            raise Unreadable(at, f"{name}{total} beside buckets below 0")
        if self.sum < 0 and not self.negative:
            raise Unreadable(at, f"{name}{total} is negative without buckets below 0")
