"""The scheduler: stable rhythm, one look at a time, late looks skipped, quick looks on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from agent.scheduler import TICK, Scheduler
from checks.registry import all_kinds
from config.loader import load
from config.models import Check
from tests.moving_clock import MovingClock

Looks = list[tuple[str, float]]


@pytest.fixture
def checks(tmp_path: Path) -> Callable[..., list[Check]]:
    def made(count: int = 1, **options: object) -> list[Check]:
        told = "".join(f", {key}: {value}" for key, value in options.items())
        listed = "".join(f"\n      c{n}: {{type: load{told}}}" for n in range(count))
        path = tmp_path / "tocsin.yaml"
        path.write_text(f"services:\n  s:\n    checks:{listed}\n", encoding="utf-8")
        return load(path, all_kinds()).checks()

    return made


class Round:
    """A scheduler on a movable clock that notes when each check looked."""

    def __init__(self) -> None:
        self.clock = MovingClock()
        self.looks: Looks = []
        self.again = False
        self.hold: asyncio.Event | None = None
        self.scheduler = Scheduler(self.clock, self._look)

    async def _look(self, check: Check) -> bool:
        self.looks.append((check.name, self.clock.monotonic()))
        if self.hold is not None:
            await self.hold.wait()
        return self.again

    async def advance(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK)):
            self.clock.move(TICK)
            await self.scheduler.tick()
            for _ in range(3):
                await asyncio.sleep(0)


def test_each_check_keeps_its_rhythm(checks: Callable[..., list[Check]]) -> None:
    async def go() -> None:
        round_ = Round()
        round_.scheduler.use(checks(20, every="10s"))
        await round_.advance(100)
        for name in {name for name, _ in round_.looks}:
            at = [moment for each, moment in round_.looks if each == name]
            gaps = [after - before for before, after in pairwise(at[1:])]
            assert len(at) in (10, 11)
            assert set(gaps) == {10.0}

    asyncio.run(go())


def test_the_first_look_comes_soon_however_long_the_interval(checks: Callable[..., list[Check]]) -> None:
    async def go() -> None:
        round_ = Round()
        round_.scheduler.use(checks(5, every="1h"))
        await round_.advance(1)
        assert {name for name, _ in round_.looks} == {"c0", "c1", "c2", "c3", "c4"}

    asyncio.run(go())


def test_a_look_that_still_runs_is_not_started_again_and_nothing_piles_up(
    checks: Callable[..., list[Check]],
) -> None:
    async def go() -> None:
        round_ = Round()
        round_.hold = asyncio.Event()
        round_.scheduler.use(checks(every="10s"))
        await round_.advance(60)
        assert len(round_.looks) == 1
        assert round_.scheduler.lag.skipped in (5, 6)
        round_.hold.set()
        await round_.advance(20)
        assert len(round_.looks) in (2, 3)

    asyncio.run(go())


def test_a_quick_look_follows_when_it_is_wanted_and_the_rhythm_stays(
    checks: Callable[..., list[Check]],
) -> None:
    async def go() -> None:
        round_ = Round()
        round_.scheduler.use(checks(every="60s", retry_every="2s"))
        await round_.advance(70)
        round_.looks.clear()
        round_.again = True
        await round_.advance(60)
        round_.again = False
        moments = [moment for _, moment in round_.looks]
        assert len(moments) > 20
        assert all(1.9 <= after - before <= 2.6 for before, after in pairwise(moments))
        round_.looks.clear()
        await round_.advance(180)
        assert len(round_.looks) in (3, 4)

    asyncio.run(go())


def test_after_a_long_standstill_each_check_looks_once(checks: Callable[..., list[Check]]) -> None:
    async def go() -> None:
        round_ = Round()
        round_.scheduler.use(checks(10, every="10s"))
        await round_.advance(20)
        round_.looks.clear()
        round_.clock.move(3600)
        await round_.advance(TICK)
        assert sorted(name for name, _ in round_.looks) == sorted(f"c{n}" for n in range(10))

    asyncio.run(go())


def test_a_removed_check_is_cut_off_and_looks_no_more(checks: Callable[..., list[Check]]) -> None:
    async def go() -> None:
        round_ = Round()
        round_.hold = asyncio.Event()
        round_.scheduler.use(checks(every="10s"))
        await round_.advance(10)
        assert round_.scheduler.running
        round_.scheduler.use([])
        await round_.advance(30)
        assert not round_.scheduler.running
        assert len(round_.looks) == 1

    asyncio.run(go())


def test_a_reload_keeps_the_appointment_of_an_unchanged_check(checks: Callable[..., list[Check]]) -> None:
    async def go() -> None:
        round_ = Round()
        listed = checks(every="10s")
        round_.scheduler.use(listed)
        await round_.advance(25)
        for _ in range(200):
            round_.scheduler.use(listed)
        await round_.advance(75)
        assert len(round_.looks) in (10, 11)

    asyncio.run(go())


def test_a_look_that_was_cut_off_before_it_began_blocks_no_later_one(
    checks: Callable[..., list[Check]],
) -> None:
    """Released and removed in one breath, and added again."""

    async def go() -> None:
        round_ = Round()
        listed = checks(every="10s")
        round_.scheduler.use(listed)
        while not round_.scheduler.running:
            round_.clock.move(TICK)
            await round_.scheduler.tick()
        round_.scheduler.use([])
        round_.scheduler.use(listed)
        await round_.advance(30)
        assert len(round_.looks) in (3, 4)
        assert round_.scheduler.lag.skipped == 0

    asyncio.run(go())


def test_a_changed_interval_keeps_the_place_of_the_check_in_it(checks: Callable[..., list[Check]]) -> None:
    async def go() -> None:
        round_, anew = Round(), Round()
        round_.scheduler.use(checks(5, every="10s"))
        await round_.advance(25)
        slower = checks(5, every="30s")
        anew.clock.ticks = round_.clock.ticks
        anew.scheduler.use(slower)
        round_.scheduler.use(slower)
        round_.looks.clear()
        await round_.advance(120)
        await anew.advance(120)
        for name in {name for name, _ in round_.looks}:
            at = [moment for each, moment in round_.looks if each == name]
            assert len(at) == 4
            assert set(at) <= {moment for each, moment in anew.looks if each == name}

    asyncio.run(go())
