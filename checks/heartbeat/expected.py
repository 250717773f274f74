"""What is expected of a job: when its next report is due, when it is late, how many it missed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from checks.heartbeat.memory import Job, Run
from checks.heartbeat.schedule import Interval
from checks.heartbeat.spec import HeartbeatSpec

MOST_MISSED = 100


@dataclass(frozen=True, slots=True)
class Expected:
    """A report due at `at`, late from `late_at` on; `grace` is what it may be late without being called so.

    `unsure_at` is from when on it might have come unheard, None when all that was due would have been heard.
    """

    at: float
    grace: float
    late_at: float
    unsure_at: float | None = None


def expected(job: Job, spec: HeartbeatSpec) -> Expected | None:
    """The next report; None when none is expected: none ever came, it paused, or the schedule is over.

    A run under way has reported in: it is given its time to end before its report is late.
    """
    if job.last is None or job.paused:
        return None
    running = job.runs and spec.longest_run(min(run.start for run in job.runs.values()))
    first = _next(spec, job.last.at, running or 0.0)
    if job.away is None or first is None:
        return first
    after = _next(spec, max(job.last.at, job.away[1]), running or 0.0)
    return None if after is None else Expected(after.at, after.grace, after.late_at, first.late_at)


def never_reported(job: Job, spec: HeartbeatSpec, now: float, listening: float) -> bool:
    """Whether no report ever came, though one would have by now: a job that was set up here alone."""
    if job.last is not None or job.runs or job.paused:
        return False
    first = _next(spec, listening, 0.0)
    return first is not None and now >= first.late_at


def missed(due: Expected, spec: HeartbeatSpec, now: float) -> int:
    """How many reports in a row were due and did not come; under an expression at most MOST_MISSED are counted."""
    if now < due.late_at:
        return 0
    if isinstance(spec.schedule, Interval):
        return 1 + int((now - due.late_at) // spec.schedule.seconds)
    return max(1, sum(1 for _ in islice(_gone_by(due, spec, now), MOST_MISSED)))


def run_ends_by(run: Run, spec: HeartbeatSpec) -> float:
    """When this run is to have ended."""
    return run.start + spec.longest_run(run.start)


def next_turn(job: Job, spec: HeartbeatSpec, now: float) -> float | None:
    """The next moment at which time alone changes the verdict; None when there is none."""
    turns = [run_ends_by(run, spec) for run in job.runs.values()]
    due = expected(job, spec)
    if due is not None:
        turns += [due.late_at, due.unsure_at or due.late_at]
    return min((turn for turn in turns if turn > now), default=None)


def _next(spec: HeartbeatSpec, moment: float, running: float) -> Expected | None:
    at = spec.schedule.after(moment)
    if at is None:
        return None
    grace = spec.grace_after(at)
    return Expected(at, grace, at + grace + running)


def _gone_by(due: Expected, spec: HeartbeatSpec, now: float) -> Iterator[float]:
    at: float | None = due.at
    while at is not None and at + spec.grace_after(at) <= now:
        yield at
        at = spec.schedule.after(at)
