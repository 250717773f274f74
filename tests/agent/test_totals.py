"""Sums by the database equal the arithmetic over spans, whatever is stored."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from agent.store import schema
from agent.store.dialect import FILE_NAME, reading_engine, writing_engine
from agent.store.history import take_in
from agent.store.migrate import migrate
from agent.store.reader import Reader
from agent.uptime import accounted, ledgers_for, retired, totals
from alerting.slo.events import Event
from alerting.slo.lines import Line, Recorded, Window
from alerting.slo.periods import Period
from alerting.slo.spans import Klass
from config.models import Service, UptimeConfig

HORIZON = 100
NAMES = ("a", "b", "c", "d")
seen = st.sampled_from([Klass.UP, Klass.DEGRADED, Klass.DOWN, Klass.UNKNOWN])
# What others told of a service: moments, and for how long each is believed.
told_events = st.lists(st.tuples(st.integers(0, HORIZON), seen, st.none() | st.integers(1, 20)), max_size=5)
# Lengths of a service's spans, and of the gaps before them; whether the last one is still open.
stored = st.tuples(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 30), seen), max_size=8), st.booleans()
)
moments = st.integers(0, HORIZON)
# From when on a service is monitored, and by whose outages time is left out.
agreements = st.tuples(st.none() | moments, st.sets(st.sampled_from(NAMES), max_size=2))


def under(name: str, monitored_from: int | None, others: set[str]) -> Service:
    """A service that is monitored since then, and for which time counts only while the others are not down."""
    uptime = UptimeConfig(exclude_when=tuple(sorted(others - {name})))
    return replace(retired(name), monitored_from=monitored_from, uptime=uptime)


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
    st.dictionaries(st.sampled_from(NAMES), told_events, max_size=2),
    st.booleans(),
    st.dictionaries(st.sampled_from(NAMES), agreements),
)
def test_both_ways_give_the_same_account(
    services: dict[str, tuple[list[tuple[int, int, Klass]], bool]],
    window: tuple[int, int],
    alive_until: int,
    now: int,
    told: dict[str, list[tuple[int, Klass, int | None]]],
    windows: bool,
    agreed: dict[str, tuple[int | None, set[str]]],
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
            lines: list[Line] = [
                Recorded(name, Event(at, klass, None if lasts is None else at + lasts))
                for name, events in told.items()
                for at, klass, lasts in events
            ]
            if windows:
                lines += [Window("b", Klass.MAINTENANCE, 20, 60), Window("", Klass.UNKNOWN, 70, 75)]
            take_in(connection, "test", lines)
        engine.dispose()
        reading = reading_engine(Path(directory) / FILE_NAME)
        with reading.begin() as connection:
            store = Reader(connection, "test", running=False)
            period = Period("drawn", *window, "UTC")
            known = [under(name, *agreed.get(name, (None, set()))) for name in NAMES]
            [summed] = totals(store, known, [period], now)
            ledgers = ledgers_for(known, store.ledger, now)
            late = ledgers_for(known, store.ledgers(period.start, NAMES).__getitem__, now)
            for service in known:
                name = service.name
                whole = accounted(service, ledgers[name], period, now)
                assert summed[name].by_class == whole.by_class
                assert accounted(service, late[name], period, now) == whole
                assert summed[name].budget == whole.budget
                assert (summed[name].uptime or Fraction(0)) == (whole.uptime or Fraction(0))
                assert summed[name].excluded == whole.excluded
        reading.dispose()
