"""The dead-man ping: it is sent while all goes on, stops when any part stands still, and begins again with it."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.clock import Job
from agent.deadman import Pinging, decided, patience
from tests.fakes.connector import TYPE
from tests.fakes.helpdesk import ANY, Helpdesk
from tests.moving_clock import Driven, MovingClock
from tests.site import Site

pytestmark = pytest.mark.anyio
EVERY = 10
ROUTES: list[dict[str, object]] = [{"send_to": ["desk"]}]


class FreezingClock(MovingClock):
    """Leaves out the jobs that are `frozen`, and waits for none that does not end, as a machine's timers do."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen: set[str] = set()
        self._running: dict[str, asyncio.Task[None]] = {}

    def every(self, seconds: float, job: Job, name: str) -> None:
        async def turn() -> None:
            running = self._running.get(name)
            if name in self.frozen or (running is not None and not running.done()):
                return

            async def work() -> None:
                await job()

            self._running[name] = asyncio.create_task(work())
            await asyncio.wait([self._running[name]], timeout=0.1)

        super().every(seconds, turn, name)


class Case:
    """A daemon that pings a site of ours."""

    def __init__(self, driven: Driven, clock: FreezingClock, ear: Site) -> None:
        self.driven, self.clock, self.ear = driven, clock, ear

    async def passes(self, seconds: float) -> int:
        """Let time pass without waiting for anything that hangs; how many pings came meanwhile."""
        before, end = self.ear.seen, self.clock.ticks + seconds
        while self.clock.ticks < end:
            for job in self.clock.move(0.5):
                await job()
            await asyncio.sleep(0.002)
        return self.ear.seen - before

    def logged(self, logs: list[Any], event: str) -> list[Any]:
        return [line for line in logs if line["event"] == event]


@pytest.fixture
def ear() -> Iterator[Site]:
    with Site() as site:
        yield site


class Delivering(Driven):
    """Knows the fake helpdesk."""

    connectors = MappingProxyType({TYPE.name: TYPE})


@contextlib.asynccontextmanager
async def pinging(path: Path, ear: Site, url: str = "", **sections: Any) -> AsyncIterator[Case]:
    agent: dict[str, object] = {
        "self_service": sections.pop("self_service", True),
        "id": "test",
        "listen": "127.0.0.1:0",
        "state_dir": str(path / "state"),
        "heartbeat_url": url or ear.url,
        "heartbeat_every": f"{EVERY}s",
    }
    clock = FreezingClock()
    services = sections.pop("services", {"web": {"checks": {"load": {"type": "load"}}}})
    desks = Delivering if "helpdesks" in sections else Driven
    async with desks(path, services, clock, agent=agent, **sections) as driven:
        yield Case(driven, clock, ear)


async def test_while_all_goes_on_a_ping_is_sent_in_each_interval(tmp_path: Path, ear: Site) -> None:
    async with pinging(tmp_path, ear) as case:
        assert await case.passes(10 * EVERY) in (10, 11)


async def test_a_scheduler_whose_turn_does_not_come_stops_the_ping(tmp_path: Path, ear: Site) -> None:
    async with pinging(tmp_path, ear) as case:
        await case.passes(2 * EVERY)
        case.clock.frozen.add("tick")
        assert await case.passes(2 * EVERY) <= 2
        assert await case.passes(5 * EVERY) == 0
        case.clock.frozen.clear()
        assert await case.passes(3 * EVERY) >= 2


async def test_a_store_that_cannot_write_stops_the_ping(tmp_path: Path, ear: Site) -> None:
    async with pinging(tmp_path, ear) as case:
        await case.passes(2 * EVERY)
        with contextlib.closing(sqlite3.connect(tmp_path / "state" / "tocsin.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            assert await case.passes(2 * EVERY) <= 2
            assert await case.passes(3 * EVERY) == 0
            other.rollback()
        await case.driven.app.pipeline.idle()
        assert await case.passes(3 * EVERY) >= 2


async def test_a_pipeline_without_any_commit_stops_the_ping(tmp_path: Path, ear: Site) -> None:
    """Nothing waits, and nothing fails: but the mark of being alive is not stored any more."""
    async with pinging(tmp_path, ear, services={}, self_service=False) as case:
        await case.passes(2 * EVERY)
        case.clock.frozen.add("checkpoint")
        await case.passes(4 * EVERY)
        assert await case.passes(3 * EVERY) == 0


async def test_a_helpdesk_that_does_not_answer_stops_the_ping(tmp_path: Path, ear: Site) -> None:
    with Site() as shop:
        desk = Helpdesk()
        desk.open()
        desk.expect("create", ANY)
        desk.expect("comment", ANY)
        desk.expect("resolve", ANY)
        home = {"type": "http", "url": shop.url, "every": "5s", "timeout": "2s"}
        sections: dict[str, Any] = {
            "services": {"shop": {"checks": {"home": home}}},
            "helpdesks": {"desk": {"type": TYPE.name, "url": desk.url, "token": desk.token}},
            "routes": ROUTES,
        }
        try:
            async with pinging(tmp_path, ear, **sections) as case:
                await case.passes(2 * EVERY)
                desk.fault("create", "hold_reply")
                shop.status = 500
                await case.passes(3 * EVERY)
                assert await case.passes(3 * EVERY) == 0
                desk.heal()
                await case.driven.app.delivery.settled()
                assert await case.passes(3 * EVERY) >= 2
        finally:
            desk.heal()
            desk.close()


async def test_what_was_held_back_is_told_once_and_so_is_that_it_goes_on(tmp_path: Path, ear: Site) -> None:
    with capture_logs() as logs:
        async with pinging(tmp_path, ear) as case:
            await case.passes(EVERY)
            case.clock.frozen.add("tick")
            await case.passes(6 * EVERY)
            case.clock.frozen.clear()
            await case.passes(EVERY)
    (held,) = case.logged(logs, "deadman.held_back")
    assert held["reasons"][0].startswith("no check was started for")
    assert len(case.logged(logs, "deadman.goes_on")) == 1


async def test_a_ping_that_nobody_answers_is_told_once_and_makes_the_own_service_degraded(
    tmp_path: Path, ear: Site
) -> None:
    ear.status = 500
    with capture_logs() as logs:
        async with pinging(tmp_path, ear) as case:
            await case.passes(150)
            checks = case.driven.app.pipeline.world.checks
            state = checks["tocsin", "ping"].state.state
            page = case.driven.app.metrics.page().decode()
    assert len(case.logged(logs, "deadman.unanswered")) == 1
    assert state == "degraded"
    assert 'tocsin_deadman_pings_total{outcome="answered"} 0.0' in page


async def test_the_address_is_shown_nowhere(tmp_path: Path, ear: Site) -> None:
    ear.close()
    secret = "d3adb33f-0000-4000-8000-00c0ffee0000"
    with capture_logs() as logs:
        async with pinging(tmp_path, ear, url=f"{ear.url}ping/{secret}") as case:
            await case.passes(100)
            page = case.driven.app.metrics.page().decode()
            readings = repr(case.driven.app.pipeline.world.checks)
    assert len(case.logged(logs, "deadman.unanswered")) == 1
    assert secret not in repr(logs) + page + readings
    ear.open()


def test_a_part_may_stand_still_for_less_than_an_interval() -> None:
    assert patience(10) == 10
    assert patience(3600) == 30


def test_nothing_is_sent_before_it_is_due_nor_while_anything_stands_still() -> None:
    assert decided(Pinging(10.0), [], 9.9, 60) == (Pinging(10.0), False)
    assert decided(Pinging(10.0), ["it hangs"], 10.0, 60) == (Pinging(10.0, ("it hangs",)), False)
    assert decided(Pinging(10.0, ("it hangs",)), [], 12.0, 60) == (Pinging(72.0), True)
