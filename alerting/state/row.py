"""A check's state as JSON-able values, for its row, and back; what older versions kept can be read."""

from __future__ import annotations

from typing import Any

from alerting.state.ring import NOTHING_SEEN, STEADY
from alerting.state.values import CheckState, Doubt, Run
from checks.base import Status


def dump(state: CheckState) -> list[Any]:
    """The state as JSON-able values. The first two are the confirmed state and since when."""
    runs = [[run.count, run.first] for run in (*state.worse, *state.firm, *state.better)]
    doubts = [
        doubt and [doubt.first, doubt.count, doubt.worst, doubt.reason, doubt.until] for doubt in state.doubts
    ]
    return [
        state.state,
        state.since,
        runs,
        list(state.recent),
        state.unknown_since,
        state.last_at,
        state.last_status,
        doubts,
        [state.ring, state.flapping],
    ]


def restore(dumped: list[Any]) -> CheckState:
    """The inverse of `dump`; older versions kept neither doubts nor ring, and of recent readings no firm level."""
    confirmed, since, runs, recent, unknown_since, last_at, last_status, *more = dumped
    degraded, down = (Doubt(*each) if each else None for each in (more[0] if more else [None, None]))
    unturned = STEADY if confirmed == Status.OK else NOTHING_SEEN
    ring, flapping = more[1] if len(more) > 1 else (unturned, False)
    worse1, worse2, firm1, firm2, better0, better1 = (Run(count, first) for count, first in runs)
    return CheckState(
        state=Status(confirmed) if confirmed else None,
        since=since,
        worse=(worse1, worse2),
        firm=(firm1, firm2),
        better=(better0, better1),
        recent=tuple((at, level, firm[0] if firm else 0) for at, level, *firm in recent),
        unknown_since=unknown_since,
        last_at=last_at,
        last_status=Status(last_status) if last_status else None,
        doubts=(degraded, down),
        ring=ring,
        flapping=flapping,
    )
