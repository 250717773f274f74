"""A Debian of its own, booted with its real systemd as process 1; what is changed in it is gone with it.

    with Box(tree("trixie")) as box:
        box.run("systemctl", "start", "tocsin")

Needs root and systemd-nspawn. It has no network but its own loopback.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

RELEASES = ("bookworm", "trixie")
# What a small server has, and what the package depends on.
_INCLUDED = (
    "ca-certificates,dbus,init-system-helpers,iproute2,passwd,procps,python3,python3-venv,systemd,systemd-sysv,"
    "tzdata,util-linux"
)
_PATH = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_CONTROLLERS = ("memory", "pids", "cpu", "cpuacct")
_BOOTING, _ENDING = 60.0, 30.0


@contextlib.contextmanager
def alone(place: Path) -> Iterator[None]:
    """One at a time, of all processes that make something there."""
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def tree(place: Path, release: str) -> Path:
    """The tree of a release below `place`, made where it lacks, which takes half a minute."""
    made = place / release
    with alone(place):
        if not (made / "made").exists():
            shutil.rmtree(made, ignore_errors=True)
            # What is mounted for it is nobody else's to see.
            command = [
                "unshare",
                "--mount",
                "mmdebstrap",
                "--quiet",
                "--variant=apt",
                f"--include={_INCLUDED}",
                release,
                str(made),
            ]
            subprocess.run(command, check=True, timeout=600)
            (made / "made").touch()
    return made


class Box:
    """Use as a context manager. `run` fails the test where a command does."""

    def __init__(self, tree: Path, work: Path) -> None:
        self._tree, self._log = tree, work / "console"
        self._name = f"tocsin-box-{os.getpid()}-{id(self) % 10_000}"
        self._leader = 0

    def __enter__(self) -> Self:
        # Where the host has control groups of the first version: limits are real in groups of our own.
        join = 'for each in $GROUPS_OF_OURS; do echo $$ >"$each/cgroup.procs"; done; exec "$@"'
        command = [
            "sh",
            "-c",
            join,
            "sh",
            "systemd-nspawn",
            "--quiet",
            "-D",
            str(self._tree),
            "-M",
            self._name,
        ]
        command += ["--volatile=overlay", "--register=no", "--keep-unit", "--private-network"]
        # Its clock may be asked, as on any host; to set it takes a capability that a box does not have.
        command += ["--system-call-filter=adjtimex clock_adjtime", "--console=read-only", "--boot"]
        with self._log.open("wb") as log:
            self._nspawn = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, "GROUPS_OF_OURS": " ".join(map(str, self._own_groups()))},
            )  # fmt: skip
        try:
            self._until_booted()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(subprocess.SubprocessError):
            self.try_("systemctl", "poweroff")
            self._nspawn.wait(_ENDING)
        self._end()

    def try_(
        self,
        *command: str,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
        seconds: float = 120,
    ) -> subprocess.CompletedProcess[str]:
        """What became of a command in the box."""
        inside = ["nsenter", "-t", str(self._leader), "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w", "--"]
        clean = [
            "env",
            "-i",
            f"PATH={_PATH}",
            "HOME=/root",
            "LANG=C.UTF-8",
            "TERM=dumb",
        ]
        clean += [f"{name}={value}" for name, value in (env or {}).items()]
        return subprocess.run(
            [*inside, *clean, *command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def run(self, *command: str, stdin: str | None = None, seconds: float = 120) -> str:
        """What a command in the box prints; it has to succeed."""
        done = self.try_(*command, stdin=stdin, seconds=seconds)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def write(self, path: str, text: str, mode: str = "644") -> None:
        self.run("install", "-D", "-m", mode, "/dev/stdin", path, stdin=text)

    def bring(self, file: Path, path: str) -> None:
        """Copy a file of the host into the box."""
        root = Path(f"/proc/{self._leader}/root")
        shutil.copy(file, f"{root}{path}")

    def until(self, what: str, holds: Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait for it; says `what` did not come."""
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, f"{what}\n{self.journal()[-4000:]}"
            time.sleep(0.2)

    def journal(self, unit: str = "tocsin") -> str:
        return self.try_("journalctl", "--no-pager", "-o", "cat", "-u", unit).stdout

    def show(self, name: str, unit: str = "tocsin") -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--value", "-p", name, unit).strip()

    def _own_groups(self) -> list[Path]:
        tops = [Path("/sys/fs/cgroup") / each for each in _CONTROLLERS]
        groups = [top / self._name for top in tops if top.is_dir()]
        for group in groups:
            group.mkdir(exist_ok=True)
        return groups

    def _until_booted(self) -> None:
        deadline = time.monotonic() + _BOOTING
        while True:
            assert self._nspawn.poll() is None and time.monotonic() < deadline, self._console()
            children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
            if children and re.search(r"systemd.*running in", self._console()):
                self._leader = int(children[0])
                break
            time.sleep(0.1)
        while "running" not in (state := self.try_("systemctl", "is-system-running", "--wait").stdout):
            if "degraded" in state:
                break
            assert time.monotonic() < deadline, f"{state} {self._console()}"
            time.sleep(0.2)
        for each in _CONTROLLERS:
            self.try_("mount", "-o", "remount,bind,rw", f"/sys/fs/cgroup/{each}")
        self.run("systemctl", "daemon-reexec")

    def _console(self) -> str:
        return self._log.read_text(errors="replace")

    def _end(self) -> None:
        if self._nspawn.poll() is None:
            if self._leader:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self._leader, signal.SIGKILL)
            self._nspawn.kill()
            self._nspawn.wait(_ENDING)
        for each in _CONTROLLERS:
            group = Path("/sys/fs/cgroup") / each / self._name
            for below in sorted(group.rglob("*"), key=lambda path: -len(path.parts)):
                if below.is_dir():
                    with contextlib.suppress(OSError):
                        below.rmdir()
            with contextlib.suppress(OSError):
                group.rmdir()
