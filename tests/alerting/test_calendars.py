"""Calendars over real zones: both switches of the clocks, days off, leap days; and the laws that bind the answers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from alerting.calendars import Calendar, opens_at
from config.calendars import Timetable
from config.hours import week_of

SECOND = 1_000_000
ZONES = (
    "UTC",
    "Africa/Johannesburg",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kathmandu",
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def calendar(zone: str, *hours: str, holidays: str = "", dates: tuple[date, ...] = ()) -> Calendar:
    return Calendar(Timetable("office", zone, week_of(hours), tuple(holidays.split()), frozenset(dates)))


def at(text: str) -> int:
    return (datetime.fromisoformat(text) - EPOCH) // timedelta(microseconds=1)


def told(moment: int | None) -> str:
    return (
        "never" if moment is None else (EPOCH + timedelta(microseconds=moment)).strftime("%Y-%m-%dT%H:%M:%SZ")
    )


OFFICE = ("mon-fri 08:00-17:00",)

# zone, hours, a moment, open then?, the next change; all reckoned by hand.
TABLE = [
    # 2026-11-20 is a Friday.
    ("Africa/Johannesburg", OFFICE, "2026-11-20T05:59:59Z", False, "2026-11-20T06:00:00Z"),
    ("Africa/Johannesburg", OFFICE, "2026-11-20T06:00:00Z", True, "2026-11-20T15:00:00Z"),
    ("Africa/Johannesburg", OFFICE, "2026-11-20T15:00:00Z", False, "2026-11-23T06:00:00Z"),
    ("Asia/Kathmandu", OFFICE, "2026-11-20T02:15:00Z", True, "2026-11-20T11:15:00Z"),
    ("America/New_York", OFFICE, "2026-11-20T23:00:00Z", False, "2026-11-23T13:00:00Z"),
    # The end of a day joins the beginning of the next one.
    ("UTC", ("fri 22:00-06:00",), "2026-11-20T23:00:00Z", True, "2026-11-21T06:00:00Z"),
    ("UTC", ("sun 22:00-06:00",), "2026-11-23T05:59:00Z", True, "2026-11-23T06:00:00Z"),
    ("UTC", ("fri-mon 00:00-24:00",), "2026-11-20T00:00:00Z", True, "2026-11-24T00:00:00Z"),
    ("UTC", ("24x7",), "2026-11-20T00:00:00Z", True, "never"),
    # Spring: 02:00 -> 03:00 on 2026-03-29 in Berlin. 02:30 does not exist and begins at the jump.
    ("Europe/Berlin", ("02:30-05:00",), "2026-03-29T00:59:59Z", False, "2026-03-29T01:00:00Z"),
    ("Europe/Berlin", ("02:30-05:00",), "2026-03-29T01:00:00Z", True, "2026-03-29T03:00:00Z"),
    ("Europe/Berlin", ("00:00-02:30",), "2026-03-29T00:00:00Z", True, "2026-03-29T01:00:00Z"),
    # What lies wholly in the hour left out never opens that day; what touches across it is one.
    ("Europe/Berlin", ("02:10-02:50",), "2026-03-29T00:00:00Z", False, "2026-03-30T00:10:00Z"),
    ("Europe/Berlin", ("01:00-02:00, 03:00-04:00",), "2026-03-29T00:30:00Z", True, "2026-03-29T02:00:00Z"),
    # Autumn: 03:00 -> 02:00 on 2026-10-25 in Berlin. The first 02:30 counts, and the whole rest of the hours.
    ("Europe/Berlin", ("02:30-05:00",), "2026-10-25T00:29:59Z", False, "2026-10-25T00:30:00Z"),
    ("Europe/Berlin", ("02:30-05:00",), "2026-10-25T01:10:00Z", True, "2026-10-25T04:00:00Z"),
    ("Europe/Berlin", ("00:00-02:30",), "2026-10-25T00:00:00Z", True, "2026-10-25T00:30:00Z"),
    ("Europe/Berlin", ("02:10-02:50",), "2026-10-25T01:15:00Z", False, "2026-10-26T01:10:00Z"),
    # New York: 2026-03-08 at 07:00Z forward, 2026-11-01 at 06:00Z back.
    ("America/New_York", ("02:15-04:00",), "2026-03-08T06:00:00Z", False, "2026-03-08T07:00:00Z"),
    ("America/New_York", ("01:30-04:00",), "2026-11-01T05:00:00Z", False, "2026-11-01T05:30:00Z"),
    ("America/New_York", ("01:30-04:00",), "2026-11-01T05:30:00Z", True, "2026-11-01T09:00:00Z"),
    # Lord Howe moves by half an hour: 2026-04-04T15:00Z from +11 to +10:30, 2026-10-03T15:30Z back to +11.
    ("Australia/Lord_Howe", ("01:45-03:00",), "2026-04-04T14:00:00Z", False, "2026-04-04T14:45:00Z"),
    ("Australia/Lord_Howe", ("01:45-03:00",), "2026-04-04T14:45:00Z", True, "2026-04-04T16:30:00Z"),
    ("Australia/Lord_Howe", ("02:15-03:00",), "2026-10-03T15:00:00Z", False, "2026-10-03T15:30:00Z"),
    # St John's went back over midnight: 2010-11-07 00:01 -> 2010-11-06 23:01. The day began at its first midnight.
    ("America/St_Johns", ("sun 00:00-08:00",), "2010-11-07T02:30:00Z", True, "2010-11-07T11:30:00Z"),
    ("America/St_Johns", ("sun 00:00-08:00",), "2010-11-07T03:00:00Z", True, "2010-11-07T11:30:00Z"),
    # Apia left out the whole of 2011-12-30, a Friday.
    ("Pacific/Apia", ("fri 08:00-17:00",), "2011-12-29T12:00:00Z", False, "2012-01-05T18:00:00Z"),
    ("Pacific/Apia", ("24x7",), "2011-12-29T12:00:00Z", True, "never"),
    # A leap day is a day like any other: 2028-02-29 is a Tuesday.
    ("UTC", ("tue 10:00-11:00",), "2028-02-28T00:00:00Z", False, "2028-02-29T10:00:00Z"),
]


@pytest.mark.parametrize(("zone", "hours", "moment", "is_open", "change"), TABLE)
def test_hours_are_those_on_the_wall_clocks_of_the_zone(
    zone: str, hours: tuple[str, ...], moment: str, is_open: bool, change: str
) -> None:
    asked = calendar(zone, *hours)
    assert asked.open_at(at(moment)) is is_open
    assert told(asked.next_change(at(moment))) == change


def test_a_day_off_is_closed_from_midnight_to_midnight_in_the_zone() -> None:
    shop = calendar("Europe/Berlin", "24x7", dates=(date(2026, 12, 24),))
    assert told(shop.next_change(at("2026-11-20T00:00:00Z"))) == "2026-12-23T23:00:00Z"
    assert not shop.open_at(at("2026-12-23T23:00:00Z"))
    assert told(shop.next_change(at("2026-12-23T23:00:00Z"))) == "2026-12-24T23:00:00Z"
    assert told(shop.next_change(at("2026-12-24T23:00:00Z"))) == "never"


def test_a_night_shift_ends_at_the_midnight_that_begins_a_day_off() -> None:
    night = calendar("UTC", "22:00-06:00", dates=(date(2026, 12, 25),))
    assert told(night.next_change(at("2026-12-24T23:00:00Z"))) == "2026-12-25T00:00:00Z"
    assert told(night.next_change(at("2026-12-25T00:00:00Z"))) == "2026-12-26T00:00:00Z"


def test_public_holidays_are_those_of_the_country_and_of_its_part() -> None:
    johannesburg = calendar("Africa/Johannesburg", *OFFICE, holidays="ZA")
    # Friday 2026-12-25 is Christmas, Saturday the Day of Goodwill.
    assert told(johannesburg.next_change(at("2026-12-24T15:00:00Z"))) == "2026-12-28T06:00:00Z"
    # 2026-08-09, Women's Day, is a Sunday: Monday is off instead.
    assert told(johannesburg.next_change(at("2026-08-07T15:00:00Z"))) == "2026-08-11T06:00:00Z"
    epiphany = at("2026-01-06T10:00:00Z")
    assert not calendar("Europe/Berlin", *OFFICE, holidays="DE-BY").open_at(epiphany)
    assert calendar("Europe/Berlin", *OFFICE, holidays="DE-NW").open_at(epiphany)
    assert not calendar("Europe/Berlin", *OFFICE, holidays="DE-NW DE-BY").open_at(epiphany)


def test_open_time_is_counted_as_it_passes_and_not_as_clocks_show_it() -> None:
    whole = calendar("Europe/Berlin", "24x7")
    night = calendar("Europe/Berlin", "00:00-06:00")
    spring = at("2026-03-28T23:00:00Z"), at("2026-03-29T22:00:00Z")
    autumn = at("2026-10-24T22:00:00Z"), at("2026-10-25T23:00:00Z")
    assert (whole.open_seconds(*spring), whole.open_seconds(*autumn)) == (23 * 3600, 25 * 3600)
    assert (night.open_seconds(*spring), night.open_seconds(*autumn)) == (5 * 3600, 7 * 3600)
    leap = at("2028-02-28T23:00:00Z"), at("2028-02-29T23:00:00Z")
    assert calendar("Europe/Berlin", "08:00-12:00, 13:00-17:00").open_seconds(*leap) == 8 * 3600
    assert whole.open_seconds(autumn[1], autumn[0]) == 0


def test_several_calendars_are_open_together_when_each_of_them_is() -> None:
    day = calendar("UTC", "mon-fri 08:00-17:00")
    evening = calendar("Europe/Berlin", "fri-sat 16:00-20:00")
    friday = at("2026-11-20T09:00:00Z")
    assert told(opens_at([day, evening], friday)) == "2026-11-20T15:00:00Z"
    assert told(opens_at([day, evening], at("2026-11-20T17:00:00Z"))) == "2026-11-27T15:00:00Z"
    assert opens_at([day], friday) == opens_at([], friday) == friday
    assert opens_at([day, calendar("UTC", "sat-sun 08:00-17:00")], friday) is None


minutes = st.integers(0, 95).map(lambda quarter: f"{quarter // 4:02}:{quarter % 4 * 15:02}")
days = st.sampled_from(["mon", "tue-thu", "fri-mon", "sat", "sun", "mon-sun"])


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    hours = []
    for _ in range(draw(st.integers(1, 3))):
        start, end = draw(minutes), draw(minutes)
        assume(start != end)
        hours.append(f"{draw(days)} {start}-{end}")
    off = draw(st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=3))
    return calendar(draw(st.sampled_from(ZONES)), *hours, dates=tuple(off))


moments = st.integers(at("2026-01-01T00:00:00Z"), at("2027-01-01T00:00:00Z"))
# Close to a switch of the clocks in one of the zones.
switches = st.builds(
    lambda near, by: at(near) + by * SECOND,
    st.sampled_from(["2026-03-08T07:00:00Z", "2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z",
                     "2026-11-01T06:00:00Z", "2026-04-04T15:00:00Z", "2026-10-03T15:30:00Z"]),
    st.integers(-10_000, 10_000),
)  # fmt: skip


@given(calendars(), moments | switches, st.lists(st.floats(0, 1, exclude_max=True), min_size=3, max_size=3))
def test_nothing_changes_before_the_next_change_and_something_does_then(
    asked: Calendar, moment: int, shares: list[float]
) -> None:
    change = asked.next_change(moment)
    now = asked.open_at(moment)
    if change is None:
        assert asked.open_at(moment + 500 * 86400 * SECOND) is now
        return
    assert change > moment
    assert asked.open_at(change) is not now
    assert asked.open_at(change - 1) is now
    for share in shares:
        assert asked.open_at(moment + int((change - moment) * share)) is now


@given(calendars(), moments | switches, st.integers(0, 14 * 86400), st.floats(0, 1))
def test_open_seconds_add_up_and_agree_with_the_changes(
    asked: Calendar, since: int, seconds: int, share: float
) -> None:
    until = since + seconds * SECOND
    middle = since + int(seconds * SECOND * share)
    whole = asked.open_seconds(since, until)
    parts = asked.open_seconds(since, middle) + asked.open_seconds(middle, until)
    assert whole == pytest.approx(parts, abs=1e-6)
    walked, here = 0, since
    while here < until:
        change = asked.next_change(here)
        there = until if change is None else min(change, until)
        walked += there - here if asked.open_at(here) else 0
        here = there
    assert whole == pytest.approx(walked / SECOND, abs=1e-6)


@given(st.sampled_from(ZONES), st.lists(st.tuples(days, minutes, minutes), min_size=1, max_size=3), moments)
def test_away_from_the_switches_a_week_has_the_hours_that_are_written(
    zone: str, spans: list[tuple[str, str, str]], since: int
) -> None:
    assume(all(start != end for _, start, end in spans))
    local = ZoneInfo(zone)
    until = since + 7 * 86400 * SECOND
    begun, ended = ((EPOCH + timedelta(microseconds=moment)).astimezone(local) for moment in (since, until))
    assume(begun.utcoffset() == ended.utcoffset())
    week = week_of(f"{day} {start}-{end}" for day, start, end in spans)
    written = sum(end - start for day in week for start, end in day) * 60
    assert Calendar(Timetable("office", zone, week)).open_seconds(since, until) == pytest.approx(written)


@given(calendars(), moments)
def test_what_is_open_is_what_the_wall_clock_says_where_it_shows_each_time_once(
    asked: Calendar, moment: int
) -> None:
    local = (EPOCH + timedelta(microseconds=moment)).astimezone(ZoneInfo(asked.timetable.zone))
    around = (local.astimezone(UTC) + timedelta(hours=hours) for hours in (-2, 2))
    assume(len({each.astimezone(local.tzinfo).utcoffset() for each in around}) == 1)
    minute = local.hour * 60 + local.minute
    spans = asked.timetable.week[local.weekday()]
    off = local.date() in asked.timetable.dates
    assert asked.open_at(moment) is (not off and any(start <= minute < end for start, end in spans))
