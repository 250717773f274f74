"""The moment that a log line carries: ISO 8601, syslog, Apache and nginx, ctime, klog, seconds since 1970."""

from __future__ import annotations

import re
import time
from calendar import timegm
from functools import lru_cache

_MONTHS = {
    name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)
}
_MONTH = b"(?:" + b"|".join(_MONTHS) + b")"
_CLOCK = rb"(\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
_ZONE = rb"(?: ?(Z|UTC|GMT|[+-]\d\d:?\d\d)(?![\d:]))?"
# Where in a line its time is looked for: a level, a thread or a process may stand before it.
_REACH = 160
_DAY = 86400.0
# A year is not said by syslog: a moment further ahead than this was last year.
_AHEAD = 2 * _DAY
# 2001 to 2286: ten digits of seconds, and as many more as the unit is finer.
_LEAST_SECONDS, _MOST_SECONDS = 1e9, 1e10

_SYSLOG = re.compile(rb"(?:<\d{1,3}>)?(" + _MONTH + rb") +(\d{1,2}) " + _CLOCK)
_ISO = re.compile(rb"(?<![\d-])(\d{4})[-/](\d\d)[-/](\d\d)(?:[T ]|, )" + _CLOCK + _ZONE)
_APACHE = re.compile(rb"(\d{1,2})[/ -](" + _MONTH + rb")[/ -](\d{4})[: ]" + _CLOCK + _ZONE)
_CTIME = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? ("
    + _MONTH
    + rb") +(\d{1,2}) "
    + _CLOCK
    + rb"(?: [A-Z]{3,4})? (\d{4})"
)
_KLOG = re.compile(rb"[IWEF](\d\d)(\d\d) " + _CLOCK + rb" +\d+ ")
_HAS_CLOCK = re.compile(rb"\d:\d\d:\d")
_EPOCH = re.compile(rb"\[?(\d{10})(\d{3}|\d{6}|\d{9})?(?:\.(\d{1,9}))?(?=[\]\s:,])")


def moment(line: bytes, now: float) -> float | None:
    """Unix seconds of the line's own time; None when it carries none that is known.

    Where no zone is said it is this host's. `now` tells the year where none is said.
    """
    head = line[:_REACH]
    first = head[:1]
    if first.isalpha() or first == b"<":
        if found := _SYSLOG.match(head):
            return _without_year(_MONTHS[found[1]], int(found[2]), found.groups()[2:6], now)
        if found := _KLOG.match(head):
            return _without_year(int(found[1]), int(found[2]), found.groups()[2:6], now)
    elif found := _EPOCH.match(head):
        return float(f"{int(found[1])}.{(found[2] or found[3] or b'0').decode()}")
    return _dated(head)


def moment_of_value(value: object, now: float) -> float | None:
    """The same for a field of JSON: text as in a line, or a number of seconds, milli-, micro- or nanoseconds."""
    if isinstance(value, str):
        text = value.strip()
        return moment(text.encode("utf-8", "replace") + b" ", now)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    for unit in (1, 1e3, 1e6, 1e9):
        if _LEAST_SECONDS * unit <= value < _MOST_SECONDS * unit:
            return float(value / unit)
    return None


def _dated(head: bytes) -> float | None:
    if not _HAS_CLOCK.search(head):  # most lines without a time end here
        return None
    if found := _ISO.search(head):
        year, month, day, hour, minute, second, part, zone = found.groups()
        return _moment((int(year), int(month), int(day)), (hour, minute, second, part), zone)
    if found := _APACHE.search(head):
        day, name, year, hour, minute, second, part, zone = found.groups()
        return _moment((int(year), _MONTHS[name], int(day)), (hour, minute, second, part), zone)
    if found := _CTIME.search(head):
        name, day, hour, minute, second, part, year = found.groups()
        return _moment((int(year), _MONTHS[name], int(day)), (hour, minute, second, part), None)
    return None


Clock = tuple[bytes, ...]


def _without_year(month: int, day: int, clock: Clock, now: float) -> float | None:
    """In the year that makes it the latest moment not yet to come."""
    year = time.localtime(now).tm_year
    for near in (year + 1, year, year - 1):
        at = _moment((near, month, day), clock, None)
        if at is not None and at <= now + _AHEAD:
            return at
    return None


def _moment(date: tuple[int, int, int], clock: Clock, zone: bytes | None) -> float | None:
    hour, minute, second, part = clock
    whole = _seconds((*date, int(hour), int(minute), int(second)), zone)
    return None if whole is None else whole + (float(b"0." + part) if part else 0.0)


@lru_cache(maxsize=4096)
def _seconds(fields: tuple[int, int, int, int, int, int], zone: bytes | None) -> float | None:
    year, month, day, hour, minute, second = fields
    if not (1970 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= _days(year, month)):
        return None
    if hour > 23 or minute > 59 or second > 60:
        return None
    try:
        if zone is not None:
            return float(timegm(fields) - _offset(zone))
        return float(time.mktime((year, month, day, hour, minute, second, 0, 0, -1)))
    except (OverflowError, ValueError):
        return None


def _days(year: int, month: int) -> int:
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 29 if month == 2 and leap else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]


def _offset(zone: bytes) -> int:
    """Seconds east of Greenwich."""
    if not zone.startswith((b"+", b"-")):
        return 0
    digits = zone[1:].replace(b":", b"")
    ahead = int(digits[:2]) * 3600 + int(digits[2:4]) * 60
    return -ahead if zone.startswith(b"-") else ahead
