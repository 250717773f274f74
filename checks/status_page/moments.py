"""Status page: the moments that vendors write, each in its own way."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from checks.line_time import moment_of_value

_LONGEST = 80
_EARLIEST, _LATEST = 631152000.0, 4102444800.0  # 1990 to 2100: anything else is a filler such as year 1
# As a browser's Date prints it: `Sat Jun 11 2022 18:55:50 GMT+0000 (Coordinated Universal Time)`.
_BROWSER = re.compile(r"\w{3} (\w{3} \d{1,2} \d{4} \d\d:\d\d:\d\d) GMT([+-]\d{4})")
_AMERICAN = "%B %d, %Y @ %I:%M%p %z"


def moment(written: object) -> float | None:
    """Seconds since 1970; UTC where no zone is said. None for what is no moment between 1990 and 2100."""
    if isinstance(written, str):
        found = _of_text(written.strip()) if len(written) <= _LONGEST else None
    else:
        found = moment_of_value(written, 0.0)
    return found if found is not None and _EARLIEST <= found <= _LATEST else None


def first_moment(*written: object) -> float | None:
    """The first of them that is one."""
    return next((found for each in written if (found := moment(each)) is not None), None)


def rfc3339(at: float) -> str:
    """The moment in UTC, `2026-10-07T13:25:04.155Z`."""
    seen = datetime.fromtimestamp(round(at, 3), UTC)
    return seen.isoformat(timespec="milliseconds" if seen.microsecond else "seconds").replace("+00:00", "Z")


def _of_text(text: str) -> float | None:
    if text.isascii() and text.isdigit():
        return moment_of_value(int(text), 0.0)
    for read in (datetime.fromisoformat, _browsers, _americans, parsedate_to_datetime):
        try:
            found = read(text)
        except (ValueError, TypeError, IndexError, OverflowError):
            continue
        return _seconds(found)
    return None


def _seconds(found: datetime) -> float | None:
    try:
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _browsers(text: str) -> datetime:
    found = _BROWSER.match(text)
    if not found:
        raise ValueError("is not a browser's date")
    return datetime.strptime(f"{found[1]} {found[2]}", "%b %d %Y %H:%M:%S %z")


def _americans(text: str) -> datetime:
    return datetime.strptime(text, _AMERICAN)
