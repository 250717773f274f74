"""Somebody with a stopwatch: the class of every single second, and each figure by counting seconds.

Written apart from the product and without any of it. Seconds are whole numbers from 0 on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction

CLASSES = ("up", "degraded", "down", "maintenance", "unknown")


@dataclass
class History:
    """What was told of a service: events `(at, class, for how long or None)` in the order of telling, and windows."""

    events: list[tuple[int, str, int | None]] = field(default_factory=list)
    work: list[tuple[int, int]] = field(default_factory=list)
    off: list[tuple[int, int]] = field(default_factory=list)

    def watched(self, second: int) -> bool:
        return any(at <= second for at, _, _ in self.events)

    def klass(self, second: int) -> str:
        """The class of a second in which the service is watched."""
        if inside(second, self.work):
            return "maintenance"
        if inside(second, self.off):
            return "unknown"
        at, word, lasts = -1, "unknown", None
        for event in self.events:  # a later one of the same second stands in place of an earlier one
            if at <= event[0] <= second:
                at, word, lasts = event
        return word if lasts is None or second < at + lasts else "unknown"


@dataclass
class Agreement:
    degraded: str = "up"
    unknown: str = "exclude"
    maintenance: str = "exclude"
    target: Fraction = Fraction(99, 100)

    def counts(self, klass: str) -> str:
        treated = {"degraded": self.degraded, "unknown": self.unknown, "maintenance": self.maintenance}
        return treated.get(klass, klass)


def inside(second: int, windows: Iterable[tuple[int, int]]) -> bool:
    return any(start <= second < end for start, end in windows)


def counted(history: History, agreement: Agreement, start: int, end: int, as_of: int) -> dict[str, object]:
    """Every figure of `[start, end)` as of a second."""
    sums = dict.fromkeys(CLASSES, 0)
    good = bad = base = 0
    outages: list[tuple[int, int]] = []
    for second in range(start, end):
        if not history.watched(second):
            continue
        if second >= as_of:
            base += not (inside(second, history.work) and agreement.maintenance == "exclude")
            continue
        klass = history.klass(second)
        sums[klass] += 1
        part = agreement.counts(klass)
        good, bad = good + (part == "up"), bad + (part == "down")
        if part == "down":
            before = outages.pop() if outages and outages[-1][1] == second else (second, second)
            outages.append((before[0], second + 1))
    observed = sum(sums.values())
    budget = (1 - agreement.target) * (good + bad + base)
    uptime = Fraction(good, good + bad) if good + bad else None
    return {
        **sums,
        "counted": good + bad,
        "uptime": uptime,
        "met": None if uptime is None or as_of < end else uptime >= agreement.target,
        "budget": budget,
        "left": budget - bad,
        "coverage": Fraction(good + bad, observed) if observed else None,
        "outages": outages,
    }


def stretches(classify: Callable[[int], str | None], edges: Iterable[int]) -> dict[str, int]:
    """How much time lies in each class, where nothing changes but at the edges; None is left out."""
    sums = dict.fromkeys(CLASSES, 0)
    ordered = sorted(set(edges))
    for i in range(len(ordered) - 1):
        klass = classify(ordered[i])
        if klass is not None:
            sums[klass] += ordered[i + 1] - ordered[i]
    return sums
