"""Calendars: hours of the week and holidays in a zone, from the operator's words to what is reckoned with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from config.field_types import TextOrList, Zone
from config.friendly import shown
from config.hours import Week, week_of
from config.options import Model
from config.public_holidays import known_region
from config.reader import Reader

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_YEARS = range(1970, 2200)


def _hours(text: str) -> str:
    week_of([text])
    return text


def _holiday(text: str) -> str:
    """A date or a region; whatever begins with a digit is meant as a date."""
    if text[:1].isdigit():
        day_of(text)
        return text
    return known_region(text)


def day_of(text: str) -> date:
    """The day of `2026-12-24`. Raises ValueError with a remedy."""
    if not _DATE.fullmatch(text):
        raise ValueError(f"expected a date like 2026-12-24 or a country like ZA, got {shown(text)}")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no such day as {shown(text)}") from None
    if day.year not in _YEARS:
        raise ValueError(f"expected a day from {_YEARS[0]} to {_YEARS[-1]}, got {shown(text)}")
    return day


Hours = Annotated[str, AfterValidator(_hours)]
_Holiday = Annotated[str, AfterValidator(_holiday)]


class CalendarOptions(Model):
    """When people work, or when a thing is in use: hours of the week, and days off."""

    zone: Zone | None = Field(
        None,
        description="the zone of its hours and days; default: `agent.timezone`",
        examples=["Africa/Johannesburg"],
    )
    hours: Annotated[tuple[Hours, ...], TextOrList, Field(min_length=1)] = Field(
        description="hours of the week, such as `mon-fri 08:00-17:00`; 24x7 for all of them",
        examples=["mon-fri 08:00-17:00, sat 09:00-12:00", "22:00-06:00", "24x7"],
    )
    holidays: Annotated[tuple[_Holiday, ...], TextOrList] = Field(
        (),
        description="days off: a country (`ZA`), a part of one (`DE-BY`), dates",
        examples=["ZA", ["DE-BY", "2026-12-24"]],
    )


@dataclass(frozen=True, slots=True)
class Timetable:
    """A calendar, complete: the open minutes of each day in its zone; days off are closed from midnight to midnight.

    `regions` are those of config.public_holidays, `dates` further days off.
    """

    name: str
    zone: str
    week: Week
    regions: tuple[str, ...] = ()
    dates: frozenset[date] = frozenset()


def read_calendars(reader: Reader, blocks: Mapping[str, object], zone: str) -> dict[str, Timetable]:
    """The calendars that could be made out; mistakes are noted. `zone` is that of calendars that name none."""
    found = {}
    for name, block in blocks.items():
        options = reader.model(CalendarOptions, block, ("calendars", name))
        if options is not None:
            found[name] = _timetable(name, options, zone)
    return found


def _timetable(name: str, options: CalendarOptions, zone: str) -> Timetable:
    days = [text for text in options.holidays if text[:1].isdigit()]
    return Timetable(
        name=name,
        zone=options.zone or zone,
        week=week_of(options.hours),
        regions=tuple(sorted(set(options.holidays) - set(days))),
        dates=frozenset(date.fromisoformat(day) for day in days),
    )
