"""Laws of the figures through the real store: history in several files, readings packed and dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from agent.decide import take
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.history import take_in
from agent.store.migrate import migrate
from agent.store.reader import Reader, reading
from agent.store.save import save
from agent.store.writer import Writer
from agent.upkeep import Upkeep
from agent.uptime import figures, retired
from alerting.slo.lines import parse_line
from alerting.slo.periods import explicit, moment
from checks.registry import all_kinds
from config.loader import load
from config.models import Config
from tests.alerting.slo.histories import BEGIN, HORIZON, histories, plain, records, shown
from tests.alerting.slo.histories import moment as at_second
from tests.alerting.slo.oracle import Agreement, History, counted
from tests.alerting.slo.vectors.vector import Asked, Vector
from tests.moving_clock import SECOND, MovingClock
from tests.readings import reading as look

AGENT = "test"
CONFIG = """
agent: {id: test, keep_readings: 7d}
services:
  web: {checks: {home: {type: tcp, host: localhost, port: 1, every: 10s, timeout: 1s, confirm: 1, recover: 1}}}
"""
FIRST = moment(at_second(0), "UTC") // SECOND
WORDS = {"o": "up", "g": "degraded", "d": "down", "u": "unknown"}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = writing_engine(tmp_path_factory.mktemp("store") / FILE_NAME)
    migrate(made)
    yield made
    made.dispose()


def answer(connection: Connection, end: int, as_of: int) -> Mapping[str, Any]:
    """The figures of the only service in the first seconds."""
    ledger = Reader(connection, AGENT, running=False).ledger("law")
    period = explicit(at_second(0), at_second(end), "UTC")
    return figures(retired("law"), ledger, period, moment(at_second(as_of), "UTC"))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories, cuts=st.lists(st.integers(0, 16), max_size=3))
def test_history_that_comes_in_several_files_or_twice_gives_the_same_answer(
    history: History, cuts: list[int], engine: Engine
) -> None:
    told = Vector("law", "", "\n".join(records(history)), Asked(BEGIN), {}).lines()
    lines = [parse_line(line) for line in told]
    edges = [0, *sorted(cuts), len(lines)]
    with engine.connect() as connection:
        for low, high in pairwise(edges):
            take_in(connection, AGENT, lines[low:high])
        pieces = answer(connection, HORIZON, 50)
        take_in(connection, AGENT, lines)
        again = answer(connection, HORIZON, 50)
        connection.rollback()
    assert plain(pieces) == shown(counted(history, Agreement(), 0, HORIZON, 50))
    assert again == pieces


def seen(config: Config, engine: Engine) -> list[tuple[int, str, int | None]]:
    """A night of looks, some of them late, taken in by the daemon; as events they are believed for 21 s each."""
    dice, world, at = Random(11), World(), 0
    events: list[tuple[int, str, int | None]] = []
    rules = Rulebook.of(config)
    for _ in range(600):
        word = dice.choice("oooooogdu")
        events.append((at, WORDS[word], 21))
        draft = Draft(world)
        take(draft, rules, ("web", "home"), look(word, FIRST + at))
        with engine.begin() as connection:
            save(connection, AGENT, draft, (FIRST + at) * SECOND)
        draft.settle()
        at += dice.choice([10, 10, 10, 5, 60])
    return events


def test_packed_and_dropped_readings_change_no_figure(tmp_path: Path) -> None:
    (tmp_path / "tocsin.yaml").write_text(CONFIG)
    config = load(tmp_path / "tocsin.yaml", all_kinds())
    engine = writing_engine(tmp_path / FILE_NAME)
    migrate(engine)
    events = seen(config, engine)
    engine.dispose()
    end = events[-1][0]
    wanted = counted(History(events), Agreement(), 0, end, end)
    for days in (0, 1, 20, 400):
        asyncio.run(kept_house(tmp_path, config, days))
        with reading(tmp_path, AGENT) as store:
            ledger = store.ledger("web")
        period = explicit(at_second(0), at_second(end), "UTC")
        assert plain(figures(config.services["web"], ledger, period, period.end)) == shown(wanted)


async def kept_house(directory: Path, config: Config, days: int) -> None:
    """What a daemon does every hour, so many days later."""
    writer = Writer(directory / FILE_NAME)
    try:
        await Upkeep(directory, config, MovingClock((FIRST + days * 86_400) * SECOND), writer).run()
    finally:
        writer.close()
