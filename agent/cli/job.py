"""Runs a command as if nobody stood around it: output, signals and exit code pass through, its last lines are kept."""

from __future__ import annotations

import contextlib
import os
import select
import selectors
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2")
# A terminal sends these to the job itself.
_FROM_TERMINAL = ("SIGINT", "SIGQUIT")
_PIECE = 64 * 1024
_MOST_LEFT = 1000
_NOT_FOUND, _NOT_ALLOWED, _SIGNALLED = 127, 126, 128


@dataclass(frozen=True, slots=True)
class Ending:
    """How the job ended. `code` is what a shell would say: 128 and the signal's number for one that was killed."""

    code: int
    tail: bytes


def run(command: Sequence[str], keep: int) -> Ending:
    """Run it to its end; `keep` is how many bytes of its last output are kept, 0 lets it write past us."""
    piped = subprocess.PIPE if keep else None
    with _Signals() as signals:
        try:
            # Not by a shell: what the operator wrote are its arguments.
            job = subprocess.Popen(command, stdout=piped, stderr=piped)
        except FileNotFoundError:
            return _not_run(f"{command[0]}: command not found", _NOT_FOUND)
        except OSError as error:
            return _not_run(f"{command[0]}: {(error.strerror or str(error)).lower()}", _NOT_ALLOWED)
        signals.to(job)
        tail = _Output(job, keep).pass_on() if keep else b""
        code = job.wait()
    return Ending(_SIGNALLED - code if code < 0 else code, tail)


def _not_run(reason: str, code: int) -> Ending:
    print(f"tocsin: {reason}", file=sys.stderr)
    return Ending(code, reason.encode())


class _Signals:
    """Passes signals on to a job. Those that come before it has begun reach it as soon as it has."""

    def __init__(self) -> None:
        self._job: subprocess.Popen[bytes] | None = None
        self._early: list[int] = []
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        at_terminal = sys.stdin is not None and sys.stdin.isatty()
        for name in _PASSED_ON:
            number = signal.Signals[name]
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # as under nohup: the job ignores it as well
            ours = _leave_alone if at_terminal and name in _FROM_TERMINAL else self._pass_on
            self._before[number] = signal.signal(number, ours)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def to(self, job: subprocess.Popen[bytes]) -> None:
        """From here on the job gets them."""
        self._job = job
        while self._early:
            job.send_signal(self._early.pop(0))

    def _pass_on(self, number: int, _frame: Any) -> None:
        if self._job is None:
            self._early.append(number)
            return
        with contextlib.suppress(ProcessLookupError):
            self._job.send_signal(number)


def _leave_alone(_number: int, _frame: Any) -> None:
    """A handler, and not SIG_IGN, which the job would inherit."""


class _Output:
    """Both streams of a job, passed on as they come."""

    def __init__(self, job: subprocess.Popen[bytes], keep: int) -> None:
        assert job.stdout is not None
        assert job.stderr is not None
        self._job, self._keep = job, keep
        self._streams = {job.stdout.fileno(): (job.stdout, 1), job.stderr.fileno(): (job.stderr, 2)}
        self._tail = bytearray()
        self._watch = selectors.DefaultSelector()

    def pass_on(self) -> bytes:
        """Until the job has ended and all that it wrote was passed on; the last of it.

        What it left behind in the background may hold the streams open: that is not waited for.
        """
        ended = os.pidfd_open(self._job.pid)
        self._watch.register(ended, selectors.EVENT_READ)
        for stream in self._streams:
            os.set_blocking(stream, False)
            self._watch.register(stream, selectors.EVENT_READ)
        has_ended = False
        while not has_ended:
            for key, _ in self._watch.select():
                if key.fd == ended:
                    has_ended = True
                else:
                    self._take(key.fd)
        for stream in [*self._streams]:
            for _ in range(_MOST_LEFT):
                if not self._take(stream):
                    break
        self._watch.close()
        os.close(ended)
        return bytes(self._tail)

    def _take(self, stream: int) -> bool:
        """One piece passed on; False when there is none now."""
        file, target = self._streams[stream]
        try:
            piece = os.read(stream, _PIECE)
        except BlockingIOError:
            return False
        if not piece or not _given(target, piece):
            # Closed on this side, whoever still writes there learns of it as if we were not between.
            self._watch.unregister(stream)
            del self._streams[stream]
            file.close()
            return False
        self._tail += piece
        del self._tail[: -self._keep]
        return True


def _given(target: int, piece: bytes) -> bool:
    """Whether somebody is still there to take it. What cannot be written for another reason is lost."""
    rest = memoryview(piece)
    while rest:
        try:
            rest = rest[os.write(target, rest) :]
        except BlockingIOError:
            select.select([], [target], [])
        except BrokenPipeError:
            return False
        except OSError:
            return True
    return True


def last_lines(output: bytes, lines: int) -> bytes:
    """The last lines of an output."""
    return b"\n".join(output.rstrip(b"\n").split(b"\n")[-lines:])
