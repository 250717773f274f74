"""systemd's OnCalendar expressions, read into what cronsim can step through."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_DAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_WORDS = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "weekly": "mon *-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00",
    "semiannually": "*-01,07-01 00:00:00",
    "yearly": "*-01-01 00:00:00",
    "annually": "*-01-01 00:00:00",
}
_YEARS = (1970, 2199)
_ITEM = re.compile(r"(\*|\d{1,4})(?:\.\.(\d{1,4}))?(?:/(\d{1,4}))?")
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Calendar:
    """`cron` has six fields, seconds first; None stands for all `years`, all `weekdays` (Sunday is 0).

    With `every_hour` an hour that the clocks show twice is two hours.
    """

    cron: str
    years: frozenset[int] | None
    weekdays: frozenset[int] | None
    every_hour: bool


def read(text: str) -> Calendar:
    """The calendar of `Mon..Fri *-*-* 02:30`, `daily`, `*-*-01 04:00:00`. Raises ValueError with the reason.

    The rules are those of systemd.time(7), without fractions of seconds, days counted from the end of a
    month (`~`) and a zone at the end.
    """
    small = text.strip().lower()
    if not small or len(small) > _LONGEST:
        raise ValueError("expected an expression like Mon..Fri *-*-* 02:30")
    parts = _WORDS.get(small, small).split()
    days = parts.pop(0) if parts and parts[0][0].isalpha() else "*"
    date = parts.pop(0) if parts and "-" in parts[0] else "*-*-*"
    time = parts.pop(0) if parts else "00:00:00"
    if parts or ":" not in time:
        raise ValueError("expected days, date and time, like Mon..Fri *-*-* 02:30 (the zone goes into zone:)")
    year, month, day = _split(date, "-", ("*",))
    hour, minute, second = _split(time, ":", ("00",), pad_right=True)
    years = None if year == "*" else frozenset(_items(year, *_YEARS))
    fields = (
        _field(second, 0, 59),
        _field(minute, 0, 59),
        _field(hour, 0, 23),
        _field(day, 1, 31),
        _field(month, 1, 12),
    )
    # cron would take a day of the month or one of the week where both are named; here it must be both.
    return Calendar(" ".join((*fields, "*")), years, _weekdays(days), every_hour=hour == "*")


def _split(text: str, mark: str, filler: tuple[str], *, pad_right: bool = False) -> Sequence[str]:
    """Three parts: `12-25` is a day of any year, `02:30` has no seconds."""
    parts = text.split(mark)
    missing = [*filler] * (3 - len(parts))
    if len(parts) > 3 or not all(parts):
        raise ValueError(f'cannot read "{text}"')
    return [*parts, *missing] if pad_right else [*missing, *parts]


def _field(text: str, least: int, most: int) -> str:
    return "*" if text == "*" else ",".join(map(str, sorted(set(_items(text, least, most)))))


def _items(text: str, least: int, most: int) -> list[int]:
    """The numbers of `1,5..7,0/15`."""
    found: list[int] = []
    for item in text.split(","):
        match = _ITEM.fullmatch(item)
        if match is None:
            raise ValueError(f'cannot read "{item}"')
        start = least if match[1] == "*" else _two_digits(int(match[1]), least)
        end = int(match[2]) if match[2] else most if match[3] or match[1] == "*" else start
        end = _two_digits(end, least)
        step = int(match[3] or 1)
        if not least <= start <= end <= most or step == 0:
            raise ValueError(f'"{item}" is not within {least}..{most}')
        found += range(start, end + 1, step)
    return found


def _two_digits(number: int, least: int) -> int:
    """Years may be written with two digits."""
    return number + (2000 if number < 70 else 1900) if least == _YEARS[0] and number < 100 else number


def _weekdays(text: str) -> frozenset[int] | None:
    if text == "*":
        return None
    found: set[int] = set()
    for item in text.rstrip(",").split(","):
        first, dots, last = item.partition("..")
        start, end = _weekday(first), _weekday(last if dots else first)
        found |= {day % 7 for day in range(start, end + 1 if start <= end else end + 8)}
    return frozenset(found)


def _weekday(name: str) -> int:
    for number, day in enumerate(_DAYS):
        if name in (day, day[:3]):
            return number
    raise ValueError(f'"{name}" is no day of the week')
