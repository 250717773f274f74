"""Times in which nobody listened, and clocks that were set: what was lost with them is not held against a job."""

from __future__ import annotations

from dataclasses import replace

from checks.heartbeat.expected import expected, run_ends_by
from checks.heartbeat.memory import Job, Run
from checks.heartbeat.schedule import Interval, Schedule
from checks.heartbeat.spec import HeartbeatSpec, beat

_MISSED_TURNS, _SLACK = 2.0, 10.0
# A report may come a little before it is due; one lost then is lost as well.
_EARLY = 60.0


def caught_up(job: Job, spec: HeartbeatSpec, now: float, listening: float) -> Job:
    """The job as it is to be judged at `now` by a daemon that has listened since `listening`.

    Nobody listened when the daemon was not there; nor, as far as one can know, when the job was not judged
    for longer than its turns are apart: the host slept, the clock was set forward, the store could not write.
    """
    if job.seen is None:
        return replace(job, seen=now, listening=listening)
    if now < job.seen:
        job = _turned_back(job, spec.schedule, now)
    seen = now if job.seen is None else job.seen
    if now - seen > _MISSED_TURNS * beat(spec) + _SLACK:
        job = _excused(job, spec, (seen, now))
    elif listening != job.listening:
        job = _excused(job, spec, (seen, min(max(seen, listening), now)))
    return replace(job, seen=now, listening=listening)


def _excused(job: Job, spec: HeartbeatSpec, away: tuple[float, float]) -> Job:
    """What was not late before our absence does not become late by it."""
    start, end = away
    runs = {
        name: Run(run.start, run.doubtful or start < run_ends_by(run, spec)) for name, run in job.runs.items()
    }
    due = expected(job, spec)
    if due is not None and start < due.late_at and end > due.at - min(_EARLY, due.grace):
        job = replace(job, away=away)
    return replace(job, runs=runs)


def _turned_back(job: Job, schedule: Schedule, now: float) -> Job:
    """The clock was set back: nothing lies in the future, and an interval goes on where it was.

    Under an expression one moment to come counts as reported: it had come by the clock from before.
    """
    step = (job.seen or now) - now
    runs = {
        name: Run(min(run.start, max(0.0, run.start - step)), run.doubtful) for name, run in job.runs.items()
    }
    away = None if job.away is None else (job.away[0] - step, job.away[1] - step)
    last = job.last
    if last is not None:
        at = last.at - step
        if not isinstance(schedule, Interval):
            at = min(last.at, schedule.after(now) or now)
        last = replace(last, at=max(0.0, at))
    return replace(job, last=last, runs=runs, away=away, seen=now)
