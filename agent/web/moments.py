"""A moment as a form's field of date and time gives it, in the zone that the page is shown in."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from agent.control import Refused
from agent.web.visit import Visit

_SECOND = 1_000_000


def given(visit: Visit, text: str) -> int:
    """Microseconds UTC. Raises Refused."""
    try:
        when = datetime.fromisoformat(text[:40])
        when = when if when.tzinfo is not None else when.replace(tzinfo=ZoneInfo(visit.zone))
        return round(when.astimezone(UTC).timestamp()) * _SECOND
    except (ValueError, OverflowError):
        raise Refused("expected a date and a time, such as 2026-11-21T14:00") from None
