"""Exclusions: time that a service's agreement leaves out of its account, whatever was seen in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter

from alerting.slo.spans import Klass, Span, outside

# Moments in microseconds UTC, half-open, in order, apart from each other.
Windows = tuple[tuple[int, int], ...]
HOURS = "hours"


@dataclass(frozen=True, slots=True)
class Exclusions:
    """What an agreement leaves out.

    `closed` is the time outside of the agreed hours, None where all hours count. Nothing is promised in it, so it
    goes before planned work and all else. `down` is, for each service by which time is left out, when that was down;
    planned work goes before it. Time in which several of them were down is the first one's.
    """

    closed: Windows | None = None
    down: tuple[tuple[str, Windows], ...] = ()

    def promised(self, spans: Iterable[Span]) -> list[Span]:
        """What of the spans lies within the agreed hours."""
        return list(outside(spans, self.closed) if self.closed else spans)

    def applied(self, spans: Sequence[Span]) -> tuple[list[Span], tuple[Excluded, ...]]:
        """The spans that are left, and how much each cause took of them; every cause is told, also where it is none."""
        kept, taken = self.promised(spans), []
        if self.closed is not None:
            taken.append(Excluded(HOURS, time_in(spans) - time_in(kept), promised=False))
        for service, windows in self.down:
            before, kept = time_in(kept), _without(kept, windows)
            taken.append(Excluded(service, before - time_in(kept), promised=True))
        return kept, tuple(taken)


@dataclass(frozen=True, slots=True)
class Excluded:
    """The time that one cause took out, in microseconds.

    The cause is a service that was down or, where nothing was `promised`, the agreed hours.
    """

    by: str
    length: int
    promised: bool


ALL_COUNTS = Exclusions()


def time_in(spans: Iterable[Span]) -> int:
    """The time in the spans."""
    return sum(span.end - span.start for span in spans)


def _without(spans: Sequence[Span], windows: Windows) -> list[Span]:
    """The spans without what the windows take; planned work stays."""
    planned = [span for span in spans if span.klass is Klass.MAINTENANCE]
    seen = (span for span in spans if span.klass is not Klass.MAINTENANCE)
    return sorted([*planned, *outside(seen, windows)], key=attrgetter("start"))
