"""`calendars:` and whoever names one: what is read, and every mistake once, with its remedy."""

# ruff: noqa: E501 - a message stands here as it is printed, in one line

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from config.hours import week_of
from config.loader import Loaded
from config.models import Timetable

Look = Callable[[str], Loaded]
SERVICE = "services: {web: {checks: {cpu: {type: cpu}}}}\n"


def test_calendar_is_read_with_zone_hours_and_days_off(look: Look) -> None:
    found = look(
        """\
        agent: {timezone: Europe/Berlin}
        calendars:
          office: {zone: Africa/Johannesburg, hours: "mon-fri 08:00-17:00", holidays: ZA}
          shop: {hours: [mon-fri 08:00-18:00, sat 09:00-12:00], holidays: [DE-BY, 2026-12-24, NO]}
        services:
          web: {active: shop, uptime: {hours: office}, checks: {cpu: {type: cpu, active: office}, load: {type: load}}}
        """
    )
    assert (found.errors, found.warnings) == ([], [])
    assert found.config is not None
    office = Timetable("office", "Africa/Johannesburg", week_of(["mon-fri 08:00-17:00"]), ("ZA",))
    # NO is Norway, whatever YAML may think of it elsewhere.
    hours = week_of(["mon-fri 08:00-18:00, sat 09:00-12:00"])
    shop = Timetable("shop", "Europe/Berlin", hours, ("DE-BY", "NO"), frozenset({date(2026, 12, 24)}))
    assert found.config.calendars == {"office": office, "shop": shop}
    checks = found.config.services["web"].checks
    assert checks["cpu"].active == (shop, office)
    assert checks["load"].active == (shop,)


MISTAKES = [
    ("zone: Johannesburg, hours: 24x7", '1:23: calendars.c.zone: unknown time zone "Johannesburg" (did you mean Africa/Johannesburg?)'),
    ("holidays: ZA", "1:13: calendars.c.hours: is missing (hours of the week, such as `mon-fri 08:00-17:00`; 24x7 for all of them)"),
    ("hours: 8-17", '1:24: calendars.c.hours: expected hours like mon-fri 08:00-17:00, got "8-17" (did you mean 08:00-17:00?)'),
    ("hours: [24x7, mon 25:00-26:00]", '1:31: calendars.c.hours.1: "25:00" is no time of the day (write 00:00 to 23:59)'),
    ("hours: 24x7, holidays: ZZ", '1:40: calendars.c.holidays: no country is called "ZZ" (write an ISO code such as ZA or DE-BY, or a date such as 2026-12-24)'),
    ("hours: 24x7, holidays: za", '1:40: calendars.c.holidays: no country is called "za" (did you mean ZA?)'),
    ("hours: 24x7, holidays: ZAF", '1:40: calendars.c.holidays: no country is called "ZAF" (did you mean ZA?)'),
    ("hours: 24x7, holidays: [South Afrika]", '1:41: calendars.c.holidays.0: no country is called "South Afrika" (did you mean ZA?)'),
    ("hours: 24x7, holidays: UK", '1:40: calendars.c.holidays: no country is called "UK" (did you mean GB?)'),
    ("hours: 24x7, holidays: ZA-GP", '1:40: calendars.c.holidays: ZA has no part "GP" with holidays of its own (write ZA)'),
    ("hours: 24x7, holidays: AT-X", '1:40: calendars.c.holidays: AT has no part "X" with holidays of its own (write one of 1, 2, 3, 4, 5, 6, 7, 8, 9)'),
    ("hours: 24x7, holidays: 24.12.2026", '1:40: calendars.c.holidays: expected a date like 2026-12-24 or a country like ZA, got "24.12.2026"'),
    ("hours: 24x7, holidays: 2026-02-29", '1:40: calendars.c.holidays: there is no such day as "2026-02-29"'),
    ("hours: 24x7, holidays: 0026-12-24", '1:40: calendars.c.holidays: expected a day from 1970 to 2199, got "0026-12-24"'),
    ("hours: 24x7, holiday: ZA", '1:30: calendars.c.holiday: unknown key "holiday" (did you mean "holidays"?)'),
]  # fmt: skip


@pytest.mark.parametrize(("written", "expected"), MISTAKES)
def test_mistake_in_a_calendar_is_named_once_however_many_use_it(
    look: Look, written: str, expected: str
) -> None:
    users = "services: {a: {active: c, checks: {x: {type: cpu, active: c}}}, b: {active: c, checks: {x: {type: load}}}}\n"
    found = look(f"calendars: {{c: {{{written}}}}}\n{users}")
    assert [str(problem) for problem in found.errors] == [f"tocsin.yaml:{expected}"]


def test_name_of_no_calendar_is_a_mistake_wherever_it_stands(look: Look) -> None:
    found = look(
        """\
        calendars: {office: {hours: 24x7}, Big: {hours: 24x7}}
        teams: {web: {calendar: offise}}
        services:
          a: {active: ofice, uptime: {hours: offic}, checks: {x: {type: cpu, active: office2}}}
          b: {disabled: gone, active: nowhere, checks: {x: {type: cpu, disabled: gone, active: offce}}}
        """
    )
    assert [f"{problem.path}: {problem.message}" for problem in found.errors] == [
        'calendars.Big: "Big" is no id',
        'teams.web.calendar: no calendar is called "offise"',
        'services.a.active: no calendar is called "ofice"',
        'services.a.uptime.hours: no calendar is called "offic"',
        'services.a.checks.x.active: no calendar is called "office2"',
        'services.b.active: no calendar is called "nowhere"',
        'services.b.checks.x.active: no calendar is called "offce"',
    ]


def test_check_that_could_never_be_looked_at_is_warned_of(look: Look) -> None:
    found = look(
        """\
        calendars: {week: {hours: mon-fri 08:00-17:00}, weekend: {hours: sat-sun 08:00-17:00}, all: {hours: 24x7}}
        services: {web: {active: week, checks: {a: {type: cpu, active: weekend}, b: {type: load, active: all}}}}
        """
    )
    assert [f"{problem.path}: {problem.message}" for problem in found.warnings] == [
        'services.web.checks.a.active: is never looked at: "week" (of the service) and "weekend" are never open together'
    ]


def test_calendars_may_be_empty_or_absent(look: Look) -> None:
    for text in ("calendars:\n", "calendars: {}\n", ""):
        assert look(text + SERVICE).errors == []
    (problem,) = look("calendars: [office]\n" + SERVICE).errors
    assert problem.message == "expected a mapping of names, got a list"
