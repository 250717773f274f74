"""What is known of one job: its last report, the runs under way, and when we did not listen.

All moments are seconds since 1970. It is kept as a check's memo, and a memo is data from the disk: whatever
does not look as it should is as if it had never been.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from checks.memo_numbers import is_number

_LONGEST_NAME = 64
_MOST_RUNS = 32


@dataclass(frozen=True, slots=True)
class Run:
    """A run that has begun; `doubtful` when its end may have come while nobody listened."""

    start: float
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The end of a run as the job told it. `took` is None when its start is not known, `exit` when it told none.

    `body` is what was sent along, capped and masked; `client` the address it came from.
    """

    at: float
    ok: bool
    exit: int | None = None
    took: float | None = None
    body: str = ""
    client: str = ""


_OF_REPORT = tuple(each.name for each in fields(Report))


@dataclass(frozen=True, slots=True)
class Job:
    """Everything known. `runs` are by run id, the one without an id under the empty text.

    `overlapping` is how many runs were under way when the latest one began. `seen` is when the job was last
    judged, `listening` since when the daemon that did so had listened. `away` is a stretch in which a report
    was due that we could not hear: the next one is expected after its end.
    """

    last: Report | None = None
    runs: Mapping[str, Run] = field(default_factory=dict)
    overlapping: int = 0
    paused: bool = False
    seen: float | None = None
    listening: float | None = None
    away: tuple[float, float] | None = None

    def memo(self) -> dict[str, Any]:
        """JSON-able."""
        last = self.last
        return {
            "last": None if last is None else {name: getattr(last, name) for name in _OF_REPORT},
            "runs": {name: [run.start, run.doubtful] for name, run in self.runs.items()},
            "overlapping": self.overlapping,
            "paused": self.paused,
            "seen": self.seen,
            "listening": self.listening,
            "away": self.away,
        }


def job_of(memo: Any) -> Job:
    """The inverse of `Job.memo`, for anything."""
    if not isinstance(memo, dict):
        return Job()
    overlapping, away = memo.get("overlapping"), memo.get("away")
    return Job(
        last=_report(memo.get("last")),
        runs=_runs(memo.get("runs")),
        overlapping=overlapping if isinstance(overlapping, int) and overlapping >= 0 else 0,
        paused=memo.get("paused") is True,
        seen=_moment(memo.get("seen")),
        listening=_moment(memo.get("listening")),
        away=_stretch(away),
    )


def _report(told: Any) -> Report | None:
    at = _moment(told.get("at")) if isinstance(told, dict) else None
    if at is None:
        return None
    code, body, client = told.get("exit"), told.get("body"), told.get("client")
    return Report(
        at=at,
        ok=told.get("ok") is True,
        exit=code if isinstance(code, int) and 0 <= code <= 255 else None,
        took=_moment(told.get("took")),
        body=body if isinstance(body, str) else "",
        client=client if isinstance(client, str) else "",
    )


def _runs(told: Any) -> dict[str, Run]:
    if not isinstance(told, dict):
        return {}
    found = {}
    for name, run in [*told.items()][:_MOST_RUNS]:
        start = _moment(run[0]) if isinstance(run, list) and len(run) == 2 else None
        if start is not None and len(name) <= _LONGEST_NAME:
            found[name] = Run(start, run[1] is True)
    return found


def _stretch(told: Any) -> tuple[float, float] | None:
    if not isinstance(told, (list, tuple)) or len(told) != 2:
        return None
    start, end = _moment(told[0]), _moment(told[1])
    return None if start is None or end is None else (start, end)


def _moment(told: Any) -> float | None:
    return float(told) if is_number(told) and 0 <= told < 1e11 else None


def with_run(job: Job, name: str, start: float) -> dict[str, Run]:
    """The runs of the job and one that begins now; of very many the oldest are given up."""
    runs = {each: run for each, run in job.runs.items() if each != name}
    while len(runs) >= _MOST_RUNS:
        del runs[min(runs, key=lambda each: runs[each].start)]
    return {**runs, name: Run(start)}
