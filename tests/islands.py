"""Networks of a test's own: namespaces that cables join, in which the test and its servers move about."""

from __future__ import annotations

import ctypes
import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import pytest

T = TypeVar("T")
_CLONE_NEWNET = 0x4000_0000
_LONGEST = "900"


class Island:
    """One network namespace with loopback up; it goes with the process that holds it."""

    def __init__(self) -> None:
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", _LONGEST], stderr=subprocess.DEVNULL)
        own, deadline = str(Path("/proc/self/ns/net").readlink()), time.monotonic() + 60
        while self._network() in ("", own):
            if self._holder.poll() is not None:
                pytest.skip("needs root and network namespaces (unshare --net)")
            assert time.monotonic() < deadline, "no namespace of its own in time"
            time.sleep(0.01)
        self.ip("link", "set", "lo", "up")

    @property
    def pid(self) -> str:
        return str(self._holder.pid)

    @property
    def entering(self) -> tuple[str, ...]:
        """The words before a command that let it run here."""
        return ("nsenter", f"--net=/proc/{self.pid}/ns/net")

    def ip(self, *arguments: str) -> None:
        """`ip` of iproute2, here."""
        command = [*self.entering, "ip", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stderr}"

    def kernel(self, setting: str, value: str) -> None:
        """One sysctl below net, here."""
        self.inside(lambda: Path("/proc/sys/net", setting).write_text(value, encoding="ascii"))

    def inside(self, act: Callable[[], T]) -> T:
        """What `act` returns, on a thread that is here; sockets that it opens stay here."""
        outcome: list[T] = []
        failed: list[BaseException] = []

        def aside() -> None:
            try:
                _enter(f"/proc/{self.pid}/ns/net")
                outcome.append(act())
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=aside)
        thread.start()
        thread.join()
        if failed:
            raise failed[0]
        return outcome[0]

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()

    def __enter__(self) -> Island:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _network(self) -> str:
        try:
            return str(Path(f"/proc/{self.pid}/ns/net").readlink())
        except OSError:
            return ""


def join(here: Island, address: str, there: Island, opposite: str) -> tuple[str, str]:
    """A cable between two islands, each end with its address and length; the names of both ends."""
    number = time.monotonic_ns() % 10**9
    ends = (f"a{number}", f"b{number}")
    made = ("type", "veth", "peer", "name", ends[1], "netns", there.pid)
    here.ip("link", "add", ends[0], *made)
    for island, end, own in ((here, ends[0], address), (there, ends[1], opposite)):
        more = ("nodad",) if ":" in own else ()
        island.ip("addr", "add", own, "dev", end, *more)
        island.ip("link", "set", end, "up")
    return ends


def _enter(namespace: str) -> None:
    """This thread alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(namespace).open("rb") as file:
        if libc.setns(file.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
