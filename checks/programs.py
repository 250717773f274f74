"""Running programs for checks: each with a deadline, bounds on what it may take, and nothing left of it afterwards.

Programs are started by a small process of its own (`checks.launcher`), so that neither the size of the daemon nor
its threads matter, and so that all that a program has started ends with it, even when the daemon is killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
import sys
import time
from pathlib import Path

from checks.program_run import CannotRun, Ended, NobodyThere, Order, Run, ended, error_text

_CHUNK = 64 * 1024
_AT_ONCE = 32
# Ours comes last on its path: nothing that lies beside our packages can stand in for the standard library.
_LAUNCH = """
import socket, sys
sys.path.append(sys.argv[1])
from checks.launcher.main import main
main(socket.socket(fileno=int(sys.argv[2])))
"""
_ROOT = Path(__file__).resolve().parent.parent


class _LauncherDied(CannotRun):
    """With the request in its queue."""


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
            run = Run(order.kept)
        except OSError as error:
            raise CannotRun(f"cannot be watched: {error_text(error)}") from None
        try:
            launcher = self._hand_over(run)
            try:
                answer = await run.answer(order, until)
            except NobodyThere as nobody:
                if launcher.lives:
                    raise
                raise _LauncherDied(str(nobody)) from None
            if answer is None or answer.get("left"):
                self._stuck[order.argv] = run.talk.dup()
            return ended(run, answer)
        finally:
            run.close()

    def _hand_over(self, run: Run) -> _Launcher:
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
        raise CannotRun(f"the launcher of programs does not start: {error_text(error)}") from None


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
