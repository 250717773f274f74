"""On call: whose turn it is, over clock changes, overrides and absences."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from alerting.desk.oncall import away_until, on_call_at, shifts
from alerting.desk.roster import RosterEntry
from config.calendars import Timetable
from config.crews import Crew, Person, Rota, Turn
from config.hours import week_of

HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
NAMES = ("Agent One", "Agent Two", "Agent Three")


def at(text: str) -> int:
    """Microseconds UTC of `2026-01-05 09:00`, in UTC."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def crew(rota: Rota | None, *names: str) -> Crew:
    return Crew("web", tuple(Person(name, "web") for name in names or NAMES), rota=rota)


def rota(rotation: str = "weekly", zone: str = "UTC", weekday: int | None = 0, minute: int = 540) -> Rota:
    turns = tuple(map(Turn, NAMES))
    return Rota(rotation, turns, weekday, minute, zone, date(2026, 1, 5))  # type: ignore[arg-type]


def entry(number: int, person: str, start: int, end: int, team: str = "") -> RosterEntry:
    return RosterEntry(number, "on_call" if team else "away", person, team, start, end, "swap", "Lead")


def who(of: Crew, moment: str, *entries: RosterEntry) -> str | None:
    found = on_call_at(of, entries, at(moment))
    return found.person if found else None


def test_a_week_begins_at_its_handover_and_not_at_midnight() -> None:
    team = crew(rota())
    assert who(team, "2026-01-05 08:59") is None  # nobody before the first
    assert who(team, "2026-01-05 09:00") == "Agent One"
    assert who(team, "2026-01-12 08:59") == "Agent One"
    assert who(team, "2026-01-12 09:00") == "Agent Two"
    assert who(team, "2026-01-26 09:00") == "Agent One"  # three weeks on, the first again


def test_the_first_week_begins_on_the_first_such_day_from_the_start_on() -> None:
    team = crew(rota(weekday=2))
    assert who(team, "2026-01-07 08:59") is None
    assert who(team, "2026-01-07 09:00") == "Agent One"


def test_a_day_passes_on_at_the_hour_of_the_zone_on_both_sides_of_a_clock_change() -> None:
    team = crew(rota("daily", "Europe/Berlin", None))
    # 2026-03-28 09:00 in Berlin is 08:00 UTC; a day later the clocks were set, and it is 07:00 UTC.
    before, after = who(team, "2026-03-28 08:00"), who(team, "2026-03-29 07:00")
    assert who(team, "2026-03-28 07:59") != before == who(team, "2026-03-29 06:59") != after
    assert who(team, "2026-03-29 07:59") == after


def test_a_handover_in_an_hour_that_comes_twice_happens_once() -> None:
    team = crew(rota("daily", "Europe/Berlin", None, 150))
    # On 2026-10-25 the clocks of Berlin show 02:30 at 00:30 and at 01:30 UTC: the first counts.
    found = [who(team, f"2026-10-25 0{hour}:{minute}") for hour in (0, 1, 2) for minute in ("15", "45")]
    assert found[0] != found[1]
    assert len(set(found[1:])) == 1


def test_the_sun_is_followed_by_the_hours_of_each() -> None:
    hours = week_of(["08:00-16:00"])
    turns = (
        Turn("Agent One", Timetable("a", "Asia/Tokyo", hours)),
        Turn("Agent Two", Timetable("b", "UTC", hours)),
    )
    team = crew(Rota("follow_the_sun", turns, None, 0, "UTC", date(1970, 1, 5)))
    # 08:00 to 16:00 in Tokyo are 23:00 to 07:00 UTC.
    found = {"23:00": "Agent One", "06:59": "Agent One", "07:00": None, "08:00": "Agent Two", "16:00": None}
    assert {time: who(team, f"2026-05-04 {time}") for time in found} == found


def test_who_is_away_is_stood_in_for_by_the_next_in_turn() -> None:
    team, away = crew(rota()), entry(1, "Agent One", at("2026-01-06 00:00"), at("2026-01-07 00:00"))
    found = on_call_at(team, (away,), at("2026-01-06 12:00"))
    assert found is not None
    assert (found.person, found.why) == ("Agent Two", "stands in for Agent One")
    assert who(team, "2026-01-07 00:00", away) == "Agent One"
    everybody = [entry(number, name, 0, at("2027-01-01 00:00")) for number, name in enumerate(NAMES)]
    assert who(team, "2026-01-06 12:00", *everybody) is None


def test_the_last_override_wins_unless_its_person_is_away_or_gone() -> None:
    team, day = crew(rota()), (at("2026-01-06 00:00"), at("2026-01-07 00:00"))
    first, second = entry(1, "Agent Two", *day, "web"), entry(2, "Agent Three", *day, "web")
    other, gone = entry(3, "Agent Two", *day, "net"), entry(4, "Agent Nine", *day, "web")
    assert who(team, "2026-01-06 12:00", first, second, other, gone) == "Agent Three"
    assert who(team, "2026-01-06 12:00", first, second, entry(5, "Agent Three", *day)) == "Agent Two"
    assert who(team, "2026-01-07 00:00", first, second) == "Agent One"


def test_a_team_without_a_rotation_has_somebody_while_an_override_says_so() -> None:
    override = entry(1, "Agent Two", at("2026-01-06 00:00"), at("2026-01-07 00:00"), "web")
    assert who(crew(None), "2026-01-06 12:00", override) == "Agent Two"
    assert who(crew(None), "2026-01-07 12:00", override) is None


def test_absences_that_touch_are_one() -> None:
    entries = [entry(1, "Agent One", 10, 20), entry(2, "Agent One", 20, 30), entry(3, "Agent One", 40, 50)]
    assert [away_until(entries, "Agent One", moment) for moment in (9, 10, 20, 30, 45)] == [
        None,
        30,
        30,
        None,
        50,
    ]


spans = st.tuples(st.integers(0, 40), st.integers(1, 20), st.sampled_from(NAMES), st.booleans())


@settings(max_examples=30, deadline=None)
@given(
    entries=st.lists(spans, max_size=5),
    rotation=st.sampled_from(
        [rota(), rota("daily", "Africa/Johannesburg", None), rota("daily", "UTC", None, 0)]
    ),
    moment=st.integers(0, 40 * 24),
)
def test_shifts_tile_the_time_and_say_what_is_said_of_each_moment(
    entries: list[tuple[int, int, str, bool]], rotation: Rota, moment: int
) -> None:
    start = at("2026-01-05 00:00")
    roster = tuple(
        entry(number, name, start + first * DAY, start + (first + days) * DAY, "web" if called else "")
        for number, (first, days, name, called) in enumerate(entries)
    )
    team = crew(rotation)
    found = shifts(team, roster, start, start + 41 * DAY)
    assert (found[0].start, found[-1].end) == (start, start + 41 * DAY)
    assert all(before.end == after.start for before, after in pairwise(found))
    asked = start + moment * HOUR
    assert next(each.who for each in found if each.start <= asked < each.end) == on_call_at(
        team, roster, asked
    )
