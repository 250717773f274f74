"""Timers: when a job was last started, when it is due, and whether it was missed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.systemd_unit.systemctl import Properties, moment, span

# systemctl tells moments in whole seconds.
_ROUNDING = 2.0


@dataclass(frozen=True, slots=True)
class Due:
    """When a run is due (Unix seconds), as an earlier look knew it, and the boot that this look was in."""

    at: float
    boot: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """A timer's moments in Unix seconds; `slack` is how far from `due` systemd itself may stray."""

    last: float | None
    due: float | None
    begun: float | None
    slack: float


def schedule(timer: Properties, job: Properties, now: float, monotonic: float) -> Schedule:
    """What systemd says of a timer and its job. Of a time since boot and one by the calendar the earlier is next.

    A job that was started by hand has run as well.
    """
    since_boot = span(timer.get("NextElapseUSecMonotonic"))
    times = [
        moment(timer.get("NextElapseUSecRealtime")),
        now + since_boot - monotonic if since_boot else None,
    ]
    runs = [moment(timer.get("LastTriggerUSec")), moment(job.get("InactiveExitTimestamp"))]
    return Schedule(
        last=max((run for run in runs if run is not None), default=None),
        due=min((time for time in times if time is not None), default=None),
        begun=moment(timer.get("ActiveEnterTimestamp")),
        slack=(span(timer.get("AccuracyUSec")) or 0.0) + (span(timer.get("RandomizedDelayUSec")) or 0.0),
    )


def owed(plan: Schedule, known: Due | None, now: float, boot: str) -> Due | None:
    """The run that comes next, or the one that should have come and did not.

    systemd says when the next run is due, not whether there was one: what was missed while the host was off or
    asleep shows only in what an earlier look knew. A timer that was started anew in this boot owes nothing from
    before.
    """
    due = _unless_done(plan.due, plan.last, plan.slack)
    if known is None or _unless_done(known.at, plan.last, plan.slack) is None:
        return None if due is None else Due(due, boot)
    if known.boot == boot and plan.begun is not None and plan.begun >= known.at:
        return None if due is None else Due(due, boot)
    if known.at > now and due is not None:  # not yet its time, and perhaps another time by now
        return Due(due, boot)
    return known


def overdue(due: Due | None, slack: float, grace: float, now: float) -> float:
    """By how many seconds a run is late, more than it may be; 0 when it is not."""
    return now - due.at if due is not None and now - due.at > slack + grace else 0.0


def remembered(memo: Any) -> Due | None:
    """What an earlier look stored with `stored`; None for anything else."""
    if not isinstance(memo, Mapping):
        return None
    at, boot = memo.get("due"), memo.get("boot")
    if not isinstance(at, (int, float)) or not 0 < at < 2**40 or not isinstance(boot, str):
        return None
    return Due(at, boot)


def stored(due: Due | None) -> dict[str, Any]:
    """What to remember of it."""
    return {} if due is None else {"due": due.at, "boot": due.boot}


def _unless_done(due: float | None, last: float | None, slack: float) -> float | None:
    """None when the run has been; with a random delay it may have come before the moment that was told."""
    return None if due is None or (last is not None and last >= due - slack - _ROUNDING) else due
