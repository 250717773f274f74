"""Metrics: below which value a share of a histogram's observations stayed."""

from __future__ import annotations

import math
from collections.abc import Mapping


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """Of cumulative counts by upper bound; None where nothing was observed, or nothing can be said.

    Within a bucket observations are taken as spread evenly, from 0 in the lowest where its bound is above 0; what
    lies in the last bucket, which has no end, counts as the bound before it. So does Prometheus.
    """
    bounds = sorted(buckets)
    total = buckets[bounds[-1]] if bounds and bounds[-1] == math.inf else 0.0
    if total <= 0 or len(bounds) < 2:
        return None
    rank = share * total
    at = next((number for number, bound in enumerate(bounds) if buckets[bound] >= rank), len(bounds) - 1)
    if bounds[at] == math.inf:
        return bounds[at - 1]
    if at == 0 and bounds[0] <= 0:
        return bounds[0]
    low, below = (bounds[at - 1], buckets[bounds[at - 1]]) if at else (0.0, 0.0)
    inside = buckets[bounds[at]] - below
    return low + (bounds[at] - low) * (rank - below) / inside if inside > 0 else bounds[at]
