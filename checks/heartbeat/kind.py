"""Heartbeat: do jobs report in when they should?

A job reports by asking for an address with its key in it, as cron users do with curl; GET, HEAD and POST do
the same:

    30 2 * * *  root  /usr/local/bin/backup && curl -fsS -m 10 --retry 5 http://127.0.0.1:9809/api/v1/heartbeat/KEY

| address | what it says |
|---|---|
| `/api/v1/heartbeat/KEY` | the run ended well |
| `/api/v1/heartbeat/KEY/start` | a run has begun: `took` and `running` are known, and that it ends in time is watched |
| `/api/v1/heartbeat/KEY/fail` | the run failed: the check is down at once |
| `/api/v1/heartbeat/KEY/$?` | the run ended with that exit code, 0 to 255; 0 is well, all others have failed |
| `/api/v1/heartbeat/KEY/log` | words as evidence; they change nothing else |
| `/api/v1/heartbeat/KEY/pause` | nothing is expected until the next report |

`?rid=UUID` names a run, so that of several at a time each gets its own duration. The body of a POST is kept,
capped and masked, as evidence, and conditions may ask for it (`down: body contains "ERROR"`). A report was
committed to the disk when it is answered with 200. It is answered with 404 when the key is not known, with
503 and `Retry-After` while the store cannot write, with 429 when one key reports more often than ten times a
second for long: curl's `--retry` repeats what was not taken. `tocsin exec KEY -- COMMAND` does all of this
around a command.

Under `cron` and `on_calendar` a local time that the clocks leave out in spring is due when they jump, and one
that they show twice in autumn is due once, unless the expression runs through every hour. `every` is the
interval of the job; how often it is judged follows by itself: whenever it reports, at the moment it becomes
late, and once a minute at least. One look confirms, unless `confirm` and `recover` say otherwise: looking
again would find the same.

Before its first report, and while it is paused, a job is unknown: it is neither up nor late. What was due
while the daemon was not there, or when the host slept or its clock was set, may have been said and not been
heard: the job is then unknown until its next report is due, and late only when that is lacking too. A clock
that is set back makes nothing late.

`tocsin heartbeats` lists the jobs with their addresses. With no `key:` a job has one that is made of its name
and a random secret in the state directory. Whoever knows a key can speak for its job, and for nothing else;
the key is never logged.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Status, Value
from checks.heartbeat.absence import caught_up
from checks.heartbeat.expected import Expected, expected, missed, never_reported, next_turn, run_ends_by
from checks.heartbeat.memory import Job, Report, job_of
from checks.heartbeat.spec import HeartbeatSpec, beat
from checks.text import visible
from config.units import show_duration

_LAST_LINE = 200
_MOST_TOLD = 3
_SIGNALLED = 128
# Late is more than nothing from its first moment on, so that `late > 0` holds as soon as the grace is over.
_JUST_LATE = 0.001


def judge(spec: HeartbeatSpec, memo: Any, now: float, listening: float) -> Observation:
    """What is to be said of the job at `now`, by a daemon that has listened since `listening`."""
    job = caught_up(job_of(memo), spec, now, listening)
    due = expected(job, spec)
    late, told = _late(job, due, spec, now)
    failure, unsure = _failure(job.last), None if late else _unsure(job, due, spec, now)
    waits = unsure is not None and not never_reported(job, spec, now, listening)
    return Observation(
        values=_values(job, now) | {"late": late, "missed": missed(due, spec, now) if due else 0},
        failure=failure,
        says=Status.UNKNOWN if unsure else None,
        text=told or unsure,
        error_kind=ErrorKind.STATUS if failure else ErrorKind.TIMEOUT if late else None,
        body=_readable(job.last.body) if job.last else None,
        whole=job.last is None or len(job.last.body) < int(spec.max_body),
        memo=job.memo(),
        waits=waits,
    )


def _values(job: Job, now: float) -> dict[str, Scalar]:
    last, starts = job.last, [run.start for run in job.runs.values()]
    return {
        "last": None if last is None else max(0.0, round(now - last.at, 3)),
        "took": None if last is None else last.took,
        "running": max(0.0, round(now - min(starts), 3)) if starts else None,
        "overlapping": job.overlapping,
        "exit": None if last is None else last.exit,
    }


def _late(job: Job, due: Expected | None, spec: HeartbeatSpec, now: float) -> tuple[float, str]:
    """Seconds since the report, or the end of a run, was due; 0 until its grace is over. And what was expected."""
    late, told = 0.0, []
    if due is not None and now >= due.late_at:
        late = now - due.at
        told.append(f"a report was due at {_shown(due.at)}, with {show_duration(due.grace)} of grace")
    for run in job.runs.values():
        if not run.doubtful and now >= (by := run_ends_by(run, spec)):
            late = max(late, now - by)
            told.append(f"the run begun at {_shown(run.start)} was to end by {_shown(by)}")
    return (max(_JUST_LATE, round(late, 3)) if told else 0.0), "; ".join(told[:_MOST_TOLD])


def _failure(last: Report | None) -> str | None:
    if last is None or last.ok:
        return None
    if last.exit is None:
        told = "the job reported that it failed"
    elif last.exit > _SIGNALLED:
        told = f"the job failed with exit code {last.exit} (signal {last.exit - _SIGNALLED})"
    else:
        told = f"the job failed with exit code {last.exit}"
    lines = re.split(r"[\r\n]+", last.body.strip())
    return f"{told}: {visible(lines[-1].strip(), _LAST_LINE)}" if lines[-1] else told


def _unsure(job: Job, due: Expected | None, spec: HeartbeatSpec, now: float) -> str | None:
    """Why nothing can be said of the job; None when something can."""
    if job.paused:
        return "the job is paused until its next report"
    if job.last is None:
        return "a run has begun, and no report has come yet" if job.runs else "no report has come yet"
    if any(run.doubtful and now >= run_ends_by(run, spec) for run in job.runs.values()):
        return "the end of a run may have come while nobody listened"
    if due is None or due.unsure_at is None or now < due.unsure_at or job.away is None:
        return None
    start, end = job.away
    return (
        f"nobody listened from {_shown(start)} to {_shown(end)}, when a report may have come; "
        f"the next one is due at {_shown(due.at)}"
    )


def _readable(body: str) -> str:
    """Patterns want whole characters."""
    return body.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _shown(moment: float) -> str:
    return f"{datetime.fromtimestamp(int(moment), UTC):%Y-%m-%dT%H:%M:%SZ}"


def turn(spec: HeartbeatSpec, memo: Any, now: float) -> float | None:
    """The next moment at which time alone changes the verdict."""
    return next_turn(job_of(memo), spec, now)


async def look(spec: HeartbeatSpec, context: Context) -> Observation:
    """For commands that look once: what the daemon last knew, judged now; nobody listens here."""
    seen = job_of(context.memo)
    return judge(spec, context.memo, context.now, seen.listening or context.now)


KIND = Kind(
    name="heartbeat",
    summary="waits for jobs to report in, and tells when one is late, fails or overlaps",
    spec=HeartbeatSpec,
    probe=look,
    judge=judge,
    turn=turn,
    beat=beat,
    confirm=1,
    values=(
        Value("last", "seconds", "time since the last report of an end; absent before the first"),
        Value("took", "seconds", "how long that run took; absent when its start was not reported"),
        Value(
            "late", "seconds", "how long a report, or the end of a run, is overdue; 0 until the grace is over"
        ),
        Value("missed", "", "reports that were due since the last one and did not come", whole=True, least=0),
        Value("running", "seconds", "how long the oldest run has been under way; absent when none is"),
        Value(
            "overlapping",
            "",
            "other runs that were under way when the latest one began; 0 again when all have ended",
            whole=True,
            least=0,
        ),
        Value(
            "exit", "", "exit code of the last run; absent when it told none", whole=True, least=0, most=255
        ),
    ),
    counts_for_uptime=False,
    down="late > 0",
    degraded="overlapping > 0",
    example="""\
type: heartbeat
cron: "30 2 * * *"
zone: Africa/Johannesburg
grace: 1h
key: ${credential:backup-key}
""",
)
