"""The only place that asks the time, and the one that makes things happen later."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog

from alerting.slo.gaps import Step

log = structlog.get_logger()
Job = Callable[[], Awaitable[None]]
_STEP_WATCH = 1.0
_STEP = 2_000_000
_LOOKS = 5
_AT_ONCE = 0.1
_OWN_TIMER_BELOW = 1.0
_JUST_AFTER = 0.002


class Clock(Protocol):
    """Time as an object. Tests bring one that moves when told."""

    def now(self) -> int:
        """Microseconds since 1970, UTC; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Let others go on until so much time has passed."""
        ...

    def every(self, seconds: float, job: Job, name: str) -> None:
        """Run `job` each `seconds`, never twice at once, from `start` until `stop`."""
        ...

    def start(self) -> None: ...

    def stop(self) -> None: ...


class StepWatch:
    """Sees when the wall clock was set, by the monotonic one; time that the machine slept through is a step as well."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.at, self._ticks = self._both()

    def look(self) -> Step | None:
        """The step since the last look, if there was one; `at` is what the clock shows now."""
        now, ticks = self._both()
        elapsed = max(round((ticks - self._ticks) * 1_000_000), 0)
        due = self.at + elapsed
        self.at, self._ticks = now, ticks
        return Step(due, now, elapsed) if abs(now - due) > _STEP else None

    def _both(self) -> tuple[int, float]:
        """What both clocks show at one moment: a process that is held up between them would see a step."""
        for _ in range(_LOOKS):
            before, now, ticks = self._clock.monotonic(), self._clock.now(), self._clock.monotonic()
            if ticks - before < _AT_ONCE:
                break
        return now, ticks


class SystemClock:
    """The machine's time; jobs run on APScheduler, whose own notion of time is reset when the clock is stepped.

    The beat of a fraction of a second is the exception: it runs on the loop's own timer, which costs a tenth.
    """

    def __init__(self) -> None:
        self._jobs: list[tuple[float, Job, str]] = []
        self._scheduler: Any = None
        self._beats: list[asyncio.Task[None]] = []
        self._watch: asyncio.TimerHandle | None = None
        self._steps = StepWatch(self)

    def now(self) -> int:
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def every(self, seconds: float, job: Job, name: str) -> None:
        self._jobs.append((seconds, job, name))

    def start(self) -> None:
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        logging.getLogger("apscheduler.executors.default").addFilter(_is_fault)
        self._scheduler = AsyncIOScheduler(timezone=UTC)
        self._schedule_all()
        self._scheduler.start()
        for seconds, job, name in self._jobs:
            if seconds < _OWN_TIMER_BELOW:
                self._beats.append(asyncio.create_task(_beat(seconds, job), name=name))
        self._watch_for_steps()

    def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        while self._beats:
            self._beats.pop().cancel()
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None

    def _schedule_all(self) -> None:
        for seconds, job, name in self._jobs:
            if seconds < _OWN_TIMER_BELOW:
                continue
            self._scheduler.add_job(
                _run,
                "interval",
                args=[job],
                id=name,
                seconds=seconds,
                replace_existing=True,
                max_instances=1,
                coalesce=True,
                misfire_grace_time=None,
                next_run_time=datetime.now(UTC) + timedelta(seconds=seconds),
            )

    def _watch_for_steps(self) -> None:
        """APScheduler waits for wall-clock moments: after a step back it would wait for as long as the step."""
        if self._steps.look() is not None and self._scheduler is not None:
            self._schedule_all()
        self._watch = asyncio.get_running_loop().call_later(_STEP_WATCH, self._watch_for_steps)


async def _run(job: Job) -> None:
    """APScheduler would run anything but a coroutine function on a thread."""
    await job()


def _is_fault(record: logging.LogRecord) -> bool:
    """APScheduler tells as a fault what `stop` cancels, begun or not."""
    return record.exc_info is None or not isinstance(record.exc_info[1], asyncio.CancelledError)


async def _beat(seconds: float, job: Job) -> None:
    """On the grid of the monotonic clock; a job that takes longer than its interval misses turns, not its place."""
    while True:
        # A little after the moment: a timer of whole milliseconds that fires before it finds nothing due yet.
        await asyncio.sleep(seconds - time.monotonic() % seconds + _JUST_AFTER)
        try:
            await job()
        except Exception:
            log.exception("job.failed")
