"""When a log line counts: by its own time where it carries one that can be, else by when it came."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from checks.log_lines import Line
from checks.memo_numbers import is_number
from config.units import show_duration


class LogClock:
    """Tells the moment at which each line of one look counts, in Unix seconds.

    A line that the last look did not see is not older than that look, if it had read everything: whoever's clock
    or zone is wrong, what is new is counted as new. At the first look nobody knows, and lines count by their own
    time alone. A line without one goes with the dated line before it, else with the last change of its file.
    """

    def __init__(self, now: float, memo: Any) -> None:
        self._now = now
        self._read_all_at = min(float(memo), now) if is_number(memo) else None
        self._before: dict[str, float] = {}
        self._newest: float | None = None

    @property
    def first_look(self) -> bool:
        return self._read_all_at is None

    def counts_at(self, line: Line, own: float | None) -> float:
        """The moment for a line whose own time is `own`."""
        if own is not None and (self._newest is None or own > self._newest):
            self._newest = own
        at = own if own is not None else self._before.get(line.origin)
        if at is None:
            at = self._came(line)
        self._before[line.origin] = at
        if self._read_all_at is not None:
            at = max(at, self._read_all_at)
        return min(at, self._now)

    def notes(self, window: float) -> tuple[str, ...]:
        """Why a first look at a log with many lines may count none of them."""
        if not self.first_look or self._newest is None or self._newest >= self._now - window:
            return ()
        age = show_duration(self._now - self._newest)
        return (f"the newest line is {age} old, more than the window of {show_duration(window)}",)

    def memo(self, *, read_all: bool) -> float | None:
        """What the next look's clock is made from."""
        return self._now if read_all else self._read_all_at

    def _came(self, line: Line) -> float:
        if self.first_look and line.at is None:
            with suppress(OSError, ValueError):
                return Path(line.origin).stat().st_mtime
        return self._now
