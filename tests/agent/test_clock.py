"""The machine's clock: beats that outlive their own mistakes, and jobs that keep their place after a step."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from agent.clock import StepWatch, SystemClock


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():
            await asyncio.sleep(0.005)


def run(clock: SystemClock, holds: Callable[[], bool]) -> None:
    async def main() -> None:
        clock.start()
        try:
            await until(holds)
        finally:
            clock.stop()

    asyncio.run(main())


def failing_first(calls: list[int]) -> Callable[[], Awaitable[None]]:
    async def job() -> None:
        calls.append(len(calls))
        if len(calls) == 1:
            raise RuntimeError("on purpose")

    return job


@pytest.mark.parametrize("seconds", [0.02, 1.0], ids=["a beat on the loop", "a job of APScheduler"])
def test_a_job_that_failed_is_run_again(seconds: float) -> None:
    clock, calls = SystemClock(), list[int]()
    clock.every(seconds, failing_first(calls), "job")
    run(clock, lambda: len(calls) >= 2)
    assert calls[:2] == [0, 1]


@pytest.mark.parametrize("seconds", [0.02, 1.0], ids=["a beat on the loop", "a job of APScheduler"])
def test_a_job_never_runs_twice_at_once(seconds: float) -> None:
    clock, under_way, worst, turns = SystemClock(), [0], [0], [0]

    async def slow() -> None:
        under_way[0] += 1
        worst[0] = max(worst[0], under_way[0])
        await asyncio.sleep(2.5 * seconds)
        under_way[0] -= 1
        turns[0] += 1

    clock.every(seconds, slow, "slow")
    run(clock, lambda: turns[0] >= 2)
    assert worst[0] == 1


def test_a_job_that_the_stop_breaks_off_is_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    clock, begun, ended = SystemClock(), list[int](), list[int]()

    async def job() -> None:
        begun.append(1)
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(1)

    async def main() -> None:
        clock.every(1.0, job, "job")
        clock.start()
        await until(lambda: bool(begun))
        clock.stop()
        await until(lambda: bool(ended))

    asyncio.run(main())
    assert [each.message for each in caplog.records if each.levelname == "ERROR"] == []


def test_nothing_beats_after_the_stop() -> None:
    clock, calls = SystemClock(), list[int]()

    async def job() -> None:
        calls.append(1)

    async def main() -> None:
        clock.every(0.01, job, "job")
        clock.start()
        await until(lambda: len(calls) > 2)
        clock.stop()
        seen = len(calls)
        await asyncio.sleep(0.1)
        assert len(calls) <= seen + 1

    asyncio.run(main())


class HeldUp(SystemClock):
    """The process is held up for three seconds while it asks the time, the first time it does."""

    def __init__(self) -> None:
        self.passed, self.asked = 0, 0
        super().__init__()

    def now(self) -> int:
        shown = self.passed * 1_000_000
        self.asked += 1
        self.passed += 3 if self.asked in {1, 3} else 0
        return shown

    def monotonic(self) -> float:
        return float(self.passed)


def test_a_process_that_is_held_up_between_both_clocks_sees_no_step() -> None:
    clock = HeldUp()
    watch = StepWatch(clock)
    assert [watch.look() for _ in range(3)] == [None, None, None]
    assert clock.passed == 6


@pytest.mark.parametrize("begun", [True, False], ids=["begun", "not begun"])
def test_what_the_end_overtakes_is_no_fault(begun: bool, caplog: pytest.LogCaptureFixture) -> None:
    calls: list[str] = []

    async def job() -> None:
        calls.append("begun")
        await asyncio.sleep(60)
        calls.append("ended")

    async def main() -> None:
        clock = SystemClock()
        clock.every(1.0, job, "late")
        clock.start()
        if begun:
            await until(lambda: bool(calls))
        else:
            time.sleep(1.5)  # the loop is held up: the job is made and taken away in the same turn of it
        clock.stop()
        await asyncio.sleep(0.1)

    asyncio.run(main())
    assert calls == (["begun"] if begun else [])
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
