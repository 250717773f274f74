"""A track: the classes of a check or service up to now, the last one still open; its changes as ledger rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from alerting.slo.gaps import SET_BACK
from alerting.slo.spans import DownWhen, Klass, Span, combine, repaint
from alerting.state import Flip
from checks.base import Status

# Moments in microseconds UTC, ascending; each class holds until the next moment, the last one until told otherwise.
Track: TypeAlias = tuple[tuple[int, Klass], ...]

OF_STATE: Mapping[Status, Klass] = {
    Status.OK: Klass.UP,
    Status.DEGRADED: Klass.DEGRADED,
    Status.DOWN: Klass.DOWN,
    Status.UNKNOWN: Klass.UNKNOWN,
}
_SEEN = frozenset({Klass.UP, Klass.DEGRADED, Klass.DOWN})
# Microseconds that a moment may lie before the last change without the clock having been set back.
SLACK = 120_000_000


@dataclass(frozen=True, slots=True)
class TrackChange:
    """What a new track asks of the ledger: rows to remove by start, rows `(start, end or None, class)` to write.

    `cut`, when given, comes first: rows from that moment on go, and a row that reaches past it ends there.
    It stands where the clock was set back to before all that the track still knew.
    """

    removed: tuple[int, ...]
    written: tuple[tuple[int, int | None, Klass], ...]
    cut: int | None = None

    def __bool__(self) -> bool:
        return bool(self.removed or self.written)


def turned(track: Track, at: int, klass: Klass, slack: int = SLACK) -> Track:
    """The track with `klass` from `at` on.

    A moment at most `slack` microseconds before the last change (looks overlap) is moved up to that change.
    From farther before it, the clock was set back: what was written for the time after `at` is dropped. But a
    clock that is off by more than `SET_BACK` (a machine that starts in 1970) is not believed: nothing changes.
    """
    back = track[-1][0] - at if track else 0
    if back > SET_BACK:
        return track
    if back <= slack:
        at = max(at, at + back)
    kept = tuple(entry for entry in track if entry[0] < at)
    if kept and kept[-1][1] is klass:
        return kept
    return (*kept, (at, klass))


def cut_off(track: Track, at: int) -> Track:
    """The track unknown from `at` on, whatever it says of later: the clock was far ahead."""
    return (*(entry for entry in track if entry[0] < at), (at, Klass.UNKNOWN))


def backdated(track: Track, flip: Flip) -> Track:
    """The track with the flip's states from its first failing (or good) reading on; unknown time stays unknown."""
    spans = spans_of(track, flip.at)
    ends = [since for since, _ in flip.segments[1:]] + [flip.at]
    for (since, state), end in zip(flip.segments, ends, strict=True):
        spans = repaint(spans, since, end, OF_STATE[state], _SEEN)
    return tuple((span.start, span.klass) for span in spans) or track


def spans_of(track: Track, end: int) -> list[Span]:
    """The track as spans up to `end`."""
    ends = [*(start for start, _ in track[1:]), end]
    return [
        Span(start, min(until, end), klass)
        for (start, klass), until in zip(track, ends, strict=False)
        if start < min(until, end)
    ]


def service_track(track: Track, checks: Sequence[Track], down_when: DownWhen, since: int, at: int) -> Track:
    """The service's track, judged anew over `[since, at]` from those of its counting checks."""
    judged = combine([spans_of(check, at + 1) for check in checks], down_when, since, at + 1)
    kept = [entry for entry in track if entry[0] < since]
    for span in judged:
        if not kept or kept[-1][1] is not span.klass:
            kept.append((span.start, span.klass))
    return tuple(kept)


def change(before: Track, after: Track) -> TrackChange:
    """The rows that differ; entries pruned from the front of `after` are no change.

    Where `after` begins earlier than `before`, the rows pruned from `before` may be in its way: they are cut.
    """
    old, new = _rows(before), _rows(after)
    cut = after[0][0] if before and after and after[0][0] < before[0][0] else None
    removed = tuple(start for start in old if start not in new and (not after or start > after[0][0]))
    written = tuple((start, *row) for start, row in new.items() if cut is not None or old.get(start) != row)
    return TrackChange(removed, written, cut)


def first_change(before: Track, after: Track) -> int | None:
    """The first moment at which two tracks differ, None when they are equal."""
    for old, new in zip(before, after, strict=False):
        if old != new:
            return min(old[0], new[0])
    longer = before if len(before) > len(after) else after
    shorter = min(len(before), len(after))
    return longer[shorter][0] if len(longer) > shorter else None


def pruned(track: Track, keep_from: int) -> Track:
    """The track without what ended before `keep_from`: nothing earlier can change any more."""
    first = 0
    for number in range(1, len(track)):
        if track[number][0] <= keep_from:
            first = number
    return track[first:]


def _rows(track: Track) -> dict[int, tuple[int | None, Klass]]:
    ends: list[int | None] = [*(start for start, _ in track[1:]), None]
    return {start: (end, klass) for (start, klass), end in zip(track, ends, strict=False)}
