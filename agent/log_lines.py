"""Lines on their way out, written by a thread of their own: whoever reads them not, or is gone, stops nobody."""

from __future__ import annotations

import io
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

# Seconds between two tries to write, and between two looks for what is due.
_PAUSE = 1.0
_MOST_BYTES = 1024 * 1024


class Outlet(Protocol):
    """Where lines go."""

    def send(self, data: bytes) -> int:
        """Write one whole, or as much as fits: how many bytes. May block. Raises OSError for what may pass."""
        ...


class Descriptor:
    """A file descriptor: a terminal, a pipe, a file."""

    def __init__(self, number: int) -> None:
        self._number = number

    def send(self, data: bytes) -> int:
        return os.write(self._number, data)


class Lines:
    """Holds what waits to be written, 1 MiB at most; what comes on top of that is dropped and counted.

    `due` gives lines whose time has come, asked each second and, with True, at the end; `told` makes the line that
    says how many were lost.
    """

    def __init__(
        self, outlet: Outlet, due: Callable[[bool], Iterable[bytes]], told: Callable[[int], bytes]
    ) -> None:
        self._outlet, self._due, self._told = outlet, due, told
        self._waiting: deque[bytes] = deque()
        self._bytes = self._untold = 0
        self.lost = 0
        self._changed = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def put(self, line: bytes) -> None:
        """Take a line to be written soon; never waits."""
        with self._changed:
            if self._bytes + len(line) > _MOST_BYTES:
                self.lost += 1
                self._untold += 1
                return
            self._waiting.append(line)
            self._bytes += len(line)
            self._changed.notify()

    def close(self, patience: float) -> None:
        """Write what is due and what waits, for so many seconds at most."""
        with self._changed:
            self._ending = True
            self._changed.notify()
        self._thread.join(patience)

    def _run(self) -> None:
        looked = time.perf_counter()
        while True:
            line = self._next()
            if line is not None:
                self._write(line)
            at_end = line is None and self._ending
            if at_end or time.perf_counter() - looked >= _PAUSE:
                looked = time.perf_counter()
                for each in self._due(at_end):
                    self._write(each)
            if at_end:
                return

    def _next(self) -> bytes | None:
        """The oldest line, or a word on those that were lost before it; None when there is none within the pause."""
        with self._changed:
            if not self._waiting and not self._ending:
                self._changed.wait(_PAUSE)
            lost, self._untold = self._untold, 0
            if lost:
                return self._told(lost)
            if not self._waiting:
                return None
            line = self._waiting.popleft()
            self._bytes -= len(line)
            return line

    def _write(self, line: bytes) -> None:
        """Write the whole line, however long it takes; a fault that does not pass keeps it until the end."""
        while line:
            try:
                line = line[self._outlet.send(line) :]
            except OSError:
                if self._ending:
                    return
                with self._changed:
                    self._changed.wait_for(lambda: self._ending, _PAUSE)


class Aside(io.TextIOBase):
    """Stands for stderr: what is printed there goes the way of the lines, so that printing waits for nobody."""

    encoding = "utf-8"

    def __init__(self, put: Callable[[str], None]) -> None:
        self._put, self._begun = put, ""
        self._lock = threading.Lock()

    def write(self, text: str) -> int:
        with self._lock:
            *whole, self._begun = f"{self._begun}{text}".split("\n")
        for line in whole:
            self._put(line)
        return len(text)

    def isatty(self) -> bool:
        return False
