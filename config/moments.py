"""Moments as people write them in a file: a day, or a date and time with its zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

from config.friendly import shown

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(_DAY.pattern + r"[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
_ZONE = re.compile(r" ?([Zz]|[+-][0-9]{2}:?[0-9]{2})")
_YEARS = range(1970, 2200)
_FORM = "a day like 2026-11-01 or a moment like 2026-11-01T08:00:00Z"


def moment_of(text: str, zone: str) -> int:
    """Microseconds UTC. A day is its first moment in the zone, from the hour that the clocks show first.

    Raises ValueError with a remedy.
    """
    at = _read(text.strip())
    if at.year not in _YEARS:
        raise ValueError(f"expected a year from {_YEARS[0]} to {_YEARS[-1]}, got {shown(text)}")
    known = at if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone))
    return (known.astimezone(UTC) - _EPOCH) // _MICROSECOND


def _read(text: str) -> datetime:
    """Without a zone where only a day is told."""
    time = _TIME.match(text)
    zone = _ZONE.fullmatch(text, time.end()) if time else None
    if time and time.end() == len(text):
        raise ValueError(f"{shown(text)} does not say in which zone (write {text}Z for UTC, or {text}+02:00)")
    if zone is None and not _DAY.fullmatch(text):
        raise ValueError(f"expected {_FORM}, got {shown(text)}")
    try:
        return datetime.fromisoformat(text.upper().replace(" ", "T", 1).replace(" ", ""))
    except ValueError:
        raise ValueError(f"there is no such moment as {shown(text)} (write {_FORM})") from None


def _valid(text: str) -> str:
    moment_of(text, "UTC")
    return text


Moment = Annotated[str, AfterValidator(_valid)]
