"""What a job can say, and what is known of it afterwards."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from checks.heartbeat.absence import caught_up
from checks.heartbeat.expected import run_ends_by
from checks.heartbeat.memory import Job, Report, Run, job_of, with_run
from checks.heartbeat.spec import HeartbeatSpec
from checks.masking import masked

_RUN_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_EXIT = re.compile(r"[0-9]{1,3}")
_LARGEST_EXIT = 255


class What(StrEnum):
    """The sorts of signals."""

    START = "start"
    SUCCESS = "success"
    FAIL = "fail"
    PAUSE = "pause"
    LOG = "log"


@dataclass(frozen=True, slots=True)
class Signal:
    """One message of a job. `run` is the id of the run in small letters, empty where it has none.

    `at` is when it came, in seconds since 1970; None: just now.
    """

    what: What
    exit: int | None = None
    run: str = ""
    body: bytes = b""
    client: str = ""
    at: float | None = None


def signal_of(word: str, run: str) -> Signal:
    """The signal of an address: `/start`, `/fail`, `/log`, `/pause`, an exit code, or nothing. Raises ValueError."""
    run = run.lower()
    if run and not _RUN_ID.fullmatch(run):
        raise ValueError("rid wants a UUID")
    if not word:
        return Signal(What.SUCCESS, run=run)
    if word in (What.START, What.FAIL, What.LOG, What.PAUSE):
        return Signal(What(word), run=run)
    if not _EXIT.fullmatch(word) or int(word) > _LARGEST_EXIT:
        raise ValueError("expected start, fail, log, pause, or an exit code from 0 to 255")
    return Signal(What.FAIL if int(word) else What.SUCCESS, int(word), run)


def hear(spec: HeartbeatSpec, memo: Any, signal: Signal, now: float, listening: float) -> dict[str, Any]:
    """The memo after a signal that is taken in at `now`; `listening` is since when we listen."""
    came = now if signal.at is None else min(signal.at, now)
    return heard(caught_up(job_of(memo), spec, now, listening), signal, spec, came).memo()


def heard(job: Job, signal: Signal, spec: HeartbeatSpec, now: float) -> Job:
    """What is known after a signal that came at `now`."""
    if signal.what is What.START:
        others = sum(1 for run in job.runs.values() if run_ends_by(run, spec) > now)
        return replace(job, runs=with_run(job, signal.run, now), overlapping=others)
    if signal.what is What.PAUSE:
        return replace(job, runs={}, overlapping=0, paused=True)
    if signal.what is What.LOG:  # words alone: neither late nor in time, neither good nor bad
        said = kept(signal.body, int(spec.max_body))
        return job if job.last is None else replace(job, last=replace(job.last, body=said))
    run, runs = _ended(job, signal.run)
    if signal.what is What.SUCCESS:  # what should have ended by now never will, and its trouble is over
        runs = {name: other for name, other in runs.items() if run_ends_by(other, spec) > now}
    report = Report(
        at=now,
        ok=signal.what is What.SUCCESS,
        exit=signal.exit,
        took=None if run is None else max(0.0, round(now - run.start, 6)),
        body=kept(signal.body, int(spec.max_body)),
        client=signal.client,
    )
    overlapping = job.overlapping if runs else 0
    return replace(job, last=report, runs=runs, overlapping=overlapping, paused=False, away=None)


def kept(body: bytes, limit: int) -> str:
    """The first bytes as text, secrets masked; what is no UTF-8 can be had back with `surrogateescape`."""
    return masked(body[:limit].decode("utf-8", "surrogateescape"))


def _ended(job: Job, name: str) -> tuple[Run | None, dict[str, Run]]:
    """The run that ended, where it is known, and those still under way.

    An end that names no run ends the one that was begun without a name, else all of them.
    """
    runs = dict(job.runs)
    if name or name in runs:
        return runs.pop(name, None), runs
    return None, {}
