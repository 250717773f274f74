"""What checks read and run on this host, tried as the service's user: logs, the journal, disks, programs."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.clock import SystemClock
from agent.doctor.finding import Finding, finding
from agent.doctor.ground import Ground
from agent.doctor.who import Who, group_of
from checks.log_lines import Log
from checks.tail import Follower
from config.models import Check

_MOST = 60
_SECONDS = 3.0
_JOURNAL = "systemd-journal"


def logs(ground: Ground) -> Iterator[Finding]:
    """Each log that a check reads, read from its end in the way that the check does."""
    for check in ground.config.checks()[:_MOST]:
        if check.kind not in ("access_log", "log", "logins"):
            continue
        paths = tuple(getattr(check.spec, "path", ()) or ())
        units = tuple(getattr(check.spec, "unit", ()) or ())
        directory = getattr(check.spec, "directory", None)
        if paths:
            yield from _log_files(check, paths, ground.who)
        elif units or directory:
            yield _journal(check, Log((), units, directory), ground.who)


def _log_files(check: Check, paths: tuple[str, ...], who: Who) -> Iterator[Finding]:
    follower = Follower(paths, None, limit=1 << 16, back=0)
    for _ in follower.read():
        pass
    for problem in follower.problems[:5]:
        barred = next(filter(None, (_barred(Path(path), who) for path in paths)), "")
        yield finding(
            "logs", check.address, "fail", problem, barred or f"let {who.name} read it, or mend path:"
        )
    if not follower.problems:
        yield finding("logs", check.address, "ok", f"{', '.join(paths)}: {who.name} can read it")


def _barred(path: Path, who: Who) -> str:
    """What lets the user in where the kernel keeps it out; empty where it does not, or it cannot be told."""
    for each in (*reversed(path.parents), path):
        needed = os.X_OK if each != path else os.R_OK
        try:
            there = each.stat()
        except OSError:
            return ""
        if os.access(each, needed, effective_ids=True):
            continue
        wanted = stat.S_IXGRP if each != path else stat.S_IRGRP
        if there.st_mode & wanted and there.st_gid != 0:
            return f"usermod -aG {group_of(there.st_gid)} {who.name} && systemctl restart tocsin"
        return f"setfacl -m u:{who.name}:{'rx' if each != path else 'r'} {each}"
    return ""


def _journal(check: Check, log: Log, who: Who) -> Finding:
    since = SystemClock().now() / 1e6
    problems = [
        each for batch in log.batches(None, back=0, since=since, seconds=_SECONDS) for each in batch.problems
    ]
    if not problems:
        return finding("logs", check.address, "ok", f"{who.name} can read the journal")
    return finding(
        "logs",
        check.address,
        "fail",
        problems[0],
        f"usermod -aG {_JOURNAL} {who.name} && systemctl restart tocsin",
    )


def disks(ground: Ground) -> Iterator[Finding]:
    """Each path of a disk check is there, and may be asked about."""
    wanted = [check for check in ground.config.checks() if check.kind == "disk" and check.spec.path != "all"]
    good = 0
    for check in wanted[:_MOST]:
        try:
            os.statvfs(check.spec.path)
            good += 1
        except OSError as error:
            text = f"{check.spec.path}: {(error.strerror or str(error)).lower()}"
            yield finding("disk", check.address, "fail", text, "mount it, or mend path:")
    if good:
        yield finding("disk", "paths", "ok", f"{good} of {len(wanted[:_MOST])} can be looked at")


def programs(ground: Ground) -> Iterator[Finding]:
    """Each program of a command check is there, and the user may run it."""
    for check in ground.config.checks()[:_MOST]:
        if check.kind != "command":
            continue
        program = _program(check.spec)
        if program.startswith("/"):
            yield _program_found(check, program, ground.who)


def _program_found(check: Check, program: str, who: Who) -> Finding:
    # Directories can be "executed", too.
    if os.access(program, os.X_OK, effective_ids=True) and not os.path.isdir(program):  # noqa: PTH112 - raises nothing
        return finding("programs", check.address, "ok", f"{program} can be run")
    why = "may not run it" if os.path.lexists(program) else "sees no such file"
    return finding(
        "programs",
        check.address,
        "fail",
        f"{program}: {who.name} {why}",
        f"ls -l {program}; or mend command:",
    )


def _program(spec: Any) -> str:
    first = spec.command[0]
    return str(first.words() if hasattr(first, "words") else first)
