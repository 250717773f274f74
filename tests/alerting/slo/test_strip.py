"""The strip of days: each day is what its account says of it, whatever the clocks of the zone do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.exclusions import Exclusions
from alerting.slo.periods import Period, micros, midnights
from alerting.slo.spans import Klass, Span
from alerting.slo.strip import Day, Mark, strip
from alerting.slo.uptime import UptimePolicy, account

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
UP, DOWN, DEGRADED = Klass.UP, Klass.DOWN, Klass.DEGRADED
UNKNOWN, MAINTENANCE = Klass.UNKNOWN, Klass.MAINTENANCE
USUAL = UptimePolicy()
WEEK = tuple(range(0, 8 * DAY, DAY))


def at(text: str, zone: str = "UTC") -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC))


def marks(days: list[Day], target: str = "0.99") -> list[Mark]:
    return [day.mark(Fraction(target)) for day in days]


def hours(bounds: tuple[int, ...]) -> list[float]:
    return [(end - start) / HOUR for start, end in pairwise(bounds)]


@pytest.mark.parametrize(
    ("zone", "until", "lengths"),
    [
        ("Europe/Berlin", "2026-03-30T12:00", [24, 23, 24]),  # the clocks go forward on the 29th
        ("Europe/Berlin", "2026-10-26T12:00", [24, 25, 24]),  # and back on 25 October
        ("Australia/Lord_Howe", "2026-04-06T12:00", [24, 24.5, 24]),  # by half an hour
        ("America/Santiago", "2026-09-07T12:00", [24, 23, 24]),  # at midnight: the day begins at 01:00
        ("Pacific/Apia", "2011-12-31T12:00", [24, 0, 24]),  # there was no 30 December
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, until: str, lengths: list[float]) -> None:
    assert hours(midnights(at(until, zone), zone, 3)) == lengths


def test_the_last_day_is_the_one_of_the_last_moment() -> None:
    assert midnights(3 * DAY, "UTC", 2) == (DAY, 2 * DAY, 3 * DAY)
    assert midnights(3 * DAY + 1, "UTC", 2) == (2 * DAY, 3 * DAY, 4 * DAY)


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00", "0001-02-03T04:05:06", "9999-12-31T23:59:59"])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_days_at_the_ends_of_the_calendar_are_left_out_rather_than_failing(until: str, zone: str) -> None:
    bounds = midnights(at(until), zone, 90)
    assert len(bounds) == 91
    assert list(bounds) == sorted(bounds)


def test_an_outage_over_the_change_of_the_clocks_takes_each_days_own_share() -> None:
    # Berlin, 25 October 2026: 25 hours. Down from the 24th 22:00 to the 26th 01:00 is 2 h, 25 h and 1 h.
    bounds = midnights(at("2026-10-26T12:00", "Europe/Berlin"), "Europe/Berlin", 3)
    start, end = at("2026-10-24T22:00", "Europe/Berlin"), at("2026-10-26T01:00", "Europe/Berlin")
    spans = [
        Span(bounds[0], start, UP),
        Span(start, end, DOWN),
        Span(end, bounds[3], UP),
    ]
    days = strip(spans, bounds, USUAL, bounds[3], bounds[0])
    assert [(day.good, day.bad) for day in days] == [(22 * HOUR, 2 * HOUR), (0, 25 * HOUR), (23 * HOUR, HOUR)]
    assert marks(days) == [Mark.BELOW, Mark.WORST, Mark.BELOW]


def test_a_day_is_marked_by_what_was_counted_of_it() -> None:
    spans = [
        Span(0, DAY, UP),  # all good
        Span(DAY, 2 * DAY, UNKNOWN),  # not seen
        Span(2 * DAY, 3 * DAY, MAINTENANCE),  # planned work only
        Span(3 * DAY, 3 * DAY + 23 * HOUR, MAINTENANCE),  # an hour of it was seen, and good
        Span(3 * DAY + 23 * HOUR, 4 * DAY, UP),
        Span(4 * DAY, 4 * DAY + HOUR, MAINTENANCE),  # the rest of it was not seen
        Span(5 * DAY, 6 * DAY - HOUR // 5, UP),  # 12 minutes of 24 hours: 99.16 %
        Span(6 * DAY - HOUR // 5, 6 * DAY, DOWN),
        Span(6 * DAY, 6 * DAY + 12 * HOUR, DEGRADED),
        Span(6 * DAY + 12 * HOUR, 7 * DAY, DOWN),
    ]
    days = strip(spans, WEEK, USUAL, 7 * DAY, 0)
    usual = [Mark.GOOD, Mark.UNSEEN, Mark.PLANNED, Mark.GOOD, Mark.UNSEEN, Mark.WITHIN, Mark.WORST]
    assert marks(days) == usual
    assert marks(days, "0.9917")[5] is Mark.BELOW


def test_the_agreement_decides_what_counts() -> None:
    spans = [Span(0, DAY, UNKNOWN), Span(DAY, 2 * DAY, DEGRADED), Span(2 * DAY, 3 * DAY, MAINTENANCE)]
    strict = UptimePolicy(degraded="down", unknown="down", maintenance="down")
    assert marks(strip(spans, WEEK[:4], strict, 3 * DAY, 0)) == [Mark.WORST] * 3
    kind = UptimePolicy(unknown="up")
    assert marks(strip(spans, WEEK[:4], kind, 3 * DAY, 0)) == [Mark.GOOD, Mark.GOOD, Mark.PLANNED]


def test_time_before_a_service_and_time_to_come_are_not_in_the_account() -> None:
    # Monitored from noon of the third day on, asked at noon of the fifth.
    days = strip([Span(0, 9 * DAY, UP)], WEEK, USUAL, 4 * DAY + 12 * HOUR, 2 * DAY + 12 * HOUR)
    assert [day.good // HOUR for day in days] == [0, 0, 12, 24, 12, 0, 0]
    nothing = Mark.NOTHING
    assert marks(days) == [nothing, nothing, Mark.GOOD, Mark.GOOD, Mark.GOOD, nothing, nothing]


def test_of_a_service_that_was_never_seen_nothing_is_in_the_account() -> None:
    assert marks(strip([], WEEK, USUAL, 7 * DAY, None)) == [Mark.NOTHING] * 7


def test_what_is_left_out_by_agreement_is_neither_good_nor_bad() -> None:
    # Down on all three days. The second is outside of the agreed hours; on the third another service was down.
    spans = [Span(0, 3 * DAY, DOWN)]
    left_out = Exclusions(((DAY, 2 * DAY),), (("edge", ((2 * DAY, 3 * DAY),)),))
    days = strip(spans, WEEK[:4], UptimePolicy(exclusions=left_out), 3 * DAY, 0)
    assert marks(days) == [Mark.WORST, Mark.NOTHING, Mark.NOTHING]
    assert [day.bad for day in days] == [DAY, 0, 0]


pieces = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40), st.sampled_from(Klass)), max_size=12)
windows = st.lists(st.integers(0, 240), max_size=8, unique=True).map(
    lambda cuts: tuple(zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False))
)
policies = st.builds(
    UptimePolicy,
    degraded=st.sampled_from(["up", "down"]),
    unknown=st.sampled_from(["up", "down", "exclude"]),
    maintenance=st.sampled_from(["exclude", "down"]),
    exclusions=st.builds(
        Exclusions, st.none() | windows, st.lists(st.tuples(st.just("edge"), windows), max_size=1).map(tuple)
    ),
)


@given(
    pieces,
    st.lists(st.integers(0, 240), min_size=2, max_size=12).map(sorted),
    policies,
    st.integers(0, 260),
    st.none() | st.integers(0, 240),
)
def test_every_day_is_what_its_account_says(
    drawn: list[tuple[int, int, Klass]],
    bounds: list[int],
    policy: UptimePolicy,
    until: int,
    since: int | None,
) -> None:
    spans, end = [], 0
    for gap, length, klass in drawn:
        spans.append(Span(end + gap, end + gap + length, klass))
        end += gap + length
    days = strip(spans, bounds, policy, until, since)
    assert len(days) == len(bounds) - 1
    for day, (start, end) in zip(days, pairwise(bounds), strict=True):
        told = account(spans, Period("day", start, max(start, min(end, until)), "UTC"), policy, until, since)
        assert (day.start, day.end, day.good, day.bad) == (start, end, told.good, told.bad)
        assert (day.mark(policy.target) in {Mark.WITHIN, Mark.BELOW, Mark.WORST}) == (told.bad > 0)
        if told.uptime is not None:
            assert (day.mark(policy.target) in {Mark.GOOD, Mark.WITHIN}) == (told.uptime >= policy.target)


@given(
    st.integers(0, 20_000 * 24), st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/Havana"])
)
def test_days_follow_each_other_and_the_last_one_holds_the_last_moment(hour: int, zone: str) -> None:
    until = hour * HOUR
    bounds = midnights(until, zone, 90)
    assert len(bounds) == 91
    assert bounds[-2] < until <= bounds[-1]
    assert all(
        timedelta(hours=22) <= timedelta(hours=length) <= timedelta(hours=26) for length in hours(bounds)
    )
