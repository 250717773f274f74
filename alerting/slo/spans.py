"""Spans: time in one class, and how spans are cut, filled, back-dated and combined.

Moments are integer microseconds of POSIX time (UTC, no leap seconds); intervals are half-open `[start, end)`.
Wherever spans come in, they are sorted by time and do not overlap; so are those that go out.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, pairwise
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


_START, _END = attrgetter("start"), attrgetter("end")


def clip(spans: Iterable[Span], start: int, end: int) -> list[Span]:
    """The parts of the spans that lie in `[start, end)`; gaps stay gaps."""
    if start >= end:
        return []
    listed = spans if isinstance(spans, list) else list(spans)
    # Only the first and the last may reach out of the window: those between are as they were.
    low, high = bisect_right(listed, start, key=_END), bisect_left(listed, end, key=_START)
    clipped = listed[low:high]
    if clipped and clipped[0].start < start:
        clipped[0] = Span(start, clipped[0].end, clipped[0].klass)
    if clipped and clipped[-1].end > end:
        clipped[-1] = Span(clipped[-1].start, end, clipped[-1].klass)
    return clipped


def merged(spans: Iterable[Span]) -> list[Span]:
    """The spans, those that touch and share a class grown into one; gaps stay gaps."""
    laid: list[Span] = []
    for span in spans:
        if laid and laid[-1].klass is span.klass:
            _lay(laid, span)
        else:
            laid.append(span)
    return laid


def painted(spans: Iterable[Span], windows: Iterable[tuple[int, int]], klass: Klass) -> list[Span]:
    """The union of the windows `[start, end)` laid over the spans as `klass`, over gaps as well.

    A window grows together with what it touches; spans that none touches stay as they are.
    """
    left, first = list(spans), 0  # of those that are still to be laid
    laid: list[Span] = []
    for start, end in union(windows):
        low = bisect_right(left, start, lo=first, key=_END)
        _lay_all(laid, left[first:low])
        if low < len(left) and left[low].start < start:
            _lay(laid, Span(left[low].start, start, left[low].klass))
        _lay(laid, Span(start, end, klass))
        first = bisect_left(left, end, lo=low, key=_START)
        if first > low and left[first - 1].end > end:
            first -= 1
            left[first] = Span(end, left[first].end, left[first].klass)
    _lay_all(laid, left[first:])
    return laid


def outside(spans: Iterable[Span], covers: Sequence[tuple[int, int]]) -> Iterator[Span]:
    """What of the spans none of the windows lies over; the windows are in order and do not overlap."""
    first = 0  # of the windows that may still lie over a span
    for span in spans:
        at = span.start
        while first < len(covers) and covers[first][1] <= at:
            first += 1
        for number in range(first, len(covers)):
            start, end = covers[number]
            if start >= span.end:
                break
            if at < start:
                yield Span(at, start, span.klass)
            at = end
        if at == span.start:
            yield span
        elif at < span.end:
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
        if tiles and tiles[-1].klass is span.klass:
            _lay(tiles, span)
        else:  # nearly always: a call for each of them would take most of the time
            tiles.append(span)
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


def _lay_all(laid: list[Span], spans: Sequence[Span]) -> None:
    """The same of spans that need not grow into each other."""
    if spans:
        _lay(laid, spans[0])
        laid += spans[1:]
