"""Whose ticket it is: on call, by skill and tier, then who has least to do of those who are there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from alerting.calendars import Calendar, opens_at
from alerting.desk.oncall import Roster, away_until, is_away, next_turn, on_call_at
from config.calendars import Timetable
from config.categories import Weights
from config.crews import Crew, Person

_MOST_TURNS = 50


@dataclass(frozen=True, slots=True)
class Need:
    """What a ticket asks of its assignee. `skills`: the first of them that anybody has counts."""

    skills: tuple[str, ...] = ()
    tier: int = 1
    high: bool = False


@dataclass(frozen=True, slots=True)
class Burden:
    """By name: the weighted open work of each person, and when each was last given any (microseconds UTC)."""

    load: Mapping[str, int] = field(default_factory=dict)
    given: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Choice:
    """Who gets it and why. `keeps`: only until somebody is free; `again_at` is when that may be, if that is known."""

    person: str
    team: str
    why: str
    keeps: bool = False
    again_at: int | None = None


@dataclass(frozen=True, slots=True)
class Staff:
    """Everybody there is, and who of them is away or on call instead of somebody else."""

    crews: Mapping[str, Crew]
    roster: Roster = ()

    def is_free(self, person: Person, at: int) -> bool:
        """Whether they work at that moment and are not away."""
        return works_at(person, at) and not is_away(self.roster, person.name, at)

    def free_from(self, person: Person, at: int) -> int | None:
        """The first moment from this one on at which they are free; None when none is known to come."""
        calendars = [Calendar(person.hours)] if person.hours else []
        for _ in range(_MOST_TURNS):
            back = away_until(self.roster, person.name, at)
            opens = opens_at(calendars, at if back is None else back)
            if opens is None or opens == at:
                return opens
            at = opens
        return None

    def choose(
        self, team: str, need: Need, burden: Burden, now: int, keep: str | None = None
    ) -> Choice | None:
        """Who gets a ticket of the team; `keep` keeps it when they can. None: the team has nobody at all."""
        crew = self._able(self.crews.get(team) or Crew(team), need)
        pool, can = _pool(crew.people, need)
        staying = next((each for each in pool if each.name == keep and self.is_free(each, now)), None)
        if staying is not None:
            return Choice(staying.name, crew.name, "keeps it")
        called = self._on_call(crew, need, now)
        if called is not None:
            return called
        free = [each for each in pool if self.is_free(each, now)]
        if free:
            return self._least(crew, free, burden, can)
        return self._nobody_free(crew, pool, now)

    def _able(self, crew: Crew, need: Need) -> Crew:
        """The team itself, or where it has nobody of that tier the first other one that has somebody with the skill."""
        if any(each.tier >= need.tier for each in crew.people):
            return crew
        for other in self.crews.values():
            high = [each for each in other.people if each.tier >= need.tier]
            if any(skill in each.skills for each in high for skill in need.skills):
                return other
        return crew

    def _on_call(self, crew: Crew, need: Need, now: int) -> Choice | None:
        if crew.rota is not None and crew.rota.only_high and not need.high:
            return None
        called = on_call_at(crew, self.roster, now)
        tiers = {each.name: each.tier for each in crew.people}
        if called is None or tiers[called.person] < need.tier:
            return None
        return Choice(called.person, crew.name, f"on call ({called.why})")

    def _least(self, crew: Crew, free: Sequence[Person], burden: Burden, can: str) -> Choice:
        """The least open work first; of equals the nearest tier, then the longest since the last, then the name."""
        best = min(
            free,
            key=lambda each: (
                burden.load.get(each.name, 0), each.tier, burden.given.get(each.name, -1), each.name,
            ),
        )  # fmt: skip
        why = f"least open work ({burden.load.get(best.name, 0)}) of {len(free)} free {can}"
        return Choice(best.name, crew.name, why)

    def _nobody_free(self, crew: Crew, pool: Sequence[Person], now: int) -> Choice | None:
        # Where nobody has the tier for it nothing is to be waited for, and anybody is better than nobody.
        free_from = {each.name: self.free_from(each, now) for each in pool or crew.people}
        known = {name: at for name, at in free_from.items() if at is not None}
        comes = [*known.values(), next_turn(crew, now)] if pool else []
        again = min((at for at in comes if at is not None and at > now), default=None)
        if crew.lead and not is_away(self.roster, crew.lead, now):
            return Choice(
                crew.lead, crew.name, "nobody is free: the lead keeps it", keeps=True, again_at=again
            )
        if known:
            first = min(known, key=lambda name: (known[name], name))
            lacks = "the lead is away" if crew.lead else "there is no lead"
            why = f"nobody is free and {lacks}: {first} is there first"
            return Choice(first, crew.name, why, keeps=known[first] > now, again_at=again)
        if crew.lead or crew.people:
            anybody = crew.lead or crew.people[0].name
            return Choice(anybody, crew.name, "nobody is known to come back", keeps=True, again_at=again)
        return None


def works_at(person: Person, at: int) -> bool:
    """Whether it is within their hours."""
    return person.hours is None or _open_at(person.hours, at)


@lru_cache(maxsize=1024)
def _open_at(hours: Timetable, at: int) -> bool:
    """Remembered, since most people of a team share their hours."""
    return Calendar(hours).open_at(at)


def weighed(weights: Weights, priority: str) -> int:
    """How much work an open ticket of that priority is."""
    weight: int = getattr(weights, priority, weights.low)
    return weight


def known_names(crews: Iterable[Crew]) -> frozenset[str]:
    """Everybody whom a ticket can be given to: members, and leads."""
    listed = list(crews)
    members = {person.name for crew in listed for person in crew.people}
    return frozenset(members | {crew.lead for crew in listed if crew.lead})


def called(crews: Iterable[Crew], who: str) -> Person | None:
    """The member whom a login or a name stands for, whatever its capitals."""
    people = [person for crew in crews for person in crew.people]
    by_login = next((each for each in people if each.login and each.login == who), None)
    return by_login or next((each for each in people if each.name.casefold() == who.casefold()), None)


def _pool(people: Sequence[Person], need: Need) -> tuple[list[Person], str]:
    """Those of the tier who have the skill; where nobody has any of them, all of the tier. And why it is them."""
    able = [each for each in people if each.tier >= need.tier]
    for skill in need.skills:
        found = [each for each in able if skill in each.skills]
        if skill and found:
            return found, f"with the skill {skill}"
    return able, f"of tier {need.tier} or above"
