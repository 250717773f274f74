"""API: numbers, durations and moments as headers and documents carry them. What is none is dropped, not guessed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from checks.status_page.moments import moment

_NUMBER = re.compile(r"([0-9]{1,19})(?:\.([0-9]{1,9})[0-9]{0,12})?")
# 2001: what is smaller counts seconds from now, what is larger is a moment, finer by every three digits.
_EPOCH = 1e9
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,12})?)(ns|us|µs|μs|ms|s|m|h|d)")
_WORTH = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
}
_ISO = re.compile(
    r"P(?:([0-9]{1,5})D)?(?:T(?:([0-9]{1,5})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,9}(?:\.[0-9]{1,9})?)S)?)?"
)
_LONGEST_TEXT = 80
_LONGEST = 100 * 366 * 86400.0


def number(value: object) -> int | float | None:
    """A count from 0 of at most 19 digits: text such as `299.0`, or a number of a document."""
    if isinstance(value, bool) or value is None:
        return None
    found = _NUMBER.fullmatch(str(value).strip()) if isinstance(value, (str, int, float)) else None
    if not found:
        return None
    return int(found[1]) if not int(found[2] or 0) else float(f"{found[1]}.{found[2]}")


def duration(text: str) -> float | None:
    """Seconds of `6m0s`, `17ms`, `1h2m3.5s` or `PT30S`."""
    text = text.strip().replace("Âµ", "µ")  # in UTF-8, read as headers are
    if not text or len(text) > _LONGEST_TEXT:
        return None
    parts = _PART.findall(text)
    if parts and "".join(map("".join, parts)) == text:
        return _bounded(sum(float(count) * _WORTH[unit] for count, unit in parts))
    iso = _ISO.fullmatch(text)
    if not iso or not any(iso.groups()):
        return None
    days, hours, minutes, seconds = (float(part or 0) for part in iso.groups())
    return _bounded(days * 86400 + hours * 3600 + minutes * 60 + seconds)


class Until(NamedTuple):
    """A moment to come: seconds until then, never below 0, and the moment in seconds since 1970."""

    seconds: float
    at: float


def until(value: object, now: float, *, milliseconds: bool = False) -> Until | None:
    """The moment that a text or a number means, seen from `now` (since 1970).

    A number is seconds from now, or milliseconds where the name says so; one as large as a moment since 1970 is
    that moment, in seconds or finer. Text is a duration, RFC 3339, or a date of HTTP.
    """
    count = number(value)
    if count is not None:
        if count >= _EPOCH:
            return _at(moment(count), now)
        return _after(_bounded(count / 1000 if milliseconds else float(count)), now)
    if not isinstance(value, str):
        return None
    return _after(duration(value), now) or _at(date(value), now)


def seconds_of(value: object, *, milliseconds: bool = False) -> float | None:
    """How long a number or a duration lasts."""
    count = number(value)
    if count is None:
        return duration(value) if isinstance(value, str) else None
    return _bounded(count / 1000 if milliseconds else float(count))


def _after(seconds: float | None, now: float) -> Until | None:
    return None if seconds is None else Until(seconds, now + seconds)


def _at(at: float | None, now: float) -> Until | None:
    return None if at is None else Until(round(max(0.0, at - now), 6), at)


def date(text: str) -> float | None:
    """Seconds since 1970 of a date as text; the day of the week may be wrong, as in RFC 8594's own example."""
    text = text.strip().removesuffix(" UTC")  # which is meant where no zone is said
    return moment(text) if len(text) <= _LONGEST_TEXT and not text.isdigit() else None


def clock_of(headers: Mapping[str, str], now: float) -> float:
    """The server's own clock where it tells it: moments of an answer are reckoned by the clock they were made with."""
    told = date(headers.get("date", ""))
    return now if told is None else told


def _bounded(seconds: float) -> float | None:
    return seconds if 0 <= seconds <= _LONGEST else None
