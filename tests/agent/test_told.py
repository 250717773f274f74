"""A service's ledger with what others told of it, and with planned work: as it stood at any moment."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent.uptime import Alive, Ledger, Told, accounted, retired
from alerting.plans import Edition
from alerting.slo.events import Event
from alerting.slo.periods import Period
from alerting.slo.spans import Klass
from config.maintenance import MaintenanceWindow

SECOND = 1_000_000
HOUR = 3600 * SECOND
NOW, LATER = 30, 45
seen = st.sampled_from([Klass.UP, Klass.DEGRADED, Klass.DOWN, Klass.UNKNOWN])
moments = st.integers(0, NOW)
events = st.builds(
    lambda at, klass, lasts: Event(at, klass, None if lasts is None else at + lasts),
    moments,
    seen,
    st.none() | st.integers(0, 20),
)
is_open = st.booleans()
pieces = st.lists(st.tuples(st.sampled_from([0, 0, 3]), st.integers(1, 9), seen), max_size=6)


@st.composite
def ledgers(draw: Any) -> Ledger:
    """Own spans with and without gaps, the last of them perhaps still open, and some events."""
    at = 0
    spans: list[tuple[int, int | None, Klass]] = []
    for gap, length, klass in draw(pieces):
        spans.append((at + gap, at + gap + length, klass))
        at += gap + length
    if draw(is_open) and spans:
        spans[-1] = (spans[-1][0], None, spans[-1][2])
    told = {event.at: event for event in draw(st.lists(events, max_size=5))}
    return Ledger(tuple(spans), Alive(True, LATER), told=Told(tuple(told[at] for at in sorted(told))))


def with_told(ledger: Ledger, listed: list[Event]) -> Ledger:
    """The ledger after the events were imported as well."""
    latest = {event.at: event for event in [*ledger.told.events, *listed]}
    return Ledger(ledger.spans, ledger.alive, told=Told(tuple(latest[at] for at in sorted(latest))))


def classes(ledger: Ledger, now: int) -> list[Klass | None]:
    spans = ledger.closed(now)
    found = (next((each.klass for each in spans if each.start <= at < each.end), None) for at in range(now))
    return [None if klass is Klass.UNKNOWN else klass for klass in found]


@given(ledgers())
def test_what_was_exported_gives_the_same_time_in_another_store(ledger: Ledger) -> None:
    moved = with_told(Ledger((), ledger.alive), ledger.events(NOW))
    assert classes(moved, NOW) == classes(ledger, NOW)


@given(ledgers())
def test_what_was_exported_changes_nothing_where_it_comes_from_not_even_later(ledger: Ledger) -> None:
    again = with_told(ledger, ledger.events(NOW))
    assert classes(again, NOW) == classes(ledger, NOW)
    assert classes(again, LATER) == classes(ledger, LATER)


def test_figures_of_an_earlier_day_know_only_the_work_that_was_planned_by_then() -> None:
    planned = (Edition(0, 8 * HOUR, 10 * HOUR), Edition(3 * HOUR, 8 * HOUR, 9 * HOUR))
    ledger = Ledger(((0, None, Klass.UP),), Alive(True, 20 * HOUR), work=(planned,))
    day = Period("day", 0, 24 * HOUR, "UTC")
    target = 1 - retired("shop").target
    assert accounted(retired("shop"), ledger, day, 2 * HOUR).budget == target * 22 * HOUR
    assert accounted(retired("shop"), ledger, day, 4 * HOUR).budget == target * 23 * HOUR


def test_a_window_of_the_configuration_excuses_nothing_that_has_passed() -> None:
    ledger = Ledger(((0, None, Klass.DOWN),), Alive(True, 2 * HOUR))
    window = MaintenanceWindow("nightly", (), "UTC", 7200.0, start=60, days=tuple(range(7)))
    day = Period("day", 0, 3 * HOUR, "UTC")
    account = accounted(retired("shop"), ledger, day, 2 * HOUR, [window])
    assert (account.by_class[Klass.DOWN], account.by_class[Klass.MAINTENANCE]) == (2 * HOUR, 0)
    assert account.budget == Fraction(2 * HOUR, 100)
