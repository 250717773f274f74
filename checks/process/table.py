"""The kernel's table of processes: one line of each, read once a look; the rest only of those that matter.

Format: proc_pid_stat(5), proc_pid_limits(5). Times are in ticks of the kernel's clock.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_FIELDS_AFTER_NAME = 22
_LONGEST_COMMAND_LINE = 32 * 1024
_SHORTENED = 15  # the kernel keeps so many bytes of a name


@dataclass(frozen=True, slots=True)
class Process:
    """`began` and `worked` in ticks: since boot, and of all processors together; `memory` in bytes."""

    pid: int
    name: bytes
    zombie: bool
    threads: int
    began: int
    worked: int
    memory: int

    @property
    def key(self) -> tuple[int, int]:
        """What no other process of this boot has: numbers are given again, starts are not."""
        return self.pid, self.began


def pids() -> list[int]:
    """The numbers of all processes that we may see. Raises OSError without /proc."""
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]


def look(pid: int) -> Process | None:
    """That process; None when there is none. Raises PermissionError when it is hidden from us."""
    try:
        with Path(f"/proc/{pid}/stat").open("rb", buffering=0) as file:
            line = file.read(4096)
    except (FileNotFoundError, ProcessLookupError):
        return None
    return _parsed(pid, line)


def _parsed(pid: int, line: bytes) -> Process | None:
    """A name may hold blanks and brackets; after the last bracket there are only numbers."""
    before, _, after = line.rpartition(b")")
    fields = after.split()
    if len(fields) < _FIELDS_AFTER_NAME:
        return None
    return Process(
        pid=pid,
        name=before.partition(b"(")[2],
        zombie=fields[0] in (b"Z", b"X", b"x"),
        threads=int(fields[17]),
        began=int(fields[19]),
        worked=int(fields[11]) + int(fields[12]),
        memory=max(0, int(fields[21])) * _PAGE,
    )


def is_called(process: Process, name: bytes) -> bool:
    """Whether that is its name; the kernel keeps 15 bytes, of longer ones the command line knows the rest."""
    if len(name) <= _SHORTENED:
        return process.name == name
    if process.name != name[:_SHORTENED]:
        return False
    # a script's own name comes after that of its interpreter and the one argument that may stand there, execve(2)
    return name in [word.rpartition(b"/")[2] for word in _words(process.pid)[:3]]


def runs_as(pid: int) -> int | None:
    """The effective user's number; None when the process has ended."""
    try:
        return Path(f"/proc/{pid}").stat().st_uid
    except (FileNotFoundError, ProcessLookupError):
        return None


def command_line(pid: int) -> bytes:
    """Its words joined by blanks; empty for the kernel's own, for zombies, and when it has ended."""
    return b" ".join(_words(pid))


def _words(pid: int) -> list[bytes]:
    try:
        with Path(f"/proc/{pid}/cmdline").open("rb", buffering=0) as file:
            return file.read(_LONGEST_COMMAND_LINE).rstrip(b"\0").split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def open_files(pid: int) -> tuple[int, float | None] | None:
    """How many files it holds open, and the share of its own limit; None when we may not know, or it ended."""
    try:
        # Since Linux 6.2 the size of the directory is the number, and anyone may ask for that.
        folder = Path(f"/proc/{pid}/fd")
        count = folder.stat().st_size or sum(1 for _ in folder.iterdir())
        limit = next(_limits(pid), 0)
    except OSError:
        return None
    return count, min(1.0, count / limit) if limit else None


def _limits(pid: int) -> Iterator[int]:
    for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith("Max open files"):
            soft = line.split()[3]
            yield int(soft) if soft.isdecimal() else 0
