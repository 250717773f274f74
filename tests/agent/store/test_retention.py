"""Retention: full hours are packed and rolled up, late rows join them, what is old goes, and no figure changes."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select, update

from agent.store import schema
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate
from agent.store.packing import unpacked
from agent.store.reader import Reader, reading
from agent.store.rename import carry_over
from agent.store.retention import drop_old, pack_some
from agent.store.roll_ups import DAY, HOUR, forget_roll_ups, thin_out
from agent.store.writer import Writer
from agent.upkeep import Upkeep
from agent.uptime import figures, retired
from alerting.slo.periods import parse_period
from alerting.slo.sketch import Sketch, sketched
from tests.moving_clock import START, Driven, MovingClock

EVER = 5000 * DAY
CHECK = {"type": "tcp", "host": "127.0.0.1", "port": 1, "every": "10s", "timeout": "1s"}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = writing_engine(tmp_path / "tocsin.db")
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.begin() as connection:
        yield connection


def row(at: int, check: str = "c", status: str = "ok", **values: Any) -> dict[str, Any]:
    return {
        "agent_id": "a", "service": "s", "check_id": check, "at": at, "status": status, "took": 0.1,
        "message": "m", "values": json.dumps(values),
    }  # fmt: skip


def insert(connection: Connection, *rows: dict[str, Any]) -> None:
    connection.execute(schema.readings.insert(), list(rows))


def pack_all(connection: Connection, before: int) -> int:
    turns = 0
    while pack_some(connection, "a", before):
        turns += 1
    return turns


def kept(connection: Connection) -> list[int]:
    table = schema.packed_readings.c
    blobs = connection.execute(select(table.packed).order_by(table.hour))
    return [entry[0] for (blob,) in blobs for entry in unpacked(blob)]


def latency(connection: Connection, check: str = "c", start: int = 0, end: int = EVER) -> Sketch:
    return Reader(connection, "a", running=False).latency("s", check, start, end)


def test_full_hours_are_packed_one_by_one_and_the_running_one_stays(connection: Connection) -> None:
    insert(connection, *map(row, (5000, HOUR - 1, HOUR, HOUR + 7000, 3 * HOUR)))
    assert pack_all(connection, 2 * HOUR) == 2
    assert kept(connection) == [5000, HOUR - 1000, HOUR, HOUR + 7000]
    assert connection.execute(select(schema.readings.c.at)).scalars().all() == [3 * HOUR]


def test_the_writer_is_not_kept_for_long_by_many_checks(connection: Connection) -> None:
    insert(connection, *(row(at, f"c{number}") for number in range(100) for at in (1, 2)))
    assert pack_all(connection, HOUR) == 3
    assert len(kept(connection)) == 200


def test_late_rows_join_their_hour_and_its_latency_and_old_hours_are_dropped(connection: Connection) -> None:
    insert(connection, row(9000, latency=0.2), row(HOUR + 9000, latency=0.4))
    pack_all(connection, 2 * HOUR)
    insert(connection, row(5000, latency=0.3))
    assert pack_all(connection, 2 * HOUR) == 1
    assert kept(connection) == [5000, 9000, HOUR + 9000]
    assert latency(connection, end=HOUR) == sketched([0.2, 0.3])
    drop_old(connection, "a", HOUR)
    assert kept(connection) == [HOUR + 9000]
    assert latency(connection) == sketched([0.2, 0.3, 0.4])


def test_a_look_that_failed_has_no_latency_and_one_without_a_latency_has_what_it_took(
    connection: Connection,
) -> None:
    insert(connection, row(1, latency=0.2), row(2, status="down", latency=9.0), row(3, status="unknown"))
    insert(connection, row(4, status="degraded", latency=3), row(5), row(6, latency="slow"))
    pack_all(connection, HOUR)
    assert latency(connection) == sketched([0.2, 3, 0.1, 0.1])


def test_hours_become_days_and_days_go_and_nothing_is_counted_twice(connection: Connection) -> None:
    chance = random.Random(2)
    looks = {day * DAY + hour * HOUR: chance.lognormvariate(-2, 0.3) for day in range(70) for hour in (0, 23)}
    for check in ("c", "d"):
        insert(connection, *(row(at, check, latency=took) for at, took in looks.items()))
    pack_all(connection, EVER)
    whole = sketched(looks.values())
    assert latency(connection) == whole
    while thin_out(connection, "a", 66 * DAY + HOUR):
        pass
    rows = connection.execute(select(schema.roll_ups.c.step, schema.roll_ups.c.start)).all()
    assert sorted(start // DAY for step, start in rows if step == "hour") == [66, 66, 67, 67, 68, 68, 69, 69]
    assert sorted(start // DAY for step, start in rows if step == "day") == [
        0,
        0,
        16,
        16,
        32,
        32,
        48,
        48,
        64,
        64,
    ]
    assert latency(connection) == latency(connection, "d") == whole
    some = sketched(took for at, took in looks.items() if 3 * DAY <= at < 68 * DAY + HOUR)
    assert latency(connection, start=3 * DAY, end=68 * DAY + HOUR) == some
    insert(connection, row(2 * DAY + 7, latency=1.0))
    pack_all(connection, EVER)
    while thin_out(connection, "a", 66 * DAY):
        pass
    assert latency(connection, start=2 * DAY, end=3 * DAY).count == 3
    forget_roll_ups(connection, "a", 64 * DAY)
    assert latency(connection) == sketched(took for at, took in looks.items() if at >= 64 * DAY)


def test_a_damaged_hour_does_not_stop_the_packing(connection: Connection) -> None:
    insert(connection, row(5, latency=0.2))
    pack_all(connection, HOUR)
    connection.execute(update(schema.packed_readings).values(packed=b"\1nonsense"))
    connection.execute(update(schema.roll_ups).values(sketches=b"\0\0\5xx"))
    insert(connection, row(6000, latency=0.3))
    assert pack_all(connection, HOUR) == 1
    assert kept(connection) == [6000]
    assert latency(connection) == sketched([0.3])


def test_latencies_follow_a_check_to_its_new_name(connection: Connection) -> None:
    insert(connection, row(5, latency=0.2), row(6, "d", latency=0.4))
    pack_all(connection, HOUR)
    carry_over(connection, "a", [(("s", "c"), ("s", "d"))])
    assert (latency(connection), latency(connection, "d")) == (sketched([]), sketched([0.2]))


def week(number: int) -> list[dict[str, Any]]:
    """A week of spans of the service and its check, and a reading, `number` weeks ago."""
    start = START - (number + 1) * 7 * DAY
    of = {"agent_id": "test", "service": "web"}
    return [
        {**of, "check_id": check, "start": at, "end": until, "klass": klass}
        for check in ("", "home")
        for at, until, klass in (
            (start, start + 6 * DAY + number, "up"),
            (start + 6 * DAY + number, start + 7 * DAY, "down"),
        )
    ]


def fill(connection: Connection) -> None:
    """Three years of it; an hour of readings in each week, work that was planned, a gap, and what others told."""
    connection.execute(schema.spans.insert(), [span for number in range(156) for span in week(number)])
    at = [START - number * 7 * DAY - 5 * HOUR for number in range(156)]
    readings = [row(each, "home", latency=0.2) | {"agent_id": "test", "service": "web"} for each in at]
    connection.execute(schema.readings.insert(), readings)
    of = {"agent_id": "test"}
    connection.execute(schema.gaps.insert(), [{**of, "start": at[9], "end": at[9] + HOUR, "why": "clock"}])
    told = {**of, "service": "web", "at": at[150], "klass": "degraded", "until": at[150] + HOUR}
    connection.execute(schema.told_events.insert(), [told])
    connection.execute(
        schema.told_windows.insert(),
        [{**of, "service": "web", "start": at[40], "end": at[40] + HOUR, "klass": "maintenance"}],
    )
    connection.execute(schema.agents.insert(), [{**of, "started_at": at[-1], "alive_until": START}])


def all_figures(directory: Path) -> list[dict[str, Any]]:
    periods = ("30d", "90d", "1100d", "2026", "2025", "2024-Q2", "2026-11", "2026-10-07", "2024-W30")
    with reading(directory, "test") as store:
        return [
            figures(retired("web"), store.ledger("web"), parse_period(period, "UTC", START), START)
            for period in periods
        ]


def test_no_figure_of_any_period_is_changed_by_upkeep(tmp_path: Path) -> None:
    async def scene() -> tuple[list[dict[str, Any]], list[dict[str, Any]], int]:
        driven = Driven(tmp_path, {"web": {"checks": {"home": CHECK}}})
        writer = Writer(tmp_path / FILE_NAME)
        try:
            await writer.write(fill)
            before = all_figures(tmp_path)
            upkeep = Upkeep(tmp_path, driven.app.config, MovingClock(), writer)
            for _ in range(2):
                await upkeep.run()
            left = await writer.write(
                lambda connection: len(connection.execute(select(schema.readings)).all())
            )
            return before, all_figures(tmp_path), left
        finally:
            writer.close()

    before, after, left = asyncio.run(scene())
    assert left == 0
    assert after == before
    uptimes = {each["uptime"] for each in before}
    assert None not in uptimes
    assert len(uptimes) > 4
    with reading(tmp_path, "test") as store:
        assert 100 < store.latency("web", "home", 0, START).count < 156
