"""The guard of one program: starts it, watches it, ends it with all that it has started, and tells."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import time
from typing import Any

from checks.launcher.own_cgroup import OwnCgroup
from checks.launcher.process_tree import descendants, in_their_order, on_the_host
from checks.launcher.start import NotStarted, prepare, start

_TICK = 0.05
_ENDING = 0.3
_GIVEN_UP = 600.0


def request_from(daemon: socket.socket) -> dict[str, Any]:
    """What to run: argv, env, cwd, limits {name: number}, processes, seconds."""
    with daemon.makefile("rb") as stream:
        length = int.from_bytes(stream.read(4), "big")
        request: dict[str, Any] = json.loads(stream.read(length))
        return request


class Guard:
    """Of one program, in a process that has nothing else to do."""

    def __init__(self, daemon: socket.socket, request: dict[str, Any], cgroup_above: str) -> None:
        self.daemon, self.request = daemon, request
        self.until = time.perf_counter() + float(request["seconds"])
        self.most = int(request["processes"])
        self.woken, self.wake = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.cgroup = OwnCgroup(cgroup_above, self.most)
        self.leader = 0
        self.status: int | None = None
        self.usual = on_the_host()

    def run(self, output: int, errors: int) -> None:
        """Start it, watch it, end it, and tell."""
        signal.set_wakeup_fd(self.wake, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        try:
            prepare(self.request)
            with self.cgroup:
                self.leader = start(self.request, output, errors)
        except NotStarted as failed:
            self.cgroup.remove()
            self._answer(failed=failed.args)
            return
        finally:
            os.close(output)
            os.close(errors)
        _come_first()
        why = self._watch()
        left = self._end_all()
        self._answer(status=self.status, why=why, left=left)
        until = time.perf_counter() + _GIVEN_UP
        while left and time.perf_counter() < until:  # stuck in the kernel: the daemon waits with the next run
            time.sleep(1)
            left = self._end_all()
        self.cgroup.remove()

    def _watch(self) -> str:
        """Until the program has ended, or must be; why."""
        poll = select.poll()
        poll.register(self.daemon, select.POLLIN)
        poll.register(self.woken, select.POLLIN)
        while True:
            self._reap()
            if self.status is not None:
                return "ended"
            left = self.until - time.perf_counter()
            if left <= 0:
                return "time"
            ready = dict(poll.poll(min(left, _TICK) * 1000))
            if self.daemon.fileno() in ready:
                return "stopped"
            if self.woken in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(self.woken, 512)
            if self._too_many():
                return "processes"

    def _too_many(self) -> bool:
        """Counted only when the whole host has that many more than it had: that is one short line to read."""
        if self.cgroup.full:
            return True
        now = on_the_host()
        self.usual = min(self.usual, now)
        return now - self.usual > self.most and len(descendants(os.getpid())) > self.most

    def _reap(self) -> bool:
        """Take up what has ended; whether anything of the program is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.leader:
                self.status = status

    def _end_all(self) -> int:
        """Kill every descendant, in rounds; how many could not be killed in a moment."""
        until = time.perf_counter() + _ENDING
        _kill(-self.leader)  # the whole group at once, before any of it can fork again
        self.cgroup.kill()
        while self._reap():
            left = 0
            for pid in in_their_order(os.getpid()):
                _kill(pid)
                left += 1
            if time.perf_counter() > until:
                return left
            time.sleep(0.001)
        return 0

    def _answer(self, **said: Any) -> None:
        with contextlib.suppress(OSError):
            self.daemon.sendall(json.dumps(said).encode() + b"\n")


def _come_first() -> None:
    """Before the program, where we may, so that a guard is heard even when the program takes all there is."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def _kill(pid: int) -> None:
    with contextlib.suppress(OSError):
        os.kill(pid, signal.SIGKILL)
