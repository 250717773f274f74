"""When a request was: the times that servers write, as Unix seconds, each second worked out once."""

from __future__ import annotations

import time
from datetime import date

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_EPOCH = date(1970, 1, 1).toordinal()
_REMEMBERED = 4096
_DAY, _YEAR = 86400, 366 * 86400
# What counts as milliseconds, microseconds, nanoseconds since 1970: seconds get that large only in the year 5138.
_FINER = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))
_LAST = 253402300800.0  # the year 10000


class Moments:
    """Reads times. `now` (Unix seconds) gives the year to those written without one, as syslog does; without it they
    are none.

    A time without a zone is this machine's local time, as the servers that write so mean it.
    """

    __slots__ = ("_now", "known")

    def __init__(self, now: float | None = None) -> None:
        self._now = now
        self.known: dict[str, float | None] = {}

    def at(self, text: str) -> float | None:
        """Unix seconds; None when the text is no time."""
        try:
            return self.known[text]
        except KeyError:
            pass
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        at = self._read(text)
        if len(text) <= 40:
            self.known[text] = at
        return at

    def of_number(self, number: float) -> float | None:
        """The same for a bare number since 1970, in whatever unit its size says."""
        for least, per_second in _FINER:
            if number >= least:
                number /= per_second
                break
        return number if 0 < number < _LAST else None

    def _read(self, text: str) -> float | None:
        if not 8 <= len(text) <= 64 or not text.isascii():
            return None
        try:
            if text[2] == "/":
                return self._clf(text)
            if text[4] in "-/":
                return self._iso(text)
            if text[0].isdigit():
                return self.of_number(float(text))
            return self._spoken(text)
        except (ValueError, IndexError, KeyError, OverflowError):
            return None

    def _clf(self, text: str) -> float:
        """`10/Oct/2000:13:55:36 -0700`, also with a fraction, a space before the time, or no zone."""
        day, month, year = int(text[:2]), _MONTHS[text[3:6].lower()], int(text[7:11])
        return self._seconds((year, month, day), text[12:], text[11])

    def _iso(self, text: str) -> float:
        """`2000-10-10T13:55:36.123456-07:00` and its likes; `2000/10/10 13:55:36`."""
        return self._seconds((int(text[:4]), int(text[5:7]), int(text[8:10])), text[11:], text[10])

    def _seconds(self, day: tuple[int, int, int], clock: str, joint: str) -> float:
        """The day and `HH:MM:SS[.fraction][zone]`."""
        if joint not in ":T t_" or clock[2] != ":" or clock[5] != ":":
            raise ValueError(clock)
        hour, minute, second = int(clock[:2]), int(clock[3:5]), int(clock[6:8])
        fraction, zone = _fraction(clock[8:])
        return _moment(day, (hour, minute, second), zone) + fraction

    def _spoken(self, text: str) -> float | None:
        """`Sun Mar 13 22:49:15 2016`, `Wed, 08 Dec 2021 14:02:43 GMT`, `Mar 24 14:02:50`."""
        words = text.replace(",", " ").split()
        if words[0][:3].lower() not in _MONTHS:
            words = words[1:]
        if words[0].isdigit():
            words[0], words[1] = words[1], words[0]
            if len(words) > 3 and ":" in words[3]:
                words[2], words[3] = words[3], words[2]
        month, day, clock = _MONTHS[words[0][:3].lower()], int(words[1]), words[2]
        if len(words) == 3:
            return self._this_year(month, day, clock)
        zone = " ".join(words[4:]) if len(words) > 4 else ""
        return self._seconds((int(words[3]), month, day), f"{clock} {zone}", " ")

    def _this_year(self, month: int, day: int, clock: str) -> float:
        """The latest such day that is not to come."""
        if self._now is None:
            raise ValueError(clock)
        year = time.gmtime(self._now).tm_year + 1
        at = self._seconds((year, month, day), clock, " ")
        while at > self._now + _DAY and year > 1970:
            year -= 1
            at = self._seconds((year, month, day), clock, " ")
        return at


def _fraction(text: str) -> tuple[float, str]:
    """`.123 +0000` into 0.123 and `+0000`."""
    if text[:1] not in {".", ","}:
        return 0.0, text.strip()
    end = 1
    while end < len(text) and text[end].isdigit():
        end += 1
    return float(f"0.{text[1:end] or '0'}"), text[end:].strip()


def _moment(day: tuple[int, int, int], clock: tuple[int, int, int], zone: str) -> float:
    """Unix seconds. A 31st that its month lacks is the next month's first, as strptime and mktime take it."""
    (year, month, number), (hour, minute, second) = day, clock
    sane = 1970 <= year <= 9999 and 1 <= number <= 31 and 0 <= hour <= 23 and 0 <= minute <= 59
    if not sane or not 0 <= second <= 60:
        raise ValueError(day)
    if not zone:
        return time.mktime((year, month, number, hour, minute, second, -1, -1, -1))
    days = date(year, month, 1).toordinal() - _EPOCH + number - 1
    return float(days * _DAY + hour * 3600 + minute * 60 + second - _offset(zone))


def _offset(zone: str) -> int:
    """Seconds east of Greenwich: `+0530`, `+05:30`, `-07`, `Z`."""
    if zone in {"Z", "z", "UTC", "GMT", "utc"}:
        return 0
    digits = zone[1:].replace(":", "")
    if zone[0] not in "+-" or not digits.isdigit() or len(digits) not in {2, 4}:
        raise ValueError(zone)
    east = int(digits[:2]) * 3600 + int(digits[2:] or 0) * 60
    return -east if zone[0] == "-" else east
