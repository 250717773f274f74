"""Process: do the right processes run, how many, since when, and what do they use?

Processes are chosen by name, user, command line and pid file; where several are given, all must fit. The check
that looks never counts itself by its command line. Zombies are dead: `count` leaves them out. Where other users'
processes are hidden from the service (`/proc` mounted with `hidepid`), the check is unknown, not down.

A pid file means one process. `pid_state` says `running`, `missing`, `invalid` (no number in it), `stale` (no such
process) or `reused` (the number belongs to a process that began after the file was written, or does not fit the
other options); only `running` is counted. If the file is written before its process begins, or the clock of the
host was set between the two, give `name` too: then that decides.

`restarts`, `cpu` and `cores` are over the time since the last look; the first look takes a fifth of a second for
`cpu` and `cores` and knows no restarts. A restart is a process that began in the place of one that has ended, also
if none ran in between. Of more than 500 processes `restarts` is not known, and
`cpu` and `cores` are those of a first look.

It counts for uptime: of a daemon without a port, such as a queue's worker, nothing else tells whether it is up.
"""

from __future__ import annotations

import errno
import os
import pwd
import time
from collections.abc import Callable, Sequence

from checks.base import Context, ErrorKind, Kind, Observation, Scalar, Value
from checks.boot import boot_id, since_boot
from checks.paths import refusal
from checks.process.interval import Past, cores, memo, remembered, restarts
from checks.process.pid_file import Named, named_by
from checks.process.spec import ProcessSpec
from checks.process.table import TICKS, Process, command_line, is_called, look, open_files, pids, runs_as
from checks.text import visible
from config.conditions.patterns import regex

_SHORT_LOOK = 0.2
_HIDDEN = (
    "other users' processes are hidden from this one (mount /proc without hidepid=, "
    "or let its gid= be a group of the service's user)"
)
Fits = Callable[[Process], bool]


class _Blind(Exception):
    """Why we cannot look, in one line."""


def probe(spec: ProcessSpec, context: Context) -> Observation:
    """Look once, now; at the first look twice at what was found."""
    try:
        return _look(spec, context)
    except (_Blind, PermissionError) as error:
        why = str(error) if isinstance(error, _Blind) else _HIDDEN
    except OSError as error:
        why = "too many open files here: raise LimitNOFILE= of the service"
        if error.errno not in {errno.EMFILE, errno.ENFILE}:
            why = refusal("/proc", error)
    return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=context.memo)


def _look(spec: ProcessSpec, context: Context) -> Observation:
    boot, at = boot_id(), since_boot()
    past = remembered(context.memo, boot, at)
    named, seen = _found(spec, at, context.now)
    running = [process for process in seen if not process.zombie]
    busy = cores(past, running, at) if past else _short_look(running, at, context.timeout)
    values: dict[str, Scalar] = {
        "count": len(running),
        "zombies": len(seen) - len(running),
        "restarts": restarts(past, running),
        **_ages(running, at),
        "cpu": None if busy is None else min(1.0, busy / (os.cpu_count() or 1)),
        "cores": busy,
        "memory": sum(process.memory for process in running),
        "threads": sum(process.threads for process in running),
        "pid_state": named.state if named else None,
    }
    files, hidden = _files(running)
    notes = [named.note] if named and named.note else []
    notes += [_none_fits(spec)] if not running and not notes else []
    notes += ["the open files of other users' processes cannot be counted here"] if hidden else []
    kept = memo(boot, at, running, past)
    return Observation(values=values | files, notes=tuple(notes), memo=kept)


def _found(spec: ProcessSpec, at: float, now: float) -> tuple[Named | None, list[Process]]:
    """The processes meant, and what the pid file said, if there is one."""
    fits = _asked(spec)
    if spec.pid_file is None:
        numbers = pids()
        if 1 not in numbers:
            raise PermissionError
        return None, [
            process for pid in numbers if (process := look(pid)) and all(one(process) for one in fits)
        ]
    named = _named(spec.pid_file, at, now)
    if named.process is None:
        return named, []
    if named.state == "running" or fits:
        if all(one(named.process) for one in fits):
            return Named(named.process, "running"), [named.process]
        why = f"{visible(spec.pid_file, 120)} says {named.process.pid}, which is another process"
        return Named(None, "reused", named.note or why), []
    return named, []


def _named(path: str, at: float, now: float) -> Named:
    try:
        named = named_by(path, at, now)
    except OSError as error:
        if str(error.filename).startswith("/proc/"):  # not the file, but the process it names
            raise
        raise _Blind(refusal(path, error)) from None
    if named.state == "stale" and look(1) is None:
        raise PermissionError
    return named


def _asked(spec: ProcessSpec) -> list[Fits]:
    """The questions to a process, the cheapest first."""
    asked: list[Fits] = []
    if spec.name is not None:
        name = os.fsencode(spec.name)
        asked.append(lambda process: is_called(process, name))
    if spec.user is not None:
        number = _user(spec.user)
        asked.append(lambda process: runs_as(process.pid) == number)
    if spec.command_line is not None:
        pattern, own = regex(spec.command_line), os.getpid()
        asked.append(lambda process: process.pid != own and pattern.found_in(command_line(process.pid)))
    return asked


def _none_fits(spec: ProcessSpec) -> str:
    asked = {
        "name": spec.name,
        "user": spec.user,
        "command_line": spec.command_line,
        "pid_file": spec.pid_file,
    }
    said = (f"{option}: {visible(text, 60)}" for option, text in asked.items() if text is not None)
    return f"no running process fits {', '.join(said)}"


def _user(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        if name.isdecimal():
            return int(name)
    raise _Blind(f"there is no user {visible(name, 60)} on this host (check `user`)")


def _short_look(running: Sequence[Process], at: float, timeout: float) -> float | None:
    """The first look has nothing to compare with: what they do in the next moment must stand for it."""
    if not running:
        return 0.0
    time.sleep(min(_SHORT_LOOK, timeout / 4))
    past = Past(at, {process.key: process.worked for process in running})
    return cores(past, [now for process in running if (now := look(process.pid))], since_boot())


def _ages(running: Sequence[Process], at: float) -> dict[str, Scalar]:
    ages = [max(0.0, round(at - process.began / TICKS, 2)) for process in running]
    return {"oldest": max(ages, default=None), "youngest": min(ages, default=None)}


def _files(running: Sequence[Process]) -> tuple[dict[str, Scalar], bool]:
    """Open files of all together and the fullest one's share; not known when one of them hides its own."""
    counted = [(process, open_files(process.pid)) for process in running]
    hidden = any(files is None and _still_runs(process) for process, files in counted)
    known = [files for _, files in counted if files is not None]
    shares = [share for _, share in known if share is not None]
    return {
        "fds": None if hidden else sum(count for count, _ in known),
        "fds_used": None if hidden else max(shares, default=None),
    }, hidden


def _still_runs(process: Process) -> bool:
    now = look(process.pid)
    return now is not None and now.key == process.key and not now.zombie


KIND = Kind(
    name="process",
    summary="looks for processes by name, user, command line or pid file, and at what they use",
    spec=ProcessSpec,
    probe=probe,
    values=(
        Value("count", "", "how many of them run", whole=True, least=0),
        Value("zombies", "", "how many have ended and are not taken note of", whole=True, least=0),
        Value("restarts", "", "how many were replaced since the last look", whole=True, least=0),
        Value("oldest", "seconds", "how long the oldest has been running"),
        Value("youngest", "seconds", "how long the youngest has been running"),
        Value("cpu", "ratio", "share of the time of all this host's processors that they used, together"),
        Value("cores", "", "the same as a number of processors: 1.5 is one and a half", least=0),
        Value("memory", "bytes", "resident memory, together; what they share is counted for each"),
        Value("threads", "", "threads, together", whole=True, least=0),
        Value("fds", "", "open files, together; absent when we may not count them", whole=True, least=0),
        Value(
            "fds_used",
            "ratio",
            "open files as a share of the limit, of the process that is nearest to its own",
        ),
        Value(
            "pid_state",
            "",
            "`running`, `missing`, `invalid`, `stale` or `reused`; only with `pid_file`",
            text=True,
        ),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=True,
    example="type: process\nname: nginx\nuser: www-data\ndown: count < 2\ndegraded: memory > 2GiB or fds_used > 80%\n",
    blocking=True,
    down="count == 0",
    degraded="fds_used > 90%",
)
