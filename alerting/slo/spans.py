"""Spans: time in one class, and how spans are cut, filled, back-dated and combined.

Moments are integer microseconds of POSIX time (UTC, no leap seconds); intervals are half-open `[start, end)`.
Wherever spans come in, they are sorted by time and do not overlap; so are those that go out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, islice, pairwise
from operator import attrgetter, itemgetter


class Klass(StrEnum):
    """What a stretch of time was, for the ledger of uptime."""

    UP = "up"
    DEGRADED = "degraded"
    DOWN = "down"
    MAINTENANCE = "maintenance"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Span:
    """The time `[start, end)` in one class; never empty."""

    start: int
    end: int
    klass: Klass

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise ValueError(f"a span must end after it starts: [{self.start}, {self.end})")


def clip(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """The parts of the spans that lie in `[start, end)`; gaps stay gaps."""
    clipped: list[Span] = []
    for span in spans:
        if start <= span.start and span.end <= end:
            clipped.append(span)
        elif (low := max(span.start, start)) < (high := min(span.end, end)):
            clipped.append(Span(low, high, span.klass))
    return clipped


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans, those that touch and share a class grown into one; gaps stay gaps."""
    laid: list[Span] = []
    for span in spans:
        _lay(laid, span)
    return laid


def painted(spans: Iterable[Span], windows: Iterable[tuple[int, int]], klass: Klass) -> list[Span]:
    """The union of the windows `[start, end)` laid over the spans as `klass`, over gaps as well."""
    covers = [Span(start, end, klass) for start, end in union(windows)]
    return (
        merged(sorted([*_outside(spans, covers), *covers], key=attrgetter("start")))
        if covers
        else list(spans)
    )


def _outside(spans: Iterable[Span], covers: Sequence[Span]) -> Iterator[Span]:
    """What of the spans no cover lies over."""
    first = 0  # of the covers that may still lie over a span
    for span in spans:
        at = span.start
        while first < len(covers) and covers[first].end <= at:
            first += 1
        for cover in islice(covers, first, None):
            if cover.start >= span.end:
                break
            if at < cover.start:
                yield Span(at, cover.start, span.klass)
            at = cover.end
        if at < span.end:
            yield Span(at, span.end, span.klass)


def union(windows: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The time that any of the windows covers, as windows that neither touch nor overlap; empty ones are none."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(window for window in windows if window[0] < window[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def tile(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """Spans that cover `[start, end)` exactly, each differing from its neighbour in class.

    Gaps become unknown. An empty window gives an empty list.
    Raises ValueError when the spans within the window overlap or are out of order.
    """
    tiles: list[Span] = []
    at = start
    for span in clip(spans, start, end):
        if span.start < at:
            raise ValueError(f"spans overlap or are out of order at {span.start}")
        if span.start > at:
            _lay(tiles, Span(at, span.start, Klass.UNKNOWN))
        _lay(tiles, span)
        at = span.end
    if at < end:
        _lay(tiles, Span(at, end, Klass.UNKNOWN))
    return tiles


def repaint(spans: Iterable[Span], start: int, end: int, klass: Klass, over: frozenset[Klass]) -> list[Span]:
    """Back-date: what within `[start, end)` is of a class in `over` becomes `klass`.

    Other classes and gaps stay as they are; touching spans of one class are merged.
    """
    painted: list[Span] = []
    for span in spans:
        low, high = max(span.start, start), min(span.end, end)
        if span.klass not in over or low >= high:
            _lay(painted, span)
            continue
        if span.start < low:
            _lay(painted, Span(span.start, low, span.klass))
        _lay(painted, Span(low, high, klass))
        if high < span.end:
            _lay(painted, Span(high, span.end, span.klass))
    return painted


@dataclass(frozen=True, slots=True)
class DownWhen:
    """How many of a service's counting checks must be down for the service to be down.

    `need` is that number, None standing for all of them. `of` is the number of checks the operator
    named in "2 of 3", kept so that the configuration can be held against it; it decides nothing here.
    """

    need: int | None = 1
    of: int | None = None

    @classmethod
    def parse(cls, text: str) -> DownWhen:
        """Read `any`, `all` or `2 of 3`. Raises ValueError for anything else."""
        words = text.strip()
        if words in ("any", "all"):
            return cls(1 if words == "any" else None)
        match = re.fullmatch(r"([0-9]{1,6})\s+of\s+([0-9]{1,6})", words)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise ValueError(f"{text!r} is not a rule for down_when: write any, all, or a share like 2 of 3")
        return cls(int(match[1]), int(match[2]))

    def judge(self, counts: Mapping[Klass, int]) -> Klass:
        """The class of a service, given how many of its checks are in each class at one moment.

        Checks in maintenance do not count at that moment: `all` means all the others, while the number
        of `2 of 3` stands, so that one check left of three can degrade the service but not take it down.
        """
        counting = sum(counts.values()) - counts[Klass.MAINTENANCE]
        if counting == 0:
            return Klass.MAINTENANCE if counts[Klass.MAINTENANCE] else Klass.UNKNOWN
        need = counting if self.need is None else self.need
        if counts[Klass.DOWN] >= need:
            return Klass.DOWN
        if counts[Klass.DOWN] + counts[Klass.UNKNOWN] >= need:
            return Klass.UNKNOWN
        # A down check that is not enough to take the service down has at least degraded it.
        return Klass.DEGRADED if counts[Klass.DEGRADED] or counts[Klass.DOWN] else Klass.UP


def combine(checks: Sequence[Iterable[Span]], down_when: DownWhen, start: int, end: int) -> list[Span]:
    """The spans of a service over `[start, end)`, from those of its counting checks.

    The class is judged anew at every moment at which any check changes. A gap in a check is unknown
    for that check; a service without counting checks is unknown throughout.
    """
    if not checks:
        return tile((), start, end)
    each = (_changes(tile(check, start, end)) for check in checks)
    changes = sorted(chain.from_iterable(each), key=itemgetter(0))
    counts = dict.fromkeys(Klass, 0)
    combined: list[Span] = []
    for (at, before, after), until in pairwise([*changes, (end, None, Klass.UNKNOWN)]):
        if before is not None:
            counts[before] -= 1
        counts[after] += 1
        if at < until[0]:
            _lay(combined, Span(at, until[0], down_when.judge(counts)))
    return combined


def _changes(tiles: Iterable[Span]) -> Iterator[tuple[int, Klass | None, Klass]]:
    before: Klass | None = None
    for span in tiles:
        yield span.start, before, span.klass
        before = span.klass


def _lay(laid: list[Span], span: Span) -> None:
    """Append the span, grown into the last one where they touch and share a class."""
    if laid and laid[-1].end == span.start and laid[-1].klass is span.klass:
        laid[-1] = Span(laid[-1].start, span.end, span.klass)
    else:
        laid.append(span)
