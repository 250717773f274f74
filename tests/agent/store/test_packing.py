"""Packing: nothing is lost, late rows join their hour, old hours go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from agent.store import schema
from agent.store.dialect import writing_engine
from agent.store.migrate import migrate
from agent.store.packing import drop_old, pack_hours, packed, unpacked

HOUR = 3600 * 1_000_000
VALUES = st.dictionaries(
    st.text(min_size=1, max_size=5),
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    max_size=3,
)
ENTRIES = st.lists(
    st.tuples(
        st.integers(0, HOUR), st.sampled_from(["ok", "down"]), st.floats(0, 9), st.text(max_size=9), VALUES
    )
)


@given(ENTRIES)
def test_what_is_packed_comes_back(entries: list[tuple[Any, ...]]) -> None:
    names = {name for entry in entries for name in entry[4]}
    expected = [[*entry[:4], {name: entry[4].get(name) for name in names}] for entry in entries]
    assert unpacked(packed([list(entry) for entry in entries])) == expected


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = writing_engine(tmp_path / "tocsin.db")
    migrate(engine)
    yield engine
    engine.dispose()


def insert(connection: Connection, *moments: int) -> None:
    rows = [
        {
            "agent_id": "a",
            "service": "s",
            "check_id": "c",
            "at": at,
            "status": "ok",
            "took": 0.1,
            "message": "m",
            "values": "{}",
        }
        for at in moments
    ]
    connection.execute(schema.readings.insert(), rows)


def kept(connection: Connection) -> list[int]:
    blobs = connection.execute(
        select(schema.packed_readings.c.packed).order_by(schema.packed_readings.c.hour)
    )
    return [entry[0] for (blob,) in blobs for entry in unpacked(blob)]


def test_full_hours_are_packed_one_by_one_and_the_running_one_stays(engine: Engine) -> None:
    with engine.begin() as connection:
        insert(connection, 5, HOUR - 1, HOUR, HOUR + 7, 3 * HOUR)
        turns = 0
        while pack_hours(connection, "a", 2 * HOUR):
            turns += 1
        assert turns == 2
        assert kept(connection) == [5, HOUR - 1, HOUR, HOUR + 7]
        assert connection.execute(select(schema.readings.c.at)).scalars().all() == [3 * HOUR]


def test_late_rows_join_their_hour_and_old_hours_are_dropped(engine: Engine) -> None:
    with engine.begin() as connection:
        insert(connection, 10, HOUR + 10)
        while pack_hours(connection, "a", 2 * HOUR):
            pass
        insert(connection, 5)
        assert pack_hours(connection, "a", 2 * HOUR)
        assert kept(connection) == [5, 10, HOUR + 10]
        drop_old(connection, "a", HOUR)
        assert kept(connection) == [HOUR + 10]
