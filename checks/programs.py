"""Running programs for checks: each with a deadline, bounds on what it may take, and nothing left of it afterwards.

Programs are started by a small process of its own (`checks.launcher`), so that neither the size of the daemon nor
its threads matter, and so that all that a program has started ends with it, even when the daemon is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEPT = 64 * 1024
_DROPPED = 16 * 1024 * 1024
_CHUNK = 64 * 1024
_KEPT_ERRORS = 4096
_AT_ONCE = 32
# Ours comes last on its path: nothing that lies beside our packages can stand in for the standard library.
_LAUNCH = """
import socket, sys
sys.path.append(sys.argv[1])
from checks.launcher.main import main
main(socket.socket(fileno=int(sys.argv[2])))
"""
_ROOT = Path(__file__).resolve().parent.parent
# A deadline is kept by the guard; this much later it is believed to hang itself.
_LATE = 0.4


class CannotRun(Exception):
    """The program could not be started, or what came of it is not known; the text says why and what to do."""


class _NobodyThere(CannotRun):
    """No guard has answered."""


class _LauncherDied(CannotRun):
    """With the request in its queue."""


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


class Programs:
    """Runs programs, some at a time; begun with the first of them. Close it with `close`."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._launcher: _Launcher | None = None
        self._stuck: dict[tuple[str, ...], socket.socket] = {}

    async def run(self, order: Order, seconds: float) -> Ended:
        """Run it to its end, or end it after so many seconds. Raises CannotRun."""
        until = time.perf_counter() + seconds
        self._refuse_stuck(order)
        try:
            async with asyncio.timeout(seconds):
                await self._places.acquire()
        except TimeoutError:
            raise CannotRun(f"{_AT_ONCE} other programs were running all the time (spread them)") from None
        try:
            return await self._run(order, until)
        except _LauncherDied:
            return await self._run(order, until)
        finally:
            self._places.release()

    def close(self) -> None:
        """End the launcher; programs that still run are ended by their guards."""
        for each in self._stuck.values():
            each.close()
        if self._launcher is not None:
            self._launcher.close()
            self._launcher = None

    async def _run(self, order: Order, until: float) -> Ended:
        try:
            run = _Run(order.kept)
        except OSError as error:
            raise CannotRun(f"cannot be watched: {_text(error)}") from None
        try:
            launcher = self._hand_over(run)
            try:
                answer = await run.answer(order, until)
            except _NobodyThere as nobody:
                if launcher.lives:
                    raise
                raise _LauncherDied(str(nobody)) from None
            if answer is None or answer.get("left"):
                self._stuck[order.argv] = run.talk.dup()
            return _ended(run, answer)
        finally:
            run.close()

    def _hand_over(self, run: _Run) -> _Launcher:
        """To the launcher; to a new one when the old one is gone."""
        for _ in range(2):
            launcher = self._launcher = self._launcher or _begun()
            try:
                launcher.start(run.theirs)
                run.let_go()
                return launcher
            except BlockingIOError:
                raise CannotRun(
                    "the launcher of programs does not take another one: the host is too busy"
                ) from None
            except OSError:
                launcher.close()
                self._launcher = None
        raise CannotRun("the launcher of programs does not start")

    def _refuse_stuck(self, order: Order) -> None:
        """What hangs in the kernel cannot be killed: it is not started once more beside itself."""
        guard = self._stuck.get(order.argv)
        if guard is None:
            return
        with contextlib.suppress(BlockingIOError):
            while guard.recv(_CHUNK, socket.MSG_DONTWAIT):
                pass
            self._stuck.pop(order.argv).close()
            return
        raise CannotRun("the run before this one still hangs in the operating system")


def _begun() -> _Launcher:
    try:
        return _Launcher()
    except OSError as error:
        raise CannotRun(f"the launcher of programs does not start: {_text(error)}") from None


class _Launcher:
    """The process that forks; its end of the socket tells it when we are gone."""

    def __init__(self) -> None:
        self._ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _LAUNCH, str(_ROOT), str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                cwd="/",
                env={},
                start_new_session=True,
            )
        self._ours.setblocking(False)

    @property
    def lives(self) -> bool:
        """Asked of the socket, which closes before the process can be waited for."""
        try:
            return bool(self._ours.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        except BlockingIOError:
            return True
        except OSError:
            return False

    def start(self, descriptors: tuple[int, ...]) -> None:
        """Raises OSError when it is gone."""
        socket.send_fds(self._ours, [b"!"], list(descriptors))

    def close(self) -> None:
        """It ends by itself as soon as it sees that."""
        self._ours.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1)
            return
        self._process.kill()
        self._process.wait()


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


class _Run:
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
                        raise _NobodyThere(
                            "no process could be started for it, or its guard was killed "
                            "(the host or the unit has too many processes or too little memory)"
                        )
                    said += piece
        except TimeoutError:
            return None
        except OSError as error:
            raise _NobodyThere(f"no process could be started: {_text(error)}") from None
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


def _ended(run: _Run, answer: dict[str, Any] | None) -> Ended:
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


def _text(error: OSError) -> str:
    return (error.strerror or str(error)).lower()


def _why_not(stage: str, number: int, text: str) -> str:
    if stage == "cwd":
        return f"cannot go to the directory `cwd`: {text.lower()}"
    if stage == "interpreter":
        return "its interpreter is not there (see the path after #! on its first line)"
    if stage == "program":
        return _REMEDIES.get(number, f"cannot be started: {text.lower()}")
    return f"cannot be started: {text.lower()}"
