"""Periods: the stretch of time that a figure speaks of, from the words an operator types.

Calendar periods run from local midnight to local midnight. A local time that the zone's clocks skip is moved
forward by the gap; one that they show twice is the first of the two. Both are what PEP 495 gives for fold=0.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_YEAR_2, _YEAR_9999 = ((datetime(year, 1, 1, tzinfo=UTC) - EPOCH) // MICROSECOND for year in (2, 9999))
FORMS = "2026, 2026-Q4, 2026-11, 2026-W47, 2026-11-21, today, yesterday, 30d, 24h"

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)


@dataclass(frozen=True, slots=True)
class Period:
    """`[start, end)` in microseconds UTC, as named by the operator and reckoned in an IANA zone."""

    name: str
    start: int
    end: int
    zone: str


def parse_period(text: str, zone: str, now: int) -> Period:
    """The period that the text names; `now` (microseconds UTC) settles `today` and where `30d` ends.

    A rolling period is exact hours of 3600 s and days of 24 of them, whatever the clocks of the zone do.
    A calendar period may still be running, or lie ahead.
    Raises ValueError, with the forms that are understood, for anything else and for an unknown zone.
    """
    name = text.strip()
    local = _zone(zone)
    try:
        ends = _rolling(name, now) or _calendar(name, local, now)
    except OverflowError:
        raise ValueError(f"{text!r} reaches beyond the calendar, which has the years 1 to 9999") from None
    except ValueError:
        ends = None
    if ends is None:
        raise ValueError(f"{text!r} is not a period: write one of {FORMS}")
    return Period(name, *ends, zone)


def explicit(start_text: str, end_text: str, zone: str) -> Period:
    """The period between two moments, each as RFC 3339 or as local date and time of the zone.

    A date alone is its midnight; digits below the microsecond are cut off.
    Raises ValueError when one cannot be read, or when the end does not come after the start.
    """
    start, end = moment(start_text, zone), moment(end_text, zone)
    if start >= end:
        raise ValueError(f"the period must end after it starts: from {start_text} to {end_text} in {zone}")
    return Period(f"{start_text.strip()}/{end_text.strip()}", start, end, zone)


def moment(text: str, zone: str) -> int:
    """Microseconds UTC of RFC 3339, or of a local date and time of the zone. Raises ValueError with the forms."""
    local = _zone(zone)
    words = text.strip().upper()
    try:
        if _MOMENT.fullmatch(words) is None:
            raise ValueError(words)
        read = datetime.fromisoformat(words)
        return micros((read if read.tzinfo else read.replace(tzinfo=local)).astimezone(UTC))
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a moment: write 2026-11-21T14:00:00Z, or 2026-11-21 14:00 for local time"
        ) from None


def midnights(until: int, zone: str, days: int) -> tuple[int, ...]:
    """The bounds of so many local days, one more than days; the last day has the last moment before `until` in it.

    A day lasts as long as the zone's clocks make it: 23, 24 or 25 hours, and one that the calendar left out not at all.
    """
    local = _zone(zone)
    # The calendar begins with the year 1 and ends with 9999: some days off its ends every date can be written.
    last = min(max(until - 1, _YEAR_2), _YEAR_9999)
    today = (EPOCH + last * MICROSECOND).astimezone(local).date()
    return tuple(_midnight(today + timedelta(days=day), local) for day in range(1 - days, 2))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"{name!r} is not a time zone: write an IANA name such as Europe/Berlin or UTC"
        ) from None


def micros(moment: datetime) -> int:
    """Microseconds of POSIX time of a moment that knows its zone."""
    return (moment - EPOCH) // MICROSECOND


def _midnight(day: date, zone: ZoneInfo) -> int:
    return micros(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC))


def _rolling(name: str, now: int) -> tuple[int, int] | None:
    match = re.fullmatch(r"([0-9]{1,7})([dh])", name)
    if match is None or int(match[1]) == 0:
        return None
    length = timedelta(days=int(match[1])) if match[2] == "d" else timedelta(hours=int(match[1]))
    # Refused here, with the other forms, rather than later when the start cannot be written as a date.
    return micros(EPOCH + now * MICROSECOND - length), now


def _calendar(name: str, zone: ZoneInfo, now: int) -> tuple[int, int] | None:
    """Both midnights; None when no form fits, ValueError or OverflowError when there is no such date."""
    days = _spoken(name, (EPOCH + now * MICROSECOND).astimezone(zone).date())
    for form, read in _FORMS:
        match = form.fullmatch(name)
        if match is not None:
            days = read(*(int(digits) for digits in match.groups()))
    return None if days is None else (_midnight(days[0], zone), _midnight(days[1], zone))


def _spoken(name: str, today: date) -> tuple[date, date] | None:
    back = {"today": 0, "yesterday": 1}.get(name)
    if back is None:
        return None
    first = today - timedelta(days=back)
    return first, first + timedelta(days=1)


def _months(year: int, month: int, length: int) -> tuple[date, date]:
    past = month - 1 + length
    return date(year, month, 1), date(year + past // 12, past % 12 + 1, 1)


def _week(year: int, week: int) -> tuple[date, date]:
    monday = date.fromisocalendar(year, week, 1)
    return monday, monday + timedelta(days=7)


def _day(year: int, month: int, day: int) -> tuple[date, date]:
    first = date(year, month, day)
    return first, first + timedelta(days=1)


_FORMS: tuple[tuple[re.Pattern[str], Callable[..., tuple[date, date]]], ...] = (
    (re.compile(r"([0-9]{4})"), lambda year: _months(year, 1, 12)),
    (re.compile(r"([0-9]{4})-Q([1-4])"), lambda year, quarter: _months(year, 3 * quarter - 2, 3)),
    (re.compile(r"([0-9]{4})-([0-9]{2})"), lambda year, month: _months(year, month, 1)),
    (re.compile(r"([0-9]{4})-W([0-9]{2})"), _week),
    (re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})"), _day),
)
