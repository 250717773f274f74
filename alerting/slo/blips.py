"""Blips: failing readings that were never confirmed. They cost nothing, and are listed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from alerting.slo.figures import rfc3339
from alerting.state import NO_DOUBTS, CheckState, Doubt, Doubts
from checks.base import LEVEL, Reading, Status

_SECOND = 1_000_000
_STATUS = (Status.OK, Status.DEGRADED, Status.DOWN)
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Blip:
    """Trouble in `[start, end)`, microseconds UTC, that nothing confirmed.

    It begins with the first of `count` failing readings, and ends with the reading that refuted them, or when the
    last of them was believed no more. `reason` is that of the latest of the worst.
    """

    start: int
    end: int
    worst: Status
    count: int
    reason: str


def as_json(blips: Iterable[tuple[str, Blip]]) -> list[dict[str, object]]:
    """The `blips` of an entry of `tocsin uptime --json`, each with its check, in order of time."""
    ordered = sorted(blips, key=lambda each: (each[1].start, each[0]))
    return [
        {
            "from": rfc3339(blip.start),
            "to": rfc3339(blip.end),
            "check": check,
            "worst": blip.worst.value,
            "count": blip.count,
            "reason": blip.reason,
        }
        for check, blip in ordered
    ]


def weighed(
    before: CheckState, after: CheckState, reading: Reading, valid_for: float | None
) -> tuple[CheckState, Blip | None]:
    """The state with what the reading leaves in doubt, and the blip that it ended, if any.

    `after` is what the state machine made of `before` and the reading; `valid_for` is that of its spec.
    """
    if before.doubts == NO_DOUBTS and reading.status in (Status.OK, Status.UNKNOWN):
        return after, None
    doubts, blip = before.doubts, None
    if valid_for is not None and abs(reading.at - before.last_at) > valid_for * _SECOND:
        # No longer in a row with what came before: that will never be confirmed.
        blip = _over(doubts, before.level, before.last_at + int(valid_for * _SECOND))
        doubts = NO_DOUBTS
    if reading.status is Status.UNKNOWN:
        return replace(after, doubts=doubts), blip
    doubts = (_with(doubts[0], reading, 1), _with(doubts[1], reading, 2))
    refuted = doubts[after.level] if after.level < len(doubts) else None
    if refuted is not None and refuted.until is not None:
        return replace(after, doubts=NO_DOUBTS), _over(doubts, after.level, reading.at)
    # What is confirmed is in doubt no more; what is worse than that may be.
    left: Doubts = (None if after.level >= 1 else doubts[0], None if after.level >= 2 else doubts[1])
    return replace(after, doubts=left), blip


def _with(doubt: Doubt | None, reading: Reading, level: int) -> Doubt | None:
    """What is in doubt at a level after one more known reading."""
    seen = LEVEL[reading.status]
    if seen < level:
        return replace(doubt, until=reading.at) if doubt is not None and doubt.until is None else doubt
    if doubt is None:
        return Doubt(reading.at, 1, seen, _short(reading.message))
    worst = max(doubt.worst, seen)
    reason = _short(reading.message) if seen == worst else doubt.reason
    return Doubt(min(doubt.first, reading.at), doubt.count + 1, worst, reason)


def _over(doubts: Doubts, level: int, at: int) -> Blip | None:
    """The blip of what was worse than the confirmed level, and is in doubt no more from `at` on."""
    doubt = doubts[level] if level < len(doubts) else None
    if doubt is None:
        return None
    end = at if doubt.until is None else doubt.until
    return Blip(doubt.first, max(end, doubt.first), _STATUS[doubt.worst], doubt.count, doubt.reason)


def _short(message: str) -> str:
    return message if len(message) <= _LONGEST_REASON else message[: _LONGEST_REASON - 1] + "…"
