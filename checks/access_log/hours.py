"""How many requests each hour saw, by the log's own time: also of lines that are too late for the window.

What stands in the memo are the sums of the hours that lines may still be added to. So a look tells all that is known
of an hour, and what is stored is right whichever look comes last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

Counts: TypeAlias = tuple[int, int]  # requests, and those of them that were answered well

HOUR = 3600
LONGEST = 35 * 24 * HOUR  # how far back one look may count
AHEAD = 600.0  # how much later than now a line may claim to be
_LATE = 24 * HOUR  # how late a line may come once all was read
_MOST = 2 * LONGEST // HOUR  # hours that are remembered


class Hours:
    """Sums by hour, from the hour of the first look on: nobody looked before."""

    def __init__(self, memo: Any, now: float) -> None:
        """`now` in Unix seconds; a memo of another shape is as good as none."""
        this = _hour(now)
        begin, counts = _parsed(memo) or (this, {})
        # Where the clock was set back, what was counted for later stands until that time comes again.
        self._begin, self._until = min(begin, this), now + AHEAD
        self._counts = dict(sorted(counts.items())[:_MOST])

    def take(self, new: Mapping[int, Counts], *, all_read: bool) -> dict[int, Counts]:
        """Add what was read; the sums of the hours that it changed. While there is more to read, lines may be older."""
        for hour, (valid, good) in new.items():
            before = self._counts.get(hour, (0, 0))
            self._counts[hour] = before[0] + valid, before[1] + good
        self._forget(LONGEST)
        changed = {hour: self._counts[hour] for hour in new if hour in self._counts}
        if all_read:
            self._forget(_LATE)
        return changed

    def memo(self) -> Any:
        """What the next one is made from."""
        return [self._begin, [[hour, *counts] for hour, counts in self._counts.items()]]

    def _forget(self, span: int) -> None:
        """What lies more than `span` before the newest that is not later than now; from now on it is not counted."""
        newest = max((hour for hour in self._counts if hour <= self._until), default=self._begin)
        self._begin = max(self._begin, newest - span)
        self._counts = {hour: counts for hour, counts in self._counts.items() if hour >= self._begin}


def _hour(at: float) -> int:
    return int(at // HOUR) * HOUR


def _parsed(memo: Any) -> tuple[int, dict[int, Counts]] | None:
    match memo:
        case [int(begin), [*listed]] if all(map(_is_count, listed)):
            return begin, {hour: (valid, good) for hour, valid, good in listed}
    return None


def _is_count(each: Any) -> bool:
    match each:
        case [int(hour), int(valid), int(good)]:
            return hour % HOUR == 0 and 0 <= good <= valid
    return False
