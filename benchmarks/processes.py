"""What a program costs: CPU, memory, threads and files of it and its children, as the kernel counts them."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pycurl

_MB = 1_000_000
_COMPILED = Path(tempfile.gettempdir()) / f"tocsin-benchmark-bytecode-{os.getuid()}"


@dataclass(frozen=True, slots=True)
class Cost:
    """`cpu` in seconds of user and system time since the start; `rss` and `peak` in megabytes (10^6)."""

    cpu: float
    rss: float
    peak: float
    threads: int
    files: int

    @classmethod
    def of(cls, pids: Sequence[int]) -> Cost:
        """The sum over these processes and all their descendants."""
        members = [member for pid in pids for member in _tree(psutil.Process(pid))]
        return cls(
            cpu=sum(_cpu(member) for member in members),
            rss=sum(member.memory_info().rss for member in members) / _MB,
            peak=sum(_peak(member) for member in members) / _MB,
            threads=sum(member.num_threads() for member in members),
            files=sum(member.num_fds() for member in members),
        )


def _tree(process: psutil.Process) -> list[psutil.Process]:
    return [process, *process.children(recursive=True)]


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def _peak(process: psutil.Process) -> int:
    """The largest resident size so far, in bytes."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return int(process.memory_info().rss)


def pace() -> float:
    """Milliseconds of CPU for a million empty turns of a Python loop: how fast this machine is just now."""
    began = time.process_time()
    for _ in range(1_000_000):
        pass
    return (time.process_time() - began) * 1000


def bare_transfer(url: str, times: int = 2000) -> float:
    """Milliseconds of CPU for a bare libcurl transfer of `url` on a fresh connection: the floor under a probe."""
    curl = pycurl.Curl()
    for option, value in (
        (pycurl.URL, url),
        (pycurl.FRESH_CONNECT, 1),
        (pycurl.FORBID_REUSE, 1),
        (pycurl.PROXY, ""),
    ):
        curl.setopt(option, value)
    curl.setopt(pycurl.WRITEFUNCTION, lambda _raw: None)
    curl.perform()
    began = time.process_time()
    for _ in range(times):
        curl.perform()
    spent = time.process_time() - began
    curl.close()
    return spent / times * 1000


def environment() -> dict[str, str]:
    """As after an installation: byte code is compiled once and kept, wherever the caller forbids that."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, "PYTHONPYCACHEPREFIX": str(_COMPILED)}


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The program, its output in `log`, ended with the block."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment())
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
