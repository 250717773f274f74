"""How long a check's answers took, over time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from agent.store.reader import Reader
from alerting.slo.sketch import merged

_SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Step:
    """Of one hour or day (`width`, microseconds, from `at` on): the count of answers, and percentiles in seconds."""

    at: int
    width: int
    count: int
    shares: dict[str, float]


def latency(store: Reader, service: str, check: str, start: int, end: int) -> list[Step]:
    """In order of time; hours in which nothing answered are missing."""
    found = []
    for (at, width), group in groupby(store.latencies(service, check, start, end), key=lambda each: each[:2]):
        sketch = merged(each for _, _, each in group)
        values = {name: sketch.quantile(share) for name, share in _SHARES.items()}
        if sketch.count:
            known = {name: each for name, each in values.items() if each is not None}
            found.append(Step(at, width, sketch.count, known))
    return found
