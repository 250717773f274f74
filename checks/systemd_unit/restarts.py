"""A service's automatic restarts within the last hour, counted from look to look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

HOUR = 3600.0
# Restarts that were seen this close together are remembered as one moment.
_TOGETHER = 30.0
_MOST, _LATEST = 2**32, 2**40

Moments = list[list[float]]


def counted(memo: Any, count: int | None, boot: str, now: float) -> tuple[int | None, dict[str, Any]]:
    """How many within the last hour, None at first; and what to remember.

    systemd's own count begins anew when the service is started by hand, and with the host.
    """
    if count is None:
        return None, {}
    before, moments = _remembered(memo, boot, now)
    if before is not None:
        new = count - before if count >= before else count
        moments = _with(moments, now, new)
    recent = None if before is None else int(sum(times for _, times in moments))
    return recent, {"restarts": count, "since": boot, "moments": moments}


def _remembered(memo: Any, boot: str, now: float) -> tuple[int | None, Moments]:
    if not isinstance(memo, Mapping):
        return None, []
    count, moments = memo.get("restarts"), memo.get("moments")
    if not _is_count(count) or not isinstance(moments, list) or not all(map(_is_moment, moments)):
        return None, []
    return count if memo.get("since") == boot else 0, [each for each in moments if 0 <= now - each[0] <= HOUR]


def _with(moments: Moments, now: float, new: int) -> Moments:
    if new <= 0:
        return moments
    if moments and now - moments[-1][0] < _TOGETHER:
        return [*moments[:-1], [moments[-1][0], moments[-1][1] + new]]
    return [*moments, [now, new]]


def _is_moment(part: object) -> bool:
    if not isinstance(part, list) or len(part) != 2 or type(part[0]) not in (int, float):
        return False
    return 0 < part[0] < _LATEST and _is_count(part[1])


def _is_count(part: object) -> bool:
    return type(part) is int and 0 <= part < _MOST
