"""The system calls that change the files of a state directory: which there are, and an strace that spoils one."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.end_to_end.daemon import Daemon, wait_for

CHANGING = (
    "write", "pwrite64", "fdatasync", "fsync", "ftruncate", "fallocate", "rename", "unlink", "mkdir", "chmod",
)  # fmt: skip
KILL = "signal=SIGKILL"
_CALL = re.compile(r"^(\d+)\s+(\w+)\((.*)$")


@dataclass(frozen=True, slots=True)
class Point:
    """The `number`th `call` on one `file` of the state directory (empty: the directory), and what comes of it."""

    file: str
    call: str
    number: int
    what: str = KILL

    def __str__(self) -> str:
        return f"{self.call} {self.number} on {self.file or 'the directory'}: {self.what}"


class Strace:
    """One that spoils the call at `point`, or notes all of them."""

    def __init__(self, program: Path, daemon: Daemon, log: Path, point: Point | None = None) -> None:
        self._daemon, self._log = daemon, log
        log.unlink(missing_ok=True)
        self._command = [str(program), "-f", "-qq", "-y", "-s", "0", "-o", str(log)]
        calls = CHANGING if point is None else (point.call,)
        self._command += ["-e", "trace=" + ",".join(calls)]
        if point is not None:
            self._command += ["-P", str(daemon.state_dir / point.file)]
            self._command += ["-e", f"inject={point.call}:{point.what}:when={point.number}"]
        self._tracer: subprocess.Popen[bytes] | None = None

    @property
    def wrapper(self) -> tuple[str, ...]:
        """What a daemon is started behind; it keeps the process id, and strace runs beside it."""
        return (*self._command, "-D")

    def attach(self) -> None:
        """To the running daemon, on every thread."""
        self._tracer = subprocess.Popen(
            [*self._command, "-p", str(self._daemon.process.pid)], stderr=subprocess.PIPE
        )
        wait_for(self._attached, "strace on every thread")

    def _attached(self) -> bool:
        assert self._tracer is not None
        assert self._tracer.poll() is None, self._tracer.communicate()[1]
        tasks = Path(f"/proc/{self._daemon.process.pid}/task").iterdir()
        return all("TracerPid:\t0\n" not in (task / "status").read_text() for task in tasks)

    def detach(self) -> None:
        """Let the daemon go on, if it lives."""
        if self._tracer is not None:
            self._tracer.terminate()
            self._tracer.communicate(timeout=30)

    def points(self) -> list[Point]:
        """Every call that it noted, once for each thread that makes as many of them or more."""
        counted: Counter[tuple[str, str, str]] = Counter()
        for line in self._log.read_text(errors="replace").splitlines():
            if (match := _CALL.match(line)) and (file := self._file(match[3])) is not None:
                counted[match[1], match[2], file] += 1
        most: dict[tuple[str, str], int] = {}
        for (_, call, file), number in counted.items():
            most[file, call] = max(number, most.get((file, call), 0))
        return [Point(*each, number) for each in sorted(most) for number in range(1, most[each] + 1)]

    def _file(self, arguments: str) -> str | None:
        found = re.search(rf'{re.escape(str(self._daemon.state_dir))}(?:/([^/">]+))?[">]', arguments)
        return None if found is None else found[1] or ""


def spoiled(points: Iterable[Point], what: str) -> list[Point]:
    """The same points with that done to them; only what moves bytes or names runs out of space, or fails at a disk."""
    able = [each for each in points if what == KILL or each.call not in ("mkdir", "chmod", "unlink")]
    return [Point(each.file, each.call, each.number, what) for each in able]
