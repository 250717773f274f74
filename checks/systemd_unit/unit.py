"""One unit as systemd describes it -> the values of a look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from checks.base import ErrorKind, Observation, Scalar
from checks.systemd_unit.restarts import counted
from checks.systemd_unit.systemctl import Properties, number
from checks.systemd_unit.timers import overdue, owed, remembered, schedule, stored
from checks.text import visible

_ENABLED = frozenset({"enabled", "enabled-runtime"})
_DONE = frozenset({"inactive", "deactivating"})


@dataclass(frozen=True, slots=True)
class Moment:
    """When the look was: Unix seconds, seconds since boot, and which boot."""

    now: float
    monotonic: float
    boot: str


def observed(seen: Properties, job: Properties, memo: Any, at: Moment, grace: float) -> Observation:
    """What there is to say of it; `job` is what a timer starts, else empty."""
    if is_unknown(seen):
        why = f"there is no unit {visible(seen['Id'], 120)} on this host (check `unit`, or install it)"
        return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=memo)
    recent, restarts_memo = counted(memo, number(seen.get("NRestarts")), at.boot, at.now)
    timer, timer_memo = _timer(seen, job, memo, at, grace) if seen["Id"].endswith(".timer") else ({}, {})
    changed = number(seen.get("StateChangeTimestampMonotonic"))
    ran = job or seen
    values: dict[str, Scalar] = {
        "state": seen.get("ActiveState"),
        "sub": seen.get("SubState"),
        "result": ran.get("Result"),
        "exit_code": number(ran.get("ExecMainStatus")),
        "failed": int("failed" in (seen.get("ActiveState"), ran.get("ActiveState"))),
        "stopped": _is_stopped(seen),
        "restarting": seen.get("SubState", "").startswith("auto-restart"),
        "since": max(0.0, round(at.monotonic - changed / 1e6, 3)) if changed else None,
        "restarts": number(seen.get("NRestarts")),
        "recent_restarts": recent,
        "memory": number(seen.get("MemoryCurrent")),
        "tasks": number(seen.get("TasksCurrent")),
        **timer,
    }
    return Observation(values=values, notes=_notes(seen, job), memo={**restarts_memo, **timer_memo})


def is_unknown(seen: Properties) -> bool:
    """Whether systemd only knows the name. What runs although its file is gone is judged as it is."""
    return seen.get("LoadState") == "not-found" and seen.get("ActiveState") == "inactive"


def is_wanted(seen: Properties) -> bool:
    """Whether a unit found by a pattern is meant: it does something, has failed, or would be started at boot.

    systemd keeps many more in mind, for no reason but that others name them.
    """
    return seen.get("ActiveState") != "inactive" or seen.get("UnitFileState") in _ENABLED


def _is_stopped(seen: Properties) -> bool:
    """Whether it does nothing though it should.

    A service that runs once and ends has done its work; one that is not started at boot, but by a timer, socket
    or path, waits for that.
    """
    once = seen.get("Type") == "oneshot" and seen.get("RemainAfterExit") != "yes"
    waits = bool(seen.get("TriggeredBy")) and seen.get("UnitFileState") not in _ENABLED
    return seen.get("ActiveState") in _DONE and not once and not waits


def _timer(
    seen: Properties, job: Properties, memo: Any, at: Moment, grace: float
) -> tuple[dict[str, Scalar], dict[str, Any]]:
    plan = schedule(seen, job, at.now, at.monotonic)
    due = owed(plan, remembered(memo), at.now, at.boot)
    late = overdue(due, plan.slack, grace, at.now)
    values: dict[str, Scalar] = {
        "missed": late > 0,
        "overdue": round(late, 3),
        "last_run": max(0.0, round(at.now - plan.last, 3)) if plan.last is not None else None,
        "next_run": max(0.0, round(plan.due - at.now, 3)) if plan.due is not None else None,
    }
    return values, stored(due)


def _notes(seen: Properties, job: Properties) -> tuple[str, ...]:
    notes = []
    if seen.get("LoadState") not in ("loaded", None):
        notes.append(f"its unit file is {visible(seen['LoadState'], 40)}")
    if seen.get("ActiveState") == "failed" or seen.get("SubState", "").startswith("auto-restart"):
        notes.append(_more_on(seen))
    elif _is_stopped(seen):
        notes.append(f"{visible(seen['Id'], 120)} is {seen.get('ActiveState')} (systemctl start begins it)")
    if job.get("ActiveState") == "failed":
        notes.append(_more_on(job))
    return tuple(notes)


def _more_on(unit: Properties) -> str:
    name, result = visible(unit["Id"], 120), visible(unit.get("Result", ""), 40)
    return f"{name} has ended with {result} (journalctl -u {name} tells more)"
