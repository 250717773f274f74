"""When reports are due: cron's own rules, systemd's expressions, and clocks that jump."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.heartbeat.schedule import Cron, Interval, OnCalendar, Schedule, calendar, cron

# The switch to summer time and back, by zone, as the first moment of the new offset.
SWITCHES = {
    "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "Australia/Lord_Howe": ("2026-10-03T15:30Z", "2026-04-04T15:00Z"),
    "Africa/Casablanca": ("2026-03-22T02:00Z", "2026-02-15T02:00Z"),
}
each_zone = pytest.mark.parametrize("zone", SWITCHES)


def at(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def due(schedule: Schedule, since: str, until: str) -> list[str]:
    """All moments between two, in UTC."""
    found, moment = [], schedule.after(at(since))
    while moment is not None and moment <= at(until):
        found.append(f"{datetime.fromtimestamp(moment, UTC):%m-%dT%H:%M}")
        moment = schedule.after(moment)
    return found


def around(zone: str) -> Iterator[tuple[float, float]]:
    for switch in SWITCHES[zone]:
        yield at(switch) - 3 * 3600, at(switch) + 3 * 3600


@each_zone
def test_the_switches_are_where_the_offset_changes(zone: str) -> None:
    for switch in SWITCHES[zone]:
        moment = datetime.fromisoformat(switch)
        before, after = (
            (moment + timedelta(seconds=s)).astimezone(ZoneInfo(zone)).utcoffset() for s in (-1, 0)
        )
        assert before != after


@each_zone
def test_each_minute_is_due_once_over_both_switches(zone: str) -> None:
    for start, end in around(zone):
        moment, found = start, []
        while moment < end:
            following = Cron("* * * * *", zone).after(moment)
            assert following is not None
            found.append(following - moment)
            moment = following
        assert set(found) == {60.0}


@each_zone
def test_a_daily_moment_is_due_once_a_day_over_both_switches(zone: str) -> None:
    for hour in range(24):
        for minute in (0, 15, 30, 45):
            expression = f"{minute} {hour} * * *"
            for start, _ in around(zone):
                moment, local_days = start - 2 * 86400, []
                for _ in range(5):
                    following = Cron(expression, zone).after(moment)
                    assert following is not None
                    assert following > moment
                    moment = following
                    local_days.append(datetime.fromtimestamp(moment, ZoneInfo(zone)).date())
                assert {later - earlier for earlier, later in pairwise(local_days)} == {timedelta(days=1)}, (
                    expression
                )


def test_a_time_that_is_left_out_in_spring_is_due_at_the_jump_and_one_shown_twice_is_due_once() -> None:
    daily = Cron("30 2 * * *", "Europe/Berlin")
    assert due(daily, "2026-03-28T12:00Z", "2026-03-30T12:00Z") == ["03-29T01:00", "03-30T00:30"]
    assert due(daily, "2026-10-24T12:00Z", "2026-10-26T12:00Z") == ["10-25T00:30", "10-26T01:30"]


def test_a_report_in_the_second_of_two_equal_hours_does_not_bring_back_the_first() -> None:
    # 02:10 by the clocks, for the second time; 02:30 was due 40 minutes ago.
    assert due(Cron("30 2 * * *", "Europe/Berlin"), "2026-10-25T01:10Z", "2026-10-26T12:00Z") == [
        "10-26T01:30"
    ]


def test_seconds_do_not_make_a_fixed_time_due_twice() -> None:
    assert due(Cron("0 30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00Z", "2026-10-26T12:00Z") == [
        "10-25T00:30",
        "10-26T01:30",
    ]


def test_every_hour_is_every_hour_even_when_the_clocks_show_it_twice() -> None:
    assert due(Cron("0 * * * *", "Europe/Berlin"), "2026-10-24T23:30Z", "2026-10-25T02:00Z") == [
        "10-25T00:00",
        "10-25T01:00",
        "10-25T02:00",
    ]
    assert due(OnCalendar("hourly", "Europe/Berlin"), "2026-10-24T23:30Z", "2026-10-25T02:00Z") == [
        "10-25T00:00",
        "10-25T01:00",
        "10-25T02:00",
    ]


def test_on_calendar_takes_day_of_the_week_and_date_together() -> None:
    assert due(OnCalendar("Fri *-*-13 06:00", "UTC"), "2026-01-01T00:00Z", "2027-01-01T00:00Z") == [
        "02-13T06:00",
        "03-13T06:00",
        "11-13T06:00",
    ]
    assert due(OnCalendar("Mon..Fri 02:30", "Europe/Berlin"), "2026-10-23T12:00Z", "2026-10-27T12:00Z") == [
        "10-26T01:30",
        "10-27T01:30",
    ]
    assert due(OnCalendar("Sun 02:30", "Europe/Berlin"), "2026-10-24T12:00Z", "2026-10-31T12:00Z") == [
        "10-25T00:30"
    ]


def test_on_calendar_knows_years_steps_lists_and_short_forms() -> None:
    assert OnCalendar("2019-01-01", "UTC").after(at("2020-01-01T00:00Z")) is None
    assert OnCalendar("2150-06-01", "UTC").after(at("2020-01-01T00:00Z")) == at("2150-06-01T00:00Z")
    assert due(OnCalendar("*:0/20", "UTC"), "2026-01-01T00:00Z", "2026-01-01T01:00Z") == [
        "01-01T00:20",
        "01-01T00:40",
        "01-01T01:00",
    ]
    assert due(OnCalendar("12-24,25 8,12:30", "UTC"), "2026-12-01T00:00Z", "2026-12-25T09:00Z") == [
        "12-24T08:30",
        "12-24T12:30",
        "12-25T08:30",
    ]
    assert due(OnCalendar("quarterly", "UTC"), "2026-01-01T00:00Z", "2026-12-31T00:00Z") == [
        "04-01T00:00",
        "07-01T00:00",
        "10-01T00:00",
    ]
    assert due(OnCalendar("Fri..Mon 00:00", "UTC"), "2026-11-17T00:00Z", "2026-11-24T00:00Z") == [
        "11-20T00:00",
        "11-21T00:00",
        "11-22T00:00",
        "11-23T00:00",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("* * *", "wrong number of fields"),
        ("61 * * * *", "bad minute"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("@reboot", "known short forms"),
        ("1 " * 300, "too long"),
        ("", "wrong number of fields"),
    ],
)
def test_what_is_no_cron_expression_is_told_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        cron(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("foo", "no day of the week"),
        ("25:00", "not within 0..23"),
        ("*-02-31", "it never comes"),
        ("", "expected an expression"),
        ("00:00 Europe/Berlin", "the zone goes into zone:"),
        ("*-*-~1", "cannot read"),
        ("*-*-01/0", "not within"),
    ],
)
def test_what_is_no_calendar_expression_is_told_with_the_reason(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        calendar(text)


def test_a_report_a_moment_early_counts_for_the_moment_to_come() -> None:
    nightly = Cron("0 2 * * *", "UTC")
    assert nightly.after(at("2026-01-02T01:59:59Z")) == at("2026-01-03T02:00Z")
    assert nightly.after(at("2026-01-02T01:59:57Z")) == at("2026-01-02T02:00Z")


FIELDS = st.tuples(
    st.sampled_from(["*", "0", "7,31", "*/20", "30-32"]),
    st.sampled_from(["*", "0", "1", "2", "3", "*/6", "1-3"]),
    st.sampled_from(["*", "1", "L", "29"]),
    st.sampled_from(["*", "3", "10,11"]),
    st.sampled_from(["*", "0", "1-5", "7"]),
)


@given(FIELDS, st.sampled_from(sorted(SWITCHES)), st.integers(1_700_000_000, 1_900_000_000))
def test_what_is_due_next_is_always_later(fields: tuple[str, ...], zone: str, moment: int) -> None:
    schedule = Cron(" ".join(fields), zone)
    following = schedule.after(moment)
    assert following is not None
    assert following > moment
    assert schedule.after(following) != following


@given(st.floats(1, 1e7), st.floats(0, 4e9))
def test_an_interval_is_counted_from_the_report(seconds: float, moment: float) -> None:
    assert Interval(seconds).after(moment) == moment + seconds
