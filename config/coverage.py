"""Which hours of a week nobody is on call, for rotations that follow the sun."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from config.calendars import Timetable
from config.hours import DAY_NAMES

_WEEK = 7 * 24 * 60
# Mondays in either half of the year: clocks that are set for summer are set in one of them.
_MONDAYS = (date(2026, 1, 12), date(2026, 7, 13))


def uncovered(tables: Iterable[Timetable]) -> tuple[int, str] | None:
    """Minutes of the worse of two weeks, winter's and summer's, and where the first begins; None without any.

    The moment is in UTC, such as `mon 16:00`. Days off are left out of it.
    """
    known = list(tables)
    holes = [list(_holes(known, monday)) for monday in _MONDAYS]
    worst = max(holes, key=lambda found: sum(end - start for start, end in found))
    if not worst:
        return None
    start = worst[0][0]
    day, minute = divmod(start, 24 * 60)
    return sum(
        end - start for start, end in worst
    ), f"{DAY_NAMES[day][:3]} {minute // 60:02}:{minute % 60:02}"


def _holes(tables: list[Timetable], monday: date) -> Iterator[tuple[int, int]]:
    """The minutes of that week, in UTC, in which none is open."""
    at = 0
    for start, end in sorted(span for table in tables for span in _open(table, monday)):
        if start > at:
            yield at, start
        at = max(at, end)
    if at < _WEEK:
        yield at, _WEEK


def _open(table: Timetable, monday: date) -> Iterator[tuple[int, int]]:
    """Cut to the week; local days before and after it reach into it."""
    zone, midnight = ZoneInfo(table.zone), datetime(monday.year, monday.month, monday.day, tzinfo=UTC)
    for offset in range(-1, 8):
        day = datetime.combine(monday + timedelta(days=offset), datetime.min.time(), zone)
        for start, end in table.week[offset % 7]:
            first, last = (
                round(((day + timedelta(minutes=each)).astimezone(UTC) - midnight).total_seconds() / 60)
                for each in (start, end)
            )
            if first < _WEEK and last > 0:
                yield max(first, 0), min(last, _WEEK)
