"""Laws of the time that counts: more of it is later, parts add up, and waiting adds just what it takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.calendars import Calendar
from alerting.desk.working_time import Measure, moment_after, worked
from tests.alerting.desk.clock_words import HOUR, moment, timetable

_TABLES = [
    timetable("office", "Africa/Johannesburg", "mon-fri 08:00-17:00", ["2026-06-17"]),
    timetable("short", "Europe/Berlin", "mon-thu 08:00-17:00, fri 08:00-13:00"),
    timetable("nights", "Europe/London", "22:00-06:00"),
    timetable("siesta", "Australia/Sydney", "mon-sat 08:00-12:00, 13:00-17:00"),
    timetable("early", "America/Havana", "00:00-02:00"),
]
BY_HOURS = st.sampled_from([Measure(), *(Measure(Calendar(each)) for each in _TABLES)])
BY_DAYS = st.sampled_from([Measure(Calendar(each), by_days=True) for each in _TABLES])
MOMENTS = st.integers(moment("2026-01-01T00:00Z"), moment("2027-01-01T00:00Z"))
SPANS = st.integers(0, 14 * 24 * HOUR)
AMOUNTS = st.integers(1, 40 * HOUR).map(Fraction)
DAYS = st.fractions(Fraction(1, 100), 6, max_denominator=100)
few = settings(max_examples=60, deadline=None)


def after(measure: Measure, since: int, amount: Fraction) -> int:
    found = measure.after(since, amount)
    assert found is not None
    return found


@few
@given(BY_HOURS, MOMENTS, SPANS, AMOUNTS, AMOUNTS)
def test_what_starts_later_or_takes_longer_is_not_due_earlier(
    measure: Measure, since: int, later: int, amount: Fraction, more: Fraction
) -> None:
    assert after(measure, since, amount) <= after(measure, since + later, amount)
    assert after(measure, since, amount) <= after(measure, since, amount + more)


@few
@given(BY_HOURS, MOMENTS, AMOUNTS, AMOUNTS)
def test_parts_of_hours_add_up(measure: Measure, since: int, first: Fraction, second: Fraction) -> None:
    between = after(measure, since, first)
    assert after(measure, between, second) == after(measure, since, first + second)
    assert measure.between(since, between) == first


@few
@given(BY_DAYS, MOMENTS, DAYS, DAYS)
def test_parts_of_business_days_add_up(
    measure: Measure, since: int, first: Fraction, second: Fraction
) -> None:
    """But for the microsecond to which each moment is rounded up: on a shorter day that is more than one of them."""
    halfway = after(measure, since, first)
    assert 0 <= after(measure, halfway, second) - after(measure, since, first + second) <= 10
    assert 0 <= measure.between(since, halfway) - first < Fraction(1, HOUR)


@few
@given(st.one_of(BY_HOURS, BY_DAYS), MOMENTS, SPANS, SPANS, SPANS)
def test_time_that_passes_adds_up_and_is_never_more_than_the_wall_clock_says(
    measure: Measure, since: int, first: int, second: int, third: int
) -> None:
    middle, end = since + first, since + first + second
    assert measure.between(since, middle) + measure.between(middle, end) == measure.between(since, end)
    assert measure.between(end, since) == (0 if end > since else measure.between(since, end))
    assert measure.between(since, end) <= measure.between(since, end + third)
    if not measure.by_days:
        assert measure.between(since, end) <= end - since


@few
@given(BY_HOURS, MOMENTS, AMOUNTS, SPANS, SPANS)
def test_waiting_adds_exactly_the_time_that_would_have_counted(
    measure: Measure, since: int, amount: Fraction, until_pause: int, length: int
) -> None:
    start = since + until_pause
    end = start + length
    due = after(measure, since, amount)
    paused = moment_after(measure, since, amount, [(start, end)])
    lost = measure.between(start, end) if start < due else Fraction(0)
    assert paused == after(measure, since, amount + lost)
    assert worked(measure, since, paused or 0, [(start, end)]) == amount


@few
@given(BY_HOURS, MOMENTS, AMOUNTS, SPANS, SPANS, SPANS)
def test_a_pause_is_the_same_in_one_piece_or_in_two(
    measure: Measure, since: int, amount: Fraction, until_pause: int, first: int, second: int
) -> None:
    start = since + until_pause
    middle, end = start + first, start + first + second
    whole = moment_after(measure, since, amount, [(start, end)])
    assert moment_after(measure, since, amount, [(start, middle), (middle, end)]) == whole


@few
@given(BY_HOURS, MOMENTS, AMOUNTS, SPANS)
def test_an_endless_pause_leaves_only_what_was_due_before(
    measure: Measure, since: int, amount: Fraction, until_pause: int
) -> None:
    due = after(measure, since, amount)
    start = since + until_pause
    counted = measure.between(since, start)
    assert moment_after(measure, since, amount, [(start, None)]) == (due if amount <= counted else None)


def test_a_calendar_that_is_never_open_again_makes_nothing_due() -> None:
    first = date(2025, 12, 1)
    mondays = frozenset(first + timedelta(weeks=week) for week in range(11 * 53))
    closed = replace(timetable("closed", "UTC", "mon 08:00-09:00"), dates=mondays)
    assert Measure(Calendar(closed)).after(moment("2026-01-01T00:00Z"), Fraction(1)) is None
