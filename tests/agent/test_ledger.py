"""The ledger against an oracle: readings, kills and restarts in, spans out, through the real store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from agent.decide import take
from agent.ledger import mark_unseen
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from agent.store.dialect import writing_engine
from agent.store.migrate import migrate
from agent.store.reader import Reader
from agent.store.restore import restored
from agent.store.save import save
from alerting.slo.spans import DownWhen, Klass, Span, combine, tile
from checks.registry import all_kinds
from config.loader import load
from tests.readings import SECOND, reading

AGENT = "test"
LOOKS = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from("ogdu"), st.integers(1, 25)), min_size=1, max_size=25
)
CONFIG = """
services:
  one: {checks: {a: {type: tcp, host: localhost, port: 1, every: 10s, timeout: 1s, confirm: 2, recover: 2}}}
  all:
    down_when: all
    checks:
      a: {type: tcp, host: localhost, port: 1, every: 10s, timeout: 1s, confirm: 2, recover: 2}
      b: {type: tcp, host: localhost, port: 2, every: 10s, timeout: 1s, confirm: 1, recover: 1}
      c: {type: load, every: 10s, timeout: 1s}
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    path = tmp_path_factory.mktemp("config") / "tocsin.yaml"
    path.write_text(CONFIG, encoding="utf-8")
    return Rulebook.of(load(path, all_kinds()))


@contextmanager
def store(path: Path) -> Iterator[Engine]:
    path.unlink(missing_ok=True)
    engine = writing_engine(path)
    migrate(engine)
    try:
        yield engine
    finally:
        engine.dispose()


def commit(connection: Connection, draft: Draft, alive_until: int) -> None:
    save(connection, AGENT, draft, alive_until)
    draft.settle()


def restart(connection: Connection, rules: Rulebook) -> World:
    """What a daemon does that was killed and is started again."""
    world, alive_until = restored(connection, AGENT)
    if alive_until is not None:
        draft = Draft(world)
        mark_unseen(draft, rules, alive_until)
        commit(connection, draft, alive_until)
    return world


def spans(reader: Reader, service: str, check: str, end: int) -> list[Span]:
    rows = reader.ledger(service, check).spans
    return [
        Span(start, until if until is not None else end, klass)
        for start, until, klass in rows
        if start < (until if until is not None else end)
    ]


def hindsight(words: str, confirm: int, recover: int) -> list[Klass]:
    """The class of each reading's interval once everything is known: the plain rule, looked at afterwards."""
    known = [(number, word) for number, word in enumerate(words) if word != "u"]
    classes = [Klass.UNKNOWN] * len(words)
    down = False
    for here, (number, _) in enumerate(known):
        classes[number] = Klass.DOWN if down else Klass.UP
        wanted, need = ("o", recover) if down else ("d", confirm)
        last = known[max(0, here - need + 1) : here + 1]
        if len(last) == need and all(word == wanted for _, word in last):
            down = not down
            for each, _ in last:
                classes[each] = Klass.DOWN if down else Klass.UP
    return classes


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.text("odu", min_size=1, max_size=25), cuts=st.sets(st.integers(0, 24), max_size=3))
def test_spans_are_what_hindsight_says_and_restarts_only_add_unknown_time(
    words: str, cuts: set[int], rules: Rulebook, tmp_path: Path
) -> None:
    with store(tmp_path / "tocsin.db") as engine, engine.begin() as connection:
        world = World()
        expected: list[Span] = []
        for number, klass in enumerate(hindsight(words, 2, 2)):
            at = number * 10 * SECOND
            killed = number + 1 in cuts and number + 1 < len(words)
            draft = Draft(world)
            take(draft, rules, ("one", "a"), reading(words[number], at / SECOND))
            commit(connection, draft, at + 4 * SECOND)
            seen_until = at + (4 if killed else 10) * SECOND
            expected.append(Span(at, seen_until, klass))
            if killed:
                world = restart(connection, rules)
        end = len(words) * 10 * SECOND
        wanted = tile(expected, 0, end)
        reader = Reader(connection, AGENT, running=True)
        assert tile(spans(reader, "one", "a", end), 0, end) == wanted
        assert tile(spans(reader, "one", "", end), 0, end) == wanted


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(looks=LOOKS)
def test_the_stored_service_is_the_combination_of_its_stored_checks(
    looks: list[tuple[str, str, int]], rules: Rulebook, tmp_path: Path
) -> None:
    """However readings of two checks are mixed, delayed and back-dated, and in whatever order they come in.

    Each check's own readings are in order, as one look at a time makes them; between checks there is none.
    The check that does not count does not.
    """
    with store(tmp_path / "tocsin.db") as engine, engine.begin() as connection:
        world, latest = World(), {"a": 0, "b": 0}
        for check, word, gap in looks:
            at = latest[check] = latest[check] + gap * SECOND
            draft = Draft(world)
            take(draft, rules, ("all", check), reading(word, at / SECOND))
            take(draft, rules, ("all", "c"), reading("d", at / SECOND))
            commit(connection, draft, at)
        reader, end = Reader(connection, AGENT, running=True), max(latest.values()) + SECOND
        tracks = [spans(reader, "all", check, end) for check in "ab"]
        service = spans(reader, "all", "", end)
        start = service[0].start
        assert tile(service, start, end) == combine(tracks, DownWhen.parse("all"), start, end)
