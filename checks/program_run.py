"""One run of a program: what is asked of its guard, the streams it writes, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import math
import os
import signal
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

KEPT = 64 * 1024
_DROPPED = 16 * 1024 * 1024
_CHUNK = 64 * 1024
_KEPT_ERRORS = 4096
# A deadline is kept by the guard; this much later it is believed to hang itself.
_LATE = 0.4


class CannotRun(Exception):
    """The program could not be started, or what came of it is not known; the text says why and what to do."""


class NobodyThere(CannotRun):
    """No guard has answered."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one program: bytes of memory of each process, processes, bytes of each file written."""

    memory: int = 1024**3
    processes: int = 100
    file_size: int = 1024**3
    files: int = 1024


@dataclass(frozen=True, slots=True)
class Order:
    """What to run. The environment is exactly `env`; a bare name in argv[0] is looked for along its PATH.

    `kept`: how many bytes of its output are wanted.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str = "/"
    limits: Limits = field(default_factory=Limits)
    kept: int = KEPT


@dataclass(frozen=True, slots=True)
class Ended:
    """What came of a run: the first bytes it wrote, and either its exit code or the signal that ended it.

    `stopped` tells why it was ended before its own end: `time`, `processes`, `output`; else it is empty.
    """

    output: bytes
    errors: bytes
    code: int | None
    signal: int | None
    stopped: str = ""
    cut: bool = False


class _Pipe:
    """One stream of a program: its first bytes are kept, the rest is read and dropped up to a bound."""

    def __init__(self, kept: int, overflow: Callable[[], None]) -> None:
        self.reader, self.writer = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        os.set_blocking(self.writer, True)
        self.bytes = bytearray()
        self._kept, self._overflow = kept, overflow
        self.dropped = 0
        self._watched = False

    def watch(self) -> None:
        asyncio.get_running_loop().add_reader(self.reader, self.read)
        self._watched = True

    def read(self) -> bool:
        """Take what is there, one piece; whether there was any."""
        try:
            piece = os.read(self.reader, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        if not piece:
            self.unwatch()
            return False
        room = self._kept - len(self.bytes)
        self.bytes += piece[:room]
        self.dropped += max(0, len(piece) - room)
        if self.dropped > _DROPPED:
            self.unwatch()
            self._overflow()
            return False
        return True

    def unwatch(self) -> None:
        if self._watched:
            asyncio.get_running_loop().remove_reader(self.reader)
            self._watched = False

    def close(self) -> None:
        self.unwatch()
        os.close(self.reader)

    def abandon(self) -> None:
        self.close()
        os.close(self.writer)


class Run:
    """Our ends of one run: the guard's socket and the two streams."""

    def __init__(self, kept: int) -> None:
        self.flooded = False
        with contextlib.ExitStack() as undo:  # when there are too few descriptors left for all of them
            self.talk, self._guards = socket.socketpair()
            undo.callback(self.talk.close)
            undo.callback(self._guards.close)
            self.talk.setblocking(False)
            self.output = _Pipe(kept, self._flooded)
            undo.callback(self.output.abandon)
            self.errors = _Pipe(_KEPT_ERRORS, self._flooded)
            undo.pop_all()

    @property
    def theirs(self) -> tuple[int, int, int]:
        return self._guards.fileno(), self.output.writer, self.errors.writer

    def let_go(self) -> None:
        """The launcher has them now: what it ends must be seen to end."""
        self._guards.close()
        os.close(self.output.writer)
        os.close(self.errors.writer)
        self.output.writer = self.errors.writer = -1

    async def answer(self, order: Order, until: float) -> dict[str, Any] | None:
        """What the guard says at the end; None when it says nothing in time. Raises CannotRun."""
        loop = asyncio.get_running_loop()
        self.output.watch()
        self.errors.watch()
        try:
            async with asyncio.timeout(max(until - time.perf_counter(), 0.0) + _LATE):
                await loop.sock_sendall(self.talk, _request(order, until - time.perf_counter()))
                said = b""
                while not said.endswith(b"\n"):
                    piece = await loop.sock_recv(self.talk, _CHUNK)
                    if not piece:
                        raise NobodyThere(
                            "no process could be started for it, or its guard was killed "
                            "(the host or the unit has too many processes or too little memory)"
                        )
                    said += piece
        except TimeoutError:
            return None
        except OSError as error:
            raise NobodyThere(f"no process could be started: {error_text(error)}") from None
        for stream in (self.output, self.errors):
            while not self.flooded and stream.read():
                pass
        answer: dict[str, Any] = json.loads(said)
        return answer

    def close(self) -> None:
        """From here on the guard knows that nobody waits: it ends what is left."""
        with contextlib.suppress(OSError):
            self.talk.shutdown(socket.SHUT_WR)
        self.talk.close()
        self.output.close()
        self.errors.close()
        if self.output.writer >= 0:
            self.let_go()

    def _flooded(self) -> None:
        self.flooded = True
        with contextlib.suppress(OSError):
            self.talk.shutdown(socket.SHUT_WR)


def _request(order: Order, seconds: float) -> bytes:
    limits = order.limits
    asked = {
        "argv": order.argv,
        "env": dict(order.env),
        "cwd": order.cwd,
        "seconds": seconds,
        "processes": limits.processes,
        "limits": {
            "CORE": 0,
            # All its threads may work all the time until its deadline; this is for one that has lost its guard.
            "CPU": math.ceil(max(seconds, 0) * (os.cpu_count() or 1)) + 1,
            "DATA": limits.memory,
            "FSIZE": limits.file_size,
            "NOFILE": limits.files,
        },
    }
    body = json.dumps(asked).encode()
    return len(body).to_bytes(4, "big") + body


def ended(run: Run, answer: dict[str, Any] | None) -> Ended:
    """Raises CannotRun for what never ran."""
    output, errors = bytes(run.output.bytes), bytes(run.errors.bytes)
    if answer is None:
        return Ended(output, errors, None, None, "time")
    if "failed" in answer:
        raise CannotRun(_why_not(*answer["failed"]))
    status = answer["status"]
    stopped = "output" if run.flooded else answer["why"] if answer["why"] != "ended" else ""
    cut = run.output.dropped > 0
    if stopped or status is None:
        return Ended(output, errors, None, signal.SIGKILL, stopped, cut)
    if os.WIFSIGNALED(status):
        return Ended(output, errors, None, os.WTERMSIG(status), "", cut)
    return Ended(output, errors, os.WEXITSTATUS(status), None, "", cut)


_REMEDIES = {
    errno.ENOENT: "there is no such program (check the path, or install it)",
    errno.ENOTDIR: "there is no such program (check the path)",
    errno.EACCES: "may not be executed by this user (chmod +x, and let the user pass through the directories above)",
    errno.EPERM: "may not be executed by this user",
    errno.ENOEXEC: "is no program this host can run (a script begins with #! and its interpreter)",
    errno.E2BIG: "its arguments and environment are too long",
    errno.ENOMEM: "there is no memory to start it",
    errno.EAGAIN: "there are too many processes to start another one",
    errno.ETXTBSY: "is being written to",
    errno.ELOOP: "is a link that leads in a circle",
}


def error_text(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _why_not(stage: str, number: int, text: str) -> str:
    if stage == "cwd":
        return f"cannot go to the directory `cwd`: {text.lower()}"
    if stage == "interpreter":
        return "its interpreter is not there (see the path after #! on its first line)"
    if stage == "program":
        return _REMEDIES.get(number, f"cannot be started: {text.lower()}")
    return f"cannot be started: {text.lower()}"
