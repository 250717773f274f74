"""Requests in the whole app: each counted once and in its hour, over failures, reloads, restarts and a stuck store."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import pytest

from agent.store.dialect import FILE_NAME
from agent.store.reader import reading
from agent.uptime import requested
from alerting.slo.periods import explicit
from checks.registry import all_kinds
from config.loader import load
from tests.moving_clock import SECOND, START, Driven, MovingClock
from tests.site import Site

HOUR = 3600
BEGIN = START // SECOND  # an hour begins then


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the test in a loop of its own."""

    @wraps(test)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return wrapped


def counted(driven: Driven, name: str = "web") -> dict[tuple[str, int], tuple[int, int]]:
    """The rows of a service: check and hour, and what was counted."""
    path = driven.directory / "state" / FILE_NAME
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        query = "SELECT check_id, hour, valid, good FROM requests WHERE service = ?"
        found = connection.execute(query, [name]).fetchall()
    return {(check, (hour // SECOND - BEGIN) // HOUR): (valid, good) for check, hour, valid, good in found}


def api(site: Site, **options: object) -> dict[str, Any]:
    check = {"type": "api", "url": site.url, "every": "60s", "timeout": "2s", **options}
    return {"web": {"checks": {"vendor": check}}}


def log_of(path: Path, name: str = "log", **options: object) -> dict[str, Any]:
    return {"web": {"checks": {name: {"type": "access_log", "path": str(path), "every": "60s", **options}}}}


def write(path: Path, at: int, *statuses: int) -> None:
    """One line for each status, at so many seconds after BEGIN."""
    stamp = datetime.fromtimestamp(BEGIN + at, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
    with path.open("a", encoding="utf-8") as file:
        file.writelines(
            f'192.0.2.1 - - [{stamp}] "GET / HTTP/1.1" {status} 100 "-" "curl/8"\n' for status in statuses
        )


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.touch()
    return path


async def reloaded(driven: Driven, services: dict[str, object]) -> Any:
    driven.write(services)
    return await driven.app.reload(load(driven.file, all_kinds()))


@run
async def test_each_look_at_an_api_is_a_request_good_unless_it_is_down(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, api(site, degraded="status == 207", retry_every="60s")) as driven:
            await driven.advance(HOUR - 1)
            first = site.seen
            assert counted(driven) == {("vendor", 0): (first, first)}
            site.status = 207
            await driven.advance(600)
            degraded = site.seen - first
            assert counted(driven)["vendor", 1] == (degraded, degraded)
            site.status = 503
            await driven.advance(600)
            failed = site.seen - first - degraded
            site.close()
            await driven.advance(600)
            (valid, good), all_of_it = counted(driven)["vendor", 1], counted(driven)
            assert valid > degraded + failed  # what was refused was asked as well
            assert good == degraded
            assert len(all_of_it) == 2


@run
async def test_a_look_that_was_not_made_is_no_request(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, api(site, down="status == 500")) as driven:
            site.status = 429  # throttled: nothing is asked until the rest is over
            await driven.advance(600)
            (valid, good) = counted(driven)["vendor", 0]
            assert valid == good == site.seen < 10


@run
async def test_lines_are_counted_once_over_a_restart_and_in_the_hour_of_their_own_time(
    tmp_path: Path, log: Path
) -> None:
    clock = MovingClock()
    async with Driven(tmp_path, log_of(log), clock) as driven:
        write(log, 10, 200, 404, 500)
        await driven.advance(120)
        assert counted(driven) == {("log", 0): (3, 2)}
    write(log, 3599, 200)
    write(log, 3600, 502, 200)
    write(log, 7300, 200)
    log.rename(f"{log}.1")
    write(log, 7400, 503)
    later = MovingClock(clock.at + 3 * HOUR * SECOND)
    async with Driven(tmp_path, log_of(log), later) as driven:
        await driven.advance(120)
        expected = {("log", 0): (4, 3), ("log", 1): (2, 1), ("log", 2): (2, 1)}
        assert counted(driven) == expected
        await driven.advance(600)
        assert counted(driven) == expected


@run
async def test_other_options_count_nothing_twice(tmp_path: Path, log: Path) -> None:
    """What the check remembers under others is forgotten, and the file is read anew."""
    async with Driven(tmp_path, log_of(log)) as driven:
        write(log, 10, 200, 500)
        await driven.advance(120)
        await reloaded(driven, log_of(log, window="10m"))
        write(log, 130, 200)
        await driven.advance(120)
        assert counted(driven) == {("log", 0): (3, 2)}
        await reloaded(driven, log_of(log, window="20m", hosts=["shop.example"]))
        await driven.advance(120)
        assert counted(driven) == {("log", 0): (3, 2)}


@run
async def test_a_renamed_check_goes_on_counting(tmp_path: Path, log: Path) -> None:
    async with Driven(tmp_path, log_of(log)) as driven:
        write(log, 10, 200, 500)
        await driven.advance(120)
        await reloaded(driven, log_of(log, "requests", was="log"))
        write(log, 130, 200)
        await driven.advance(120)
        assert counted(driven) == {("requests", 0): (3, 2)}


@run
async def test_looks_that_wait_for_the_store_together_count_each_line_once(tmp_path: Path, log: Path) -> None:
    """None of them knows what the one before it read: all begin where the disk says."""
    async with Driven(tmp_path, log_of(log)) as driven:
        await driven.advance(60)
        check = driven.app.config.services["web"].checks["log"]
        address, memo = ("web", "log"), driven.app.pipeline.memory(("web", "log")).memo
        waiting = []
        for number in range(3):
            write(log, 70 + number, 200, 500)
            looked = await driven.app.runner.look(check, memo)
            waiting.append(driven.app.pipeline.submit(address, looked))
        await asyncio.gather(*waiting)
        assert counted(driven) == {("log", 0): (6, 3)}
        write(log, 90, 200)
        await driven.advance(120)
        assert counted(driven) == {("log", 0): (7, 4)}


@run
async def test_before_a_service_is_monitored_no_request_counts(tmp_path: Path, log: Path) -> None:
    monitored = datetime.fromtimestamp(BEGIN + HOUR, UTC).isoformat()
    services = log_of(log)
    services["web"]["uptime"] = {"monitored_from": monitored}
    async with Driven(tmp_path, services) as driven:
        for at in (10, HOUR + 10):
            write(log, at, 200, 500)
            await driven.advance(HOUR)
        await driven.advance(60)
        assert counted(driven) == {("log", 0): (2, 1), ("log", 1): (2, 1)}
        period = explicit("2027-01-15", "2027-01-16", "UTC")
        watched = driven.app.config.services
        with reading(tmp_path / "state", "test") as store:
            assert requested(store, watched, period, driven.clock.at) == {"web": {"log": (2, 1)}}
            assert requested(store, {}, period, driven.clock.at) == {"web": {"log": (4, 2)}}
            assert requested(store, {}, period, START + HOUR * SECOND) == {"web": {"log": (2, 1)}}
