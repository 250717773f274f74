"""How long others kept a program from its work: by that much, and no more, it may come late.

As a program, `python -P tests/stolen.py <file> <script> <words>…` runs a script and writes to the file what was stolen.
"""

from __future__ import annotations

import json
import runpy
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_STEP = 0.01
# A thread that sleeps comes this late on a machine with nothing else to do.
_USUAL = 0.002


@dataclass(frozen=True, slots=True)
class Theft:
    """Between two moments (seconds since 1970) so many seconds were stolen."""

    since: float
    until: float
    seconds: float


class Watchman:
    """A thread that sleeps in short steps beside the program, and sees how much later it wakes.

    What the program itself worked meanwhile, in all its threads, is no theft; nor is it one when its main thread waits
    for anything but a processor.
    """

    def __init__(self) -> None:
        self.thefts: list[Theft] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchman", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.is_set():
            since, began = time.time(), time.monotonic()
            worked, (main_worked, main_waited) = time.process_time(), _main_thread()
            self._over.wait(_STEP)
            late = time.monotonic() - began - _STEP
            work, (main_work, main_wait) = time.process_time() - worked, _main_thread()
            beside = work - (main_work - main_worked)
            stolen = max(late - work, main_wait - main_waited - beside)
            if stolen > _USUAL:
                self.thefts.append(Theft(since, time.time(), stolen))


def _main_thread() -> tuple[float, float]:
    """Seconds that it worked, and that it could have worked but others had the processor; 0 where Linux does not say.

    <https://docs.kernel.org/scheduler/sched-stats.html>, /proc/<pid>/schedstat
    """
    try:
        worked, waited, _ = Path("/proc/self/schedstat").read_text(encoding="ascii").split()
    except OSError:
        return 0.0, 0.0
    return int(worked) / 1e9, int(waited) / 1e9


def watched(file: Path, script: Path, *words: str) -> list[str]:
    """The command that runs a Python script with a watchman beside it."""
    return [sys.executable, "-P", __file__, str(file), str(script), *words]


@dataclass(frozen=True, slots=True)
class Watched:
    """What a watchman wrote: the thefts, and the seconds that the program neither worked nor was kept from it."""

    thefts: tuple[Theft, ...]
    waited: float

    def stolen_from(self, reading: Mapping[str, Any]) -> float:
        """Seconds stolen while that look was under way."""
        since = datetime.fromisoformat(reading["at"]).timestamp()
        until = since + float(reading["took"])
        return sum(each.seconds for each in self.thefts if each.until > since and each.since < until)


def seen_by_watchman(file: Path) -> Watched:
    """Of a program that has ended."""
    written = json.loads(file.read_text(encoding="ascii"))
    return Watched(tuple(Theft(*each) for each in written["thefts"]), written["waited"])


def _run(file: str, script: str, *words: str) -> None:
    watchman, began, worked = Watchman(), time.monotonic(), time.process_time()
    sys.argv[:] = [script, *words]
    try:
        with watchman:
            runpy.run_path(script, run_name="__main__")
    finally:
        found = [(each.since, each.until, each.seconds) for each in watchman.thefts]
        waited = time.monotonic() - began - (time.process_time() - worked) - sum(each[2] for each in found)
        Path(file).write_text(json.dumps({"thefts": found, "waited": waited}), encoding="ascii")


if __name__ == "__main__":
    _run(*sys.argv[1:])
