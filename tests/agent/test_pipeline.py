"""The pipeline: nothing is believed before it is committed, nothing is lost, nothing spoils its neighbours."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from agent.memory import Draft
from agent.pipeline import BacklogFull, Pipeline
from agent.rulebook import Rulebook
from agent.store.dialect import FILE_NAME
from agent.store.writer import Writer
from alerting.desk.ticket import TicketEvent
from checks.base import Status
from checks.registry import all_kinds
from config.loader import load
from tests.moving_clock import MovingClock
from tests.readings import reading

HOME = ("web", "home")
CONFIG = """
services:
  web: {checks: {home: {type: tcp, host: localhost, port: 1}, shop: {type: tcp, host: localhost, port: 2}}}
"""


QUICK = "defaults: {confirm: 1, recover: 1, watch_for: 0s, reopen_within: 0s}"


@asynccontextmanager
async def running(directory: Path, more: str = "") -> AsyncIterator[Pipeline]:
    path = directory / "tocsin.yaml"
    path.write_text(CONFIG + more, encoding="utf-8")
    writer = Writer(directory / FILE_NAME)
    pipeline = Pipeline(writer, MovingClock(), "test", Rulebook.of(load(path, all_kinds())))
    await pipeline.start()
    try:
        yield pipeline
    finally:
        await pipeline.stop()
        writer.close()


def rows(directory: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{directory / FILE_NAME}?mode=ro", uri=True)) as connection:
        return connection.execute(query).fetchall()


def told(pipeline: Pipeline) -> bool:
    """Whether it says that the store cannot write."""
    return pipeline.degraded


def test_memory_never_runs_ahead_of_the_disk(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(tmp_path) as pipeline:
            committed = pipeline.submit(HOME, reading("o", 1))
            assert pipeline.memory(HOME).state.state is None
            await committed
            assert pipeline.memory(HOME).state.state is Status.OK
            assert rows(tmp_path, "SELECT status FROM readings") == [("ok",)]

    asyncio.run(go())


def test_what_comes_together_is_one_transaction(tmp_path: Path) -> None:
    """The writer is asked once for a whole round of readings: the data version of a watcher rises by one."""

    async def go() -> None:
        async with running(tmp_path) as pipeline:
            watcher = sqlite3.connect(tmp_path / FILE_NAME)
            before = watcher.execute("PRAGMA data_version").fetchone()[0]
            await asyncio.gather(
                *(
                    pipeline.submit(("web", name), reading("o", at))
                    for at in (1, 2, 3)
                    for name in ("home", "shop")
                )
            )
            assert watcher.execute("PRAGMA data_version").fetchone()[0] == before + 1
            assert watcher.execute("SELECT count(*) FROM readings").fetchone() == (6,)
            watcher.close()

    asyncio.run(go())


def test_a_change_that_fails_leaves_nothing_behind_and_spoils_no_neighbour(tmp_path: Path) -> None:
    def poison(draft: Draft) -> None:
        draft.readings.append((HOME, "tcp", reading("d", 99)))
        raise RuntimeError("poison")

    async def go() -> None:
        async with running(tmp_path) as pipeline:
            results = await asyncio.gather(
                pipeline.submit(HOME, reading("o", 1)),
                pipeline.change(poison),
                pipeline.submit(("web", "shop"), reading("d", 2)),
                return_exceptions=True,
            )
            assert [type(result) for result in results] == [type(None), RuntimeError, type(None)]
            assert rows(tmp_path, "SELECT check_id, status FROM readings ORDER BY at") == [
                ("home", "ok"),
                ("shop", "down"),
            ]

    asyncio.run(go())


def test_a_locked_store_delays_and_loses_nothing(tmp_path: Path) -> None:
    """Another process holds the write lock for longer than SQLite waits."""

    async def go() -> None:
        async with running(tmp_path) as pipeline:
            other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            waiting = [pipeline.submit(HOME, reading("d", at)) for at in (1, 2, 3)]
            while not told(pipeline):
                await asyncio.sleep(0.05)
            waiting.append(pipeline.submit(HOME, reading("d", 4)))
            assert pipeline.memory(HOME).state.state is None
            other.execute("ROLLBACK")
            other.close()
            await asyncio.gather(*waiting)
            assert not told(pipeline)
            assert rows(tmp_path, "SELECT count(*) FROM readings") == [(4,)]
            assert rows(tmp_path, "SELECT state, severity FROM incidents") == [("open", "medium")]

    asyncio.run(go())


def test_one_bad_entry_takes_no_neighbour_with_it(tmp_path: Path) -> None:
    """What the database refuses to take is left out; what came with it is kept."""

    def refused(draft: Draft) -> None:
        draft.events.append(TicketEvent(1, 1, "\udcff", "ack", "a name that is no text"))

    async def go() -> None:
        async with running(tmp_path) as pipeline:
            results = await asyncio.gather(
                pipeline.submit(HOME, reading("d", 1)),
                pipeline.change(refused),
                pipeline.submit(HOME, reading("d", 2)),
                return_exceptions=True,
            )
            assert isinstance(results[1], UnicodeEncodeError)
            assert rows(tmp_path, "SELECT state FROM incidents") == [("open",)]
            assert rows(tmp_path, "SELECT count(*) FROM readings") == [(2,)]

    asyncio.run(go())


def test_an_end_and_a_new_beginning_of_one_trouble_fit_into_one_transaction(tmp_path: Path) -> None:
    """The watch of the first incident ends and the second opens in the same draft: both are written."""

    async def go() -> None:
        async with running(tmp_path, QUICK) as pipeline:
            await pipeline.submit(HOME, reading("d", 1))
            await pipeline.submit(HOME, reading("o", 2))
            swept = asyncio.ensure_future(pipeline.checkpoint())
            await asyncio.sleep(0)  # until it is handed in
            await asyncio.gather(swept, pipeline.submit(HOME, reading("d", 3)))
            assert rows(tmp_path, "SELECT occurrence, state FROM incidents ORDER BY id") == [
                (1, "resolved"),
                (2, "open"),
            ]
            assert rows(tmp_path, "SELECT count(*) FROM tickets") == [(2,)]

    asyncio.run(go())


def test_a_store_that_cannot_write_does_not_keep_the_daemon_from_ending(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(tmp_path) as pipeline:
            other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            waiting = pipeline.submit(HOME, reading("d", 1))
            await pipeline.stop(grace=0.1)
            assert not waiting.done()
            other.execute("ROLLBACK")
            other.close()

    asyncio.run(go())


def test_a_reload_for_which_no_room_is_left_fails_and_says_why(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(tmp_path) as pipeline:
            for _ in range(50_000):
                pipeline.submit(("web", "gone"), reading("o", 1))
            with pytest.raises(BacklogFull, match="cannot write"):
                await pipeline.reload(pipeline.rules)

    asyncio.run(go())


def test_facts_are_told_after_the_commit_only(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(tmp_path) as pipeline:
            heard: list[object] = []
            pipeline.heard = lambda address, seen: heard.append(
                (address, rows(tmp_path, f"SELECT count(*) FROM readings WHERE at = {seen.at}"))
            )
            await pipeline.submit(HOME, reading("o", 1))
            assert heard == [(HOME, [(1,)])]

    asyncio.run(go())


def test_the_database_itself_forbids_a_second_open_incident(tmp_path: Path) -> None:
    async def go() -> None:
        async with running(tmp_path) as pipeline:
            await asyncio.gather(*(pipeline.submit(HOME, reading("d", at)) for at in (1, 2)))

    asyncio.run(go())
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(incidents)")]
    copied = ", ".join({"id": "2", "occurrence": "2"}.get(column, column) for column in columns)
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute(f"INSERT INTO incidents SELECT {copied} FROM incidents")
    connection.close()
