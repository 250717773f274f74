"""Moments as people and programs give them to the desk."""

from __future__ import annotations

from datetime import UTC, datetime

from agent.desk.asked import Asked, CannotDo

_SECOND = 1_000_000


def past(asked: Asked, name: str) -> int | None:
    """A moment in RFC 3339 as microseconds UTC; None when it was not given. Raises CannotDo for one to come."""
    said = asked.text(name)
    if not said:
        return None
    try:
        given = datetime.fromisoformat(said)
    except ValueError:
        given = None
    if given is None or given.tzinfo is None:
        raise CannotDo(f"{name}: expected a moment such as 2026-11-22T18:00:00Z", usage=True)
    try:
        since = given.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except OverflowError:
        raise CannotDo(f"{name}: is no moment that can be reckoned with", usage=True) from None
    at = (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds
    if at > asked.now:
        raise CannotDo(f"{name}: {said} is still to come", usage=True)
    if at <= 0:
        raise CannotDo(f"{name}: is before 1970", usage=True)
    return at
