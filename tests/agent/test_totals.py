"""Sums by the database equal the arithmetic over spans, whatever is stored."""

from __future__ import annotations

import tempfile
from fractions import Fraction
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.store import schema
from agent.store.dialect import FILE_NAME, reading_engine, writing_engine
from agent.store.history import take_in
from agent.store.migrate import migrate
from agent.store.reader import Reader
from agent.uptime import accounted, retired, totals
from alerting.slo.events import Event
from alerting.slo.lines import Line, Recorded, Window
from alerting.slo.periods import Period
from alerting.slo.spans import Klass

HORIZON = 100
NAMES = ("a", "b", "c", "d")
seen = st.sampled_from([Klass.UP, Klass.DEGRADED, Klass.DOWN, Klass.UNKNOWN])
# Lengths of a service's spans, and of the gaps before them; whether the last one is still open.
stored = st.tuples(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30), seen), max_size=8), st.booleans()
)
moments = st.integers(0, HORIZON)


def rows(service: str, drawn: tuple[list[tuple[int, int, Klass]], bool]) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    at = 0
    for gap, length, klass in drawn[0]:
        at += gap
        where = {"agent_id": "test", "service": service, "check_id": ""}
        found.append({**where, "start": at, "end": at + length, "klass": klass.value})
        at += length
    if found and drawn[1]:
        found[-1]["end"] = None
    return found


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.sampled_from(NAMES), stored, max_size=3),
    st.tuples(moments, moments).filter(lambda ends: ends[0] < ends[1]),
    moments,
    moments,
    st.booleans(),
)
def test_both_ways_give_the_same_account(
    services: dict[str, tuple[list[tuple[int, int, Klass]], bool]],
    window: tuple[int, int],
    alive_until: int,
    now: int,
    told: bool,
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        engine = writing_engine(Path(directory) / FILE_NAME)
        migrate(engine)
        with engine.begin() as connection:
            connection.execute(
                schema.agents.insert().values(agent_id="test", started_at=0, alive_until=alive_until)
            )
            for name, drawn in services.items():
                if listed := rows(name, drawn):
                    connection.execute(schema.spans.insert(), listed)
            if told:
                lines: list[Line] = [
                    Recorded("a", Event(40, Klass.DOWN)),
                    Window("b", Klass.MAINTENANCE, 20, 60),
                ]
                take_in(connection, "test", lines)
        engine.dispose()
        reading = reading_engine(Path(directory) / FILE_NAME)
        with reading.begin() as connection:
            store = Reader(connection, "test", running=False)
            period = Period("drawn", *window, "UTC")
            summed = totals(store, [retired(name) for name in NAMES], period, now)
            for name in NAMES:
                whole = accounted(retired(name), store.ledger(name), period, now)
                assert summed[name].by_class == whole.by_class
                assert summed[name].budget == whole.budget
                assert (summed[name].uptime or Fraction(0)) == (whole.uptime or Fraction(0))
        reading.dispose()
