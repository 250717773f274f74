"""kill -9 at a chosen system call on the database, by an strace on the unmodified daemon; and where it fell."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.daemon import Daemon, wait_for

# What the daemon is started behind, so that strace may attach to it also where Yama forbids it for strangers.
_PR_SET_PTRACER = 0x59616D61
TRACEABLE = (
    sys.executable,
    "-ISc",
    f"import ctypes, os, sys; ctypes.CDLL(None).prctl({_PR_SET_PTRACER}, ctypes.c_ulong(-1), 0, 0, 0);"
    "os.execv(sys.argv[1], sys.argv[1:])",
)
_WRITE_LOCK = "l_start=120,"  # SQLite's byte for the one who may write, in the -shm file
_CALL = re.compile(r"^\d+\s+(\w+)\((.*)$")


@dataclass(frozen=True, slots=True)
class Shot:
    """Kill on entering the `number`th `call` on the write-ahead log or its index."""

    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.call} {self.number}"


@dataclass(frozen=True, slots=True)
class Fell:
    """Where the kill fell: after how many commits, and how much of a further one was written.

    A commit of nothing but the sign of life writes one page, which takes two writes; it is not counted.
    """

    commits_before: int
    inside: bool
    written: int
    last: str

    def __str__(self) -> str:
        if not self.inside:
            return f"outside a transaction, at {self.last}"
        return f"between BEGIN and COMMIT, {self.written} writes done, at {self.last}"


class Tracer:
    """An strace attached to the running daemon; it kills at the shot."""

    def __init__(self, strace: Path, daemon: Daemon, shot: Shot, log: Path) -> None:
        self._log, self._daemon = log, daemon
        log.unlink(missing_ok=True)
        database, pid = daemon.state_dir / "tocsin.db", daemon.process.pid
        paths = ("-P", f"{database}-wal", "-P", f"{database}-shm")
        inject = f"inject={shot.call}:signal=SIGKILL:when={shot.number}"
        calls = "trace=pwrite64,fdatasync,fcntl"
        self._process = subprocess.Popen(
            [strace, "-f", "-qq", "-s", "0", *paths, "-e", calls, "-e", inject, "-o", log, "-p", str(pid)],
            stderr=subprocess.PIPE,
        )
        wait_for(self._attached, "strace on every thread")

    def _attached(self) -> bool:
        assert self._process.poll() is None, self._process.communicate()[1]
        tasks = Path(f"/proc/{self._daemon.process.pid}/task").iterdir()
        return all("TracerPid:\t0\n" not in (task / "status").read_text() for task in tasks)

    def fell(self) -> Fell:
        """Once the daemon is dead."""
        self._process.communicate(timeout=30)
        return read_log(self._log.read_text(errors="replace"))


def read_log(text: str) -> Fell:
    """What strace wrote, as calls in order; the last one is where the kill fell."""
    calls = [match.groups() for line in text.splitlines() if (match := _CALL.match(line))]
    commits, inside, written, last = 0, False, 0, "nothing"
    for position, (name, rest) in enumerate(calls):
        ends_here = position == len(calls) - 1
        last = _spoken(name, rest)
        if ends_here:
            break
        if name == "pwrite64":
            written += 1
        elif _WRITE_LOCK in rest and "F_WRLCK" in rest:
            inside, written = True, 0
        elif _WRITE_LOCK in rest and "F_UNLCK" in rest:
            commits += written > 2
            inside = False
    return Fell(commits, inside, written, last)


def _spoken(name: str, rest: str) -> str:
    if name != "fcntl":
        return name
    lock = "write lock" if _WRITE_LOCK in rest else "read mark"
    return f"fcntl ({'letting go of' if 'F_UNLCK' in rest else 'taking'} the {lock})"
