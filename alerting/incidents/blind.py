"""Blind checks: those that have been unknown for too long. Each service has one low problem that names them. Pure.

What is blind costs no uptime and is never down: that nobody can look says nothing of the service. It begins when a
check could have been seen for `blind_after` and was not, and ends when all that it names are seen again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from alerting.incidents.problem import Problem
from checks.base import ErrorKind, Reading, Status
from config.models import Check

BLIND = "blind"
_SECOND = 1_000_000
_REASON = 160
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Unseen:
    """A check that nobody can see, since when (microseconds UTC), and why."""

    check: str
    since: int
    reason: str


def blind(check: Check, last: Reading | None, since: int, now: int) -> Unseen | None:
    """The check, when it has been unknown for too long; `since` is when it was last seen, or could be looked at.

    What is unknown because our own network is cut off, or because there is nothing to be known yet, is not blind.
    """
    if now - since < check.blind_after * _SECOND:
        return None
    if last is not None and (last.waits or last.error_kind is ErrorKind.ISOLATED):
        return None
    return unseen(check.name, last, since)


def unseen(check: str, last: Reading | None, since: int) -> Unseen:
    """The check with the reason of its last reading; one that was good says nothing of why no other followed."""
    if last is None or last.status is not Status.UNKNOWN:
        return Unseen(check, since, "no look has ended since")
    return Unseen(check, since, last.message[:_REASON])


def problem(service: str, blind_ones: Sequence[Unseen], now: int) -> Problem:
    """The service's trouble: which of its checks nobody can see, and why."""
    names = tuple(each.check for each in blind_ones)
    few = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    because = "; ".join(f"{each.check}: {each.reason}" for each in blind_ones[:_NAMED])
    return Problem(
        service,
        BLIND,
        Status.DEGRADED,
        min(each.since for each in blind_ones),
        now,
        f"cannot look at {few} ({because})",
        forecast=True,
        title=f"{service}: cannot look at {few}",
        description="\n".join(
            (
                "Nobody can see how these do, so that their trouble would open nothing:",
                *(f"- {service}.{each.check}: {each.reason}" for each in blind_ones),
            )
        ),
        names=names,
    )
