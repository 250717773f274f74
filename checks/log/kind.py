"""Log: how often do lines of a log match, or say that something went wrong?

Reads what has been added since the last run, through rotation by renaming, copying or packing; each line counts
once, also over restarts. The first run looks at the last megabyte of each file, so that the window is not empty.

A line counts at its own time where it carries one that is known (ISO 8601, syslog, Apache, nginx, ctime, klog,
seconds since 1970; of JSON lines a field such as `time`, `ts`, `@timestamp`), else when it is read. What is new
since the last run is never counted as older than that run: a wrong clock or time zone hides nothing.

Without `match` and `level` whatever says of itself that it is an error or worse is counted: a JSON field `level`
or `severity`, the priority in the journal, a word such as ERROR, FATAL or `[crit]`, the head of a trace.

A trace is one event: indented lines, `Caused by:` and the rest of a trace of Java, Python or Go belong to the
line before them, and an event counts once however many of its lines match. Other programs' events are put
together with `begin`. Lines above a megabyte are passed over; of the journal, the text of entries above 4 MiB.

Patterns given by name are values of their own: with `match: {oom: "Out of memory"}` conditions may ask `oom > 0`, and
`/metrics` has `tocsin_log_matches{pattern="oom"}`.
"""

from __future__ import annotations

from typing import Any

from checks.base import Context, ErrorKind, Kind, Observation, Value
from checks.log.look import Look
from checks.log.spec import ERRORS, LogSpec
from checks.log_lines import Batch, Log, part

_BACK = 1 << 20
_SHARE = 0.6
_PROBLEMS = 3
_COUNT = Value("", "", "", least=0, whole=True).measure


def probe(spec: LogSpec, context: Context) -> Observation:
    """Read what is new, count, and remember."""
    return sample(spec, context.memo, context.now, context.timeout * _SHARE)


def sample(spec: LogSpec, memo: Any, now: float, seconds: float) -> Observation:
    """What the log says at the moment `now` (Unix seconds), having read for `seconds` at most and a little more.

    The memo is that of `Look`.
    """
    look, log = Look(spec, memo, now), Log(spec.path, spec.unit, spec.directory)
    back, since = (_BACK, now - spec.window) if spec.existing else (0, now)
    batch = Batch()
    for batch in log.batches(part(memo, "log"), back=back, since=since, seconds=seconds):
        look.take(batch)
    look.end()
    values, problems = {**look.values(), "behind": batch.behind}, batch.problems[:_PROBLEMS]
    if problems and not values[ERRORS]:
        why = "; ".join(problems)
        return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=look.memo(batch.memo))
    return Observation(values=values, notes=(*look.notes(), *problems), memo=look.memo(batch.memo))


KIND = Kind(
    name="log",
    summary="counts events in a log: text, JSON lines or the journal of a unit",
    spec=LogSpec,
    probe=probe,
    values=(
        Value(ERRORS, "", "events in the window that matched", least=0, whole=True),
        Value("rate", "", "the same a second, on average over the window", least=0),
        Value("lines", "", "lines in the window, whatever they say", least=0, whole=True),
        Value("last", "seconds", "time since the last event that matched; absent when there was none"),
        Value(
            "behind",
            "bytes",
            "what waits for the next run, not read in time; of the journal 1 if anything does",
        ),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example=(
        "type: log\n"
        "path: /var/log/app/*.log\n"
        "match: {oom: 'OutOfMemoryError', failed: 'payment failed'}\n"
        "ignore: test run\n"
        "window: 10m\n"
        "degraded: failed > 5\n"
        "down: oom > 0\n"
    ),
    blocking=True,
    degraded=f"{ERRORS} > 0",
    open_values=True,
    named=lambda spec: dict.fromkeys(spec.names, _COUNT),
)
