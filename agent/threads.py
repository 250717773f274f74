"""Blocking probes on daemon threads: few at a time, one per check, and hanging ones keep nobody waiting."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

T = TypeVar("T")
log = structlog.get_logger()
# A call that stands still at two looks so far apart gives its place to one that waits: at one alone the whole
# machine may have paused.
_PATIENCE, _LOOKS = 0.03, 2
# Less than this share of a processor, and woken less often than each so many seconds. One that waits for the
# interpreter asks for it each sys.getswitchinterval(), and so does not stand still, however little it gets.
_HARDLY, _RARELY = 0.02, 0.02


class StillHangs(Exception):
    """The call before this one has not come back from the operating system."""


class _NoThread(Exception):
    """The system has no thread to give, for this reason."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True, eq=False)
class _Call:
    """One thread at work. What was `seen` is from when it was last asked whether it stands still."""

    name: str
    began: float
    seen_at: float
    seen_cpu: float = 0.0
    seen_wakes: int = 0
    still: int = 0
    clock: int | None = None
    thread: int | None = None
    has_place: bool = True
    given_up: bool = False

    def stands_still(self, now: float) -> bool:
        """Whether it has hardly run since it was last asked, and did not want to: it hangs, or waits for a device."""
        if self.clock is None:  # it has not begun
            return False
        used, passed = self._cpu(self.clock), now - self.seen_at
        still = used - self.seen_cpu < passed * _HARDLY and self._sleeps(passed)
        self.seen_at, self.seen_cpu, self.still = now, used, self.still + 1 if still else 0
        return self.still >= _LOOKS

    def _cpu(self, clock: int) -> float:
        try:
            return time.clock_gettime(clock)
        except OSError:  # it has ended just now
            return self.seen_cpu

    def _sleeps(self, passed: float) -> bool:
        """Whether it waits for more than a processor or the interpreter, by proc(5), `status`.

        To read this may cost the loop the interpreter, so it is asked of those alone that seem to stand still.
        """
        try:
            status = Path(f"/proc/self/task/{self.thread}/status").read_bytes()
        except OSError:  # it has ended just now, or there is no /proc: then its use of the processor decides
            return True
        wakes = int(status.partition(b"\nvoluntary_ctxt_switches:")[2].split(None, 1)[0])
        rarely, self.seen_wakes = wakes - self.seen_wakes < passed / _RARELY, wakes
        return rarely and b"\nState:\tR" not in status


class ProbeThreads:
    """Runs plain functions aside, as many at a time as there are `places`.

    A call that stands still, waiting for a dead mount or a slow disk, loses its place as soon as another one wants
    it, until there are `most` threads; one that computes keeps it, for more of those would only hinder each other.
    A pool of the standard library would be joined at exit, and one dead network mount would keep the process.
    """

    def __init__(self, places: int, most: int | None = None) -> None:
        self._places, self._most = places, most or places
        self._threads = self._placed = 0
        self._calls: dict[str, _Call] = {}
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def hanging(self) -> int:
        """How many calls have not come back although nobody waits for them any more."""
        return sum(call.given_up for call in self._calls.values())

    def runs(self, name: str) -> bool:
        """Whether a call of that name is under way; one that waits for a place is not."""
        return name in self._calls

    async def run(self, name: str, work: Callable[[], T]) -> T:
        """What `work` returns or raises. Cancelling stops the waiting, not the work. Raises StillHangs."""
        if name in self._calls:
            raise StillHangs
        await self._place()
        now = time.perf_counter()
        call = self._calls[name] = _Call(name, now, now)
        try:
            return await self._started(call, work)
        except _NoThread as error:  # nothing runs that could hang
            self._ended(call)
            raise error.reason from None

    def overdue(self, name: str) -> None:
        """Nobody waits for this call any more; it is told of when it comes back."""
        call = self._calls.get(name)
        if call is not None:
            call.given_up = True
            log.warning("probe.hangs", check=name, hanging=self.hanging)

    def _started(self, call: _Call, work: Callable[[], T]) -> asyncio.Future[T]:
        """The outcome to come of a thread of its own. Raises _NoThread."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def ended(result: T | None, error: BaseException | None) -> None:
            self._ended(call)
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(result)  # type: ignore[arg-type]  # no error: this is a T

        def aside() -> None:
            result, error = None, None
            try:
                call.clock = time.pthread_getcpuclockid(threading.get_ident())
                call.thread = threading.get_native_id()
                call.thread = threading.get_native_id()
                result = work()
            except BaseException as raised:
                error = raised
            with contextlib.suppress(RuntimeError):  # the loop may be gone by now
                loop.call_soon_threadsafe(ended, result, error)

        try:
            threading.Thread(target=aside, name=f"probe {call.name}", daemon=True).start()
        except BaseException as error:
            raise _NoThread(error) from None
        return future

    async def _place(self) -> None:
        """Wait for one; who came first is first."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        self._hand_out()
        try:
            await waiting
        except asyncio.CancelledError:
            if not waiting.cancelled():
                self._give_back(has_place=True)
            raise

    def _hand_out(self) -> None:
        """Places to those who wait, as far as there are some; else see whether one can be had."""
        while self._waiting and self._waiting[0].cancelled():
            self._waiting.popleft()
        while self._waiting and self._placed < self._places and self._threads < self._most:
            waiting = self._waiting.popleft()
            if not waiting.cancelled():
                self._placed += 1
                self._threads += 1
                waiting.set_result(None)
        if self._waiting and self._timer is None and self._threads < self._most:
            loop, now = asyncio.get_running_loop(), time.perf_counter()
            oldest = min((call.seen_at for call in self._calls.values() if call.has_place), default=now)
            self._timer = loop.call_later(max(0.0, oldest + _PATIENCE - now), self._free_places)

    def _free_places(self) -> None:
        """Take their places from calls that stand still, as many as are waited for."""
        self._timer, now = None, time.perf_counter()
        for call in self._calls.values():
            wanted = min(len(self._waiting), self._most - self._threads) - (self._places - self._placed)
            due = call.has_place and now - call.seen_at >= _PATIENCE
            if wanted > 0 and due and call.stands_still(now):
                call.has_place = False
                self._placed -= 1
        self._hand_out()

    def _ended(self, call: _Call) -> None:
        del self._calls[call.name]
        if call.given_up:
            log.info("probe.came_back", check=call.name, after=round(time.perf_counter() - call.began, 3))
        self._give_back(has_place=call.has_place)

    def _give_back(self, *, has_place: bool) -> None:
        self._placed -= has_place
        self._threads -= 1
        self._hand_out()
