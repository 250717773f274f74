"""`was:` in the whole app: a check under a new name goes on with everything it had, once."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Coroutine
from contextlib import closing
from functools import wraps
from pathlib import Path
from typing import Any

from agent.store.dialect import FILE_NAME
from checks.registry import all_kinds
from config.loader import load
from tests.end_to_end.website import Site as SlowSite
from tests.moving_clock import SECOND, Driven, MovingClock
from tests.readings import reading as seen
from tests.site import Site

HOUR = 3600
TABLES = ("readings", "packed_readings", "flips", "spans", "checks", "tickets")


def run(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run the test in a loop of its own."""

    @wraps(test)
    def wrapped(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return wrapped


def web(site: Site | SlowSite, name: str = "home", service: str = "web", **options: object) -> dict[str, Any]:
    check = {"type": "http", "url": site.url, "every": "10s", "timeout": "2s", **options}
    return {service: {"checks": {name: check}}}


def rows(driven: Driven, query: str, *arguments: object) -> list[Any]:
    path = driven.directory / "state" / FILE_NAME
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute(query, arguments).fetchall()


def named(driven: Driven, table: str, name: str, service: str = "web") -> int:
    """How many rows of the table belong to the check."""
    query = f"SELECT count(*) FROM {table} WHERE service = ? AND check_id = ?"
    return int(rows(driven, query, service, name)[0][0])


async def reloaded(driven: Driven, services: dict[str, object]) -> Any:
    driven.write(services)
    return await driven.app.reload(load(driven.file, all_kinds()))


@run
async def test_history_state_incident_and_ticket_go_over_to_the_new_name(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site, every="60s")) as driven:
            await driven.advance(120)
            driven.clock.at += 4 * HOUR * SECOND  # suspended: what was read before is old enough to pack
            site.status = 503
            await driven.advance(610)
            before = {table: named(driven, table, "home") for table in TABLES}
            state = driven.app.pipeline.memory(("web", "home")).state
            spans = rows(driven, "SELECT start, end, klass FROM spans ORDER BY check_id, start")
            assert all(before.values()), before
            changes = await reloaded(driven, web(site, "front", was="home", every="60s"))
            assert (changes.renamed, changes.added, changes.removed) == ({"web.home": "web.front"}, (), ())
            assert {table: named(driven, table, "front") for table in TABLES} == before
            assert not any(named(driven, table, "home") for table in TABLES)
            assert driven.app.pipeline.memory(("web", "front")).state == state
            assert rows(driven, "SELECT start, end, klass FROM spans ORDER BY check_id, start") == spans
            assert rows(driven, "SELECT id, service, rule, occurrence, state, ticket FROM incidents") == [
                (1, "web", "front", 1, "open", 1)
            ]
            await driven.advance(120)
            assert rows(driven, "SELECT count(*) FROM incidents") == [(1,)]
            site.status = 200
            await driven.advance(180)
            assert rows(driven, "SELECT number, check_id, state FROM tickets") == [(1, "front", "resolved")]
            told = [what for (what,) in rows(driven, "SELECT what FROM ticket_events ORDER BY seq")]
            assert told == ["opened", "burn_page", "renamed", "recovered"]


@run
async def test_a_rename_while_the_daemon_is_off_is_followed_at_the_start(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 503
        clock = MovingClock()
        async with Driven(tmp_path, web(site), clock) as driven:
            await driven.advance(60)
        later = MovingClock(clock.at + 30 * SECOND)
        async with Driven(tmp_path, web(site, "front", id="home"), later) as driven:
            assert rows(driven, "SELECT rule, state, ticket FROM incidents") == [("front", "open", 1)]
            assert not named(driven, "spans", "home")
            await driven.advance(60)
            assert rows(driven, "SELECT count(*) FROM tickets") == [(1,)]
            assert rows(
                driven, "SELECT klass FROM spans WHERE service = 'web' AND check_id = '' ORDER BY start"
            ) == [
                ("down",),
                ("unknown",),
                ("down",),
            ]
            classes = rows(driven, "SELECT klass FROM spans WHERE check_id = 'front' ORDER BY start")
            assert classes == [("down",), ("unknown",), ("down",)]


@run
async def test_a_check_can_move_to_another_service(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 503
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(60)
            await reloaded(driven, web(site, "front", "shop", was="web.home"))
            await driven.advance(60)
            incidents = rows(driven, "SELECT service, rule, state FROM incidents")
            assert incidents == [("shop", "front", "open")]
            assert named(driven, "readings", "front", "shop") > 10
            assert rows(driven, "SELECT count(*) FROM spans WHERE service = 'web' AND end IS NULL") == [(0,)]


@run
async def test_an_old_name_left_in_the_file_does_nothing_more(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(60)
            await reloaded(driven, web(site, "front", was="home"))
            await driven.advance(30)
            kept = named(driven, "readings", "front")
            changes = await reloaded(driven, web(site, "front", was="home", labels={"a": "b"}))
            assert not changes.renamed
            assert named(driven, "readings", "front") == kept


@run
async def test_a_check_with_a_past_of_its_own_takes_over_nothing(tmp_path: Path) -> None:
    with Site() as site:
        site.status = 503
        both: dict[str, object] = {
            "web": {"checks": {**web(site)["web"]["checks"], **web(site, "front")["web"]["checks"]}}
        }
        async with Driven(tmp_path, both) as driven:
            await driven.advance(60)
            await reloaded(driven, web(site, "front", was="home"))
            states = rows(driven, "SELECT rule, state FROM incidents ORDER BY rule")
            assert states == [("front", "open"), ("home", "resolved")]
            assert named(driven, "spans", "home")
            kept = named(driven, "readings", "front")
            late = seen("d", driven.clock.now() / SECOND)
            await driven.app.pipeline.submit(("web", "home"), late)  # of a look that ended during the reload
            assert named(driven, "readings", "front") == kept


@run
async def test_what_the_new_name_left_behind_in_an_earlier_life_never_overlaps(tmp_path: Path) -> None:
    """`front` lived, was removed, and comes back as the heir of `home`, which had lived beside it."""
    with Site() as site:
        site.status = 503
        both: dict[str, object] = {
            "web": {"checks": {**web(site)["web"]["checks"], **web(site, "front")["web"]["checks"]}}
        }
        async with Driven(tmp_path, web(site, "front")) as driven:
            await driven.advance(60)
            await reloaded(driven, both)
            await driven.advance(60)
            await reloaded(driven, web(site))
            await driven.advance(60)
            await reloaded(driven, web(site, "front", was="home"))
            await driven.advance(60)
            spans = rows(driven, "SELECT start, end FROM spans WHERE check_id = 'front' ORDER BY start")
            ends = [end for _, end in spans]
            assert all(end <= start for end, (start, _) in zip(ends, spans[1:], strict=False))
            assert ends[-1] is None
            incidents = rows(driven, "SELECT rule, occurrence, state FROM incidents ORDER BY occurrence")
            assert incidents == [("front", 1, "resolved"), ("front", 2, "open")]


@run
async def test_a_look_under_way_at_a_rename_counts_for_the_new_name(tmp_path: Path) -> None:
    with SlowSite() as site:
        async with Driven(tmp_path, web(site)) as driven:
            await driven.advance(30)
            before = named(driven, "readings", "home")
            site.turn(good=True, hold_from=1)
            while not driven.app.scheduler.running:
                for job in driven.clock.move(0.25):
                    await job()
            await reloaded(driven, web(site, "front", was="home"))
            assert list(driven.app.scheduler.running) == ["web.front"]
            site.release()
            await driven.settled()
            assert named(driven, "readings", "front") == before + 1
            assert not named(driven, "readings", "home")
