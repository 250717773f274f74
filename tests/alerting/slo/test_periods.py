"""Periods: calendars and clocks, against ends worked out by hand from the zones' own rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.slo.periods import Period, explicit, parse_period

HOUR = 3_600_000_000
DAY = 24 * HOUR
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Kathmandu"]


def at(text: str) -> int:
    """Microseconds of a moment written in UTC, such as `2026-11-21 13:30`."""
    gone = datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return gone // timedelta(microseconds=1)


NOW = at("2026-11-21 13:30")


def ends(text: str, zone: str = "UTC", now: int = NOW) -> tuple[int, int]:
    period = parse_period(text, zone, now)
    return period.start, period.end


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-Q1", "2026-01-01", "2026-04-01"),
        ("2026-Q4", "2026-10-01", "2027-01-01"),
        ("2026-11", "2026-11-01", "2026-12-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-W47", "2026-11-16", "2026-11-23"),
        ("2026-11-21", "2026-11-21", "2026-11-22"),
        ("2024-02-29", "2024-02-29", "2024-03-01"),
        ("today", "2026-11-21", "2026-11-22"),
        ("yesterday", "2026-11-20", "2026-11-21"),
        ("30d", "2026-10-22 13:30", "2026-11-21 13:30"),
        ("90d", "2026-08-23 13:30", "2026-11-21 13:30"),
        ("24h", "2026-11-20 13:30", "2026-11-21 13:30"),
    ],
)
def test_each_form_as_typed(text: str, start: str, end: str) -> None:
    assert parse_period(text, "UTC", NOW) == Period(text, at(start), at(end), "UTC")


def test_an_iso_week_may_begin_in_the_year_before_and_some_years_have_53() -> None:
    assert ends("2026-W01") == (at("2025-12-29"), at("2026-01-05"))
    assert ends("2026-W53") == (at("2026-12-28"), at("2027-01-04"))


@pytest.mark.parametrize(
    "text",
    [
        "", "soon", "2026-13", "2026-00", "2026-02-30", "2026-Q5", "2026-Q0", "2026-W54", "2025-W53",
        "2026-W00", "0000", "9999", "26", "2026-1", "2026-11-21T00:00", "0d", "-3d", "30", "30m", "1.5d",
        "२०२६",
    ],
)  # fmt: skip
def test_what_is_not_a_period_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(ValueError, match="is not a period: write one of 2026, 2026-Q4, 2026-11, 2026-W47"):
        parse_period(text, "Europe/Berlin", NOW)


@pytest.mark.parametrize("text", ["9999999d", "9999-12-31", "0001-01-01"])
def test_a_period_that_no_date_can_tell_is_refused_as_such(text: str) -> None:
    with pytest.raises(ValueError, match="reaches beyond the calendar"):
        parse_period(text, "Europe/Berlin", NOW)


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "Europe", "Europe/Berl\0in"])
def test_an_unknown_zone_is_refused_by_name(zone: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone"):
        parse_period("2026", zone, NOW)
    with pytest.raises(ValueError, match="is not a time zone"):
        explicit("2026-01-01", "2026-01-02", zone)


def test_berlin_loses_an_hour_in_march_and_wins_one_in_october() -> None:
    # March begins at UTC+1 and ends at UTC+2: 31 days less an hour. October the other way round.
    assert ends("2026-03", "Europe/Berlin") == (at("2026-02-28 23:00"), at("2026-03-31 22:00"))
    assert ends("2026-10", "Europe/Berlin") == (at("2026-09-30 22:00"), at("2026-10-31 23:00"))


def test_new_york_changes_its_clocks_in_march_and_november() -> None:
    # From UTC-5 to UTC-4 on 8 March; back on 1 November at 02:00, so after that month's first midnight.
    assert ends("2026-03", "America/New_York") == (at("2026-03-01 05:00"), at("2026-04-01 04:00"))
    assert ends("2026-11", "America/New_York") == (at("2026-11-01 04:00"), at("2026-12-01 05:00"))
    assert ends("2026-11-01", "America/New_York") == (at("2026-11-01 04:00"), at("2026-11-02 05:00"))


def test_lord_howe_shifts_by_half_an_hour() -> None:
    # UTC+10:30 in winter and UTC+11 in summer: April has half an hour more, October half an hour less.
    april = ends("2026-04", "Australia/Lord_Howe")
    october = ends("2026-10", "Australia/Lord_Howe")
    assert april == (at("2026-03-31 13:00"), at("2026-04-30 13:30"))
    assert october == (at("2026-09-30 13:30"), at("2026-10-31 13:00"))
    assert april[1] - april[0] == 30 * DAY + HOUR // 2
    assert october[1] - october[0] == 31 * DAY - HOUR // 2


def test_a_midnight_that_does_not_exist_moves_forward_by_the_gap() -> None:
    # Cairo's clocks went from 00:00 to 01:00 on 26 April 2024, at 22:00 UTC of the 25th: a day of 23 hours.
    assert ends("2024-04-26", "Africa/Cairo") == (at("2024-04-25 22:00"), at("2024-04-26 21:00"))


def test_a_midnight_that_comes_twice_is_the_first() -> None:
    # Havana's clocks went from 01:00 back to 00:00 on 3 November 2024: the first midnight is at UTC-4.
    assert ends("2024-11-03", "America/Havana") == (at("2024-11-03 04:00"), at("2024-11-04 05:00"))


def test_a_day_that_a_zone_left_out_is_empty() -> None:
    # Apia crossed the date line: after 29 December 2011 came the 31st.
    start, end = ends("2011-12-30", "Pacific/Apia")
    assert start == end == at("2011-12-30 10:00")


def test_today_is_the_day_of_the_zone_not_of_utc() -> None:
    late = at("2026-11-21 23:30")
    assert ends("today", "Europe/Riga", late) == (at("2026-11-21 22:00"), at("2026-11-22 22:00"))
    assert ends("yesterday", "America/New_York", at("2026-11-21 01:00")) == (
        at("2026-11-19 05:00"),
        at("2026-11-20 05:00"),
    )


def test_a_rolling_day_is_24_hours_even_when_the_clocks_change() -> None:
    now = at("2026-03-29 12:00")
    assert ends("1d", "Europe/Berlin", now) == ends("24h", "Europe/Berlin", now) == (now - DAY, now)


@settings(deadline=None)
@given(st.sampled_from(ZONES), st.integers(1971, 2037))
def test_days_months_and_quarters_tile_the_year(zone: str, year: int) -> None:
    quarters = [ends(f"{year}-Q{number}", zone) for number in range(1, 5)]
    months = [ends(f"{year}-{number:02}", zone) for number in range(1, 13)]
    first = datetime(year, 1, 1)
    length = (datetime(year + 1, 1, 1) - first).days
    days = [ends(f"{first + timedelta(days=number):%Y-%m-%d}", zone) for number in range(length)]
    for parts in (quarters, months, days):
        assert (parts[0][0], parts[-1][1]) == ends(str(year), zone)
        assert all(one[1] == two[0] for one, two in pairwise(parts))


@given(st.sampled_from(ZONES), st.integers(at("1971-01-01"), at("2037-01-01")))
def test_now_is_always_in_today(zone: str, now: int) -> None:
    start, end = ends("today", zone, now)
    assert start <= now < end
    assert ends("yesterday", zone, now)[1] == start


def test_explicit_ends_are_local_unless_they_carry_an_offset() -> None:
    period = explicit("2026-07-01 08:00", "2026-07-01T09:00:00.5+01:00", "Europe/Berlin")
    assert (period.start, period.end) == (at("2026-07-01 06:00"), at("2026-07-01 08:00:00.500000"))
    assert (period.name, period.zone) == ("2026-07-01 08:00/2026-07-01T09:00:00.5+01:00", "Europe/Berlin")


def test_an_explicit_date_is_its_local_midnight() -> None:
    period = explicit("2026-07-01", "2026-07-02", "America/New_York")
    assert (period.start, period.end) == (at("2026-07-01 04:00"), at("2026-07-02 04:00"))


def test_explicit_local_times_skipped_or_shown_twice() -> None:
    # Lord Howe: 02:15 on 4 October 2026 is skipped and becomes 02:45 at UTC+11, which is 15:45 UTC.
    # 01:45 on 5 April 2026 comes twice; the first is at UTC+11, which is 14:45 UTC.
    period = explicit("2026-04-05T01:45", "2026-10-04T02:15", "Australia/Lord_Howe")
    assert (period.start, period.end) == (at("2026-04-04 14:45"), at("2026-10-03 15:45"))


def test_digits_below_the_microsecond_are_cut_off() -> None:
    period = explicit("2026-07-01t00:00:00.000001999z", "2026-07-02", "UTC")
    assert period.start == at("2026-07-01") + 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "20260701",
        "2026-W27",
        "2026-07-01T25:00",
        "2026-07-01T23:59:60Z",
        "2026-07-01 8:00",
        "0001-01-01",
    ],
)
def test_what_is_not_a_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a moment: write 2026-11-21T14:00:00Z"):
        explicit(text, "2026-07-02", "Europe/Berlin")


def test_an_explicit_period_must_end_after_it_starts() -> None:
    with pytest.raises(ValueError, match="must end after it starts"):
        explicit("2026-07-02", "2026-07-02", "UTC")
