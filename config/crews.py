"""Teams, complete: their people with skills and hours, and their rotation; what the desk works from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from config.calendars import Timetable
from config.hours import week_of
from config.teams import Member, OnCallOptions, OnCallTurn, Team


@dataclass(frozen=True, slots=True)
class Person:
    """A member of a team. `hours` are those in which they work, None for always."""

    name: str
    team: str
    email: str = ""
    login: str = ""
    tier: int = 1
    skills: frozenset[str] = frozenset()
    hours: Timetable | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose turn it is; `hours` of a rotation that follows the sun, None for always."""

    person: str
    hours: Timetable | None = None


@dataclass(frozen=True, slots=True)
class Rota:
    """A rotation. The turn passes on at `minute` of the day in the zone, on `weekday` (Monday 0) or every day.

    `only_high`: who is on call gets tickets of high priority alone.
    """

    rotation: Literal["weekly", "daily", "follow_the_sun"]
    turns: tuple[Turn, ...]
    weekday: int | None
    minute: int
    zone: str
    first_day: date
    only_high: bool = False


@dataclass(frozen=True, slots=True)
class Crew:
    """A team. `lead` is the name of a person, or an address; empty for none."""

    name: str
    people: tuple[Person, ...] = ()
    lead: str = ""
    skills: frozenset[str] = frozenset()
    rota: Rota | None = None


def crews_of(teams: Mapping[str, Team], calendars: Mapping[str, Timetable], zone: str) -> dict[str, Crew]:
    """The teams by name; `zone` is that of rotations that name none."""
    return {name: _crew(name, team, calendars, zone) for name, team in teams.items()}


def _crew(name: str, team: Team, calendars: Mapping[str, Timetable], zone: str) -> Crew:
    people = tuple(_person(name, team, member, calendars) for member in team.members)
    hours = {person.name: person.hours for person in people}
    return Crew(
        name=name,
        people=people,
        lead=team.lead or "",
        skills=frozenset(each.casefold() for each in team.skills),
        rota=_rota(team.on_call, hours, zone) if team.on_call else None,
    )


def _person(crew: str, team: Team, member: Member, calendars: Mapping[str, Timetable]) -> Person:
    return Person(
        name=member.name,
        team=crew,
        email=member.email or "",
        login=member.login or "",
        tier=member.tier,
        skills=frozenset(each.casefold() for each in member.skills or team.skills),
        hours=calendars.get(member.calendar or team.calendar or ""),
    )


def _rota(options: OnCallOptions, hours: Mapping[str, Timetable | None], zone: str) -> Rota:
    weekday, minute = options.passes_on
    own = options.zone or zone
    sun = options.rotation == "follow_the_sun"
    return Rota(
        rotation=options.rotation,
        turns=tuple(
            Turn(each.name, _hours(each, hours.get(each.name), own) if sun else None)
            for each in options.members
        ),
        weekday=weekday,
        minute=minute,
        zone=own,
        first_day=options.first_day,
        only_high=options.takes == "high",
    )


def _hours(turn: OnCallTurn, works: Timetable | None, zone: str) -> Timetable | None:
    """Those of the turn; where it has none, those in which they work."""
    if turn.hours is None:
        return works
    return Timetable(name=turn.name, zone=turn.zone or zone, week=week_of(turn.hours))
