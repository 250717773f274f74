"""On call: whose turn it is at a moment, by rotation, by overrides, and standing in for those who are away. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from alerting.calendars import Calendar, local_moment
from alerting.desk.roster import RosterEntry
from config.crews import Crew, Rota

Roster = tuple[RosterEntry, ...]
_SECOND = 1_000_000
# A rotation by hours changes a few times a day at most: enough for a year.
_MOST_TURNS = 20_000


@dataclass(frozen=True, slots=True)
class OnCall:
    """Who is on call, and why it is them."""

    person: str
    why: str


@dataclass(frozen=True, slots=True)
class Shift:
    """From `start` to `end` (microseconds UTC) it is them; `who` is None where nobody is on call."""

    start: int
    end: int
    who: OnCall | None


def is_away(roster: Iterable[RosterEntry], person: str, at: int) -> bool:
    """Whether the person said that they are not there at that moment."""
    return away_until(roster, person, at) is not None


def away_until(roster: Iterable[RosterEntry], person: str, at: int) -> int | None:
    """When somebody who is away is back: absences that touch are one. None for who is there."""
    spans = sorted((each.start, each.end) for each in roster if each.kind == "away" and each.person == person)
    back = at
    for start, end in spans:
        if start <= back < end:
            back = end
    return back if back > at else None


def next_absence(roster: Iterable[RosterEntry], person: str, at: int) -> int | None:
    """When somebody is away next, after that moment; None when nothing is known of it."""
    starts = (each.start for each in roster if each.kind == "away" and each.person == person)
    return min((start for start in starts if start > at), default=None)


def on_call_at(crew: Crew, roster: Roster, at: int) -> OnCall | None:
    """An override made last wins, then the rotation; for who is away the next in turn stands in. None: nobody."""
    there = {person.name for person in crew.people}
    for entry in sorted(_overrides(crew, roster), key=lambda each: -each.number):
        if entry.start <= at < entry.end and entry.person in there and not is_away(roster, entry.person, at):
            return OnCall(entry.person, f"override O-{entry.number}: {entry.reason}")
    if crew.rota is None:
        return None
    first = None
    for person in _in_turn(crew.rota, at):
        if person in there and not is_away(roster, person, at):
            rotation = crew.rota.rotation.replace("_", " ")
            return OnCall(person, f"{rotation} rotation" if first is None else f"stands in for {first}")
        first = first or person
    return None


def shifts(crew: Crew, roster: Roster, since: int, until: int) -> list[Shift]:
    """Who is on call between two moments, in order and without a gap."""
    cuts = sorted({since, until, *(at for at in _changes(crew, roster, since, until) if since < at < until)})
    found: list[Shift] = []
    for start, end in pairwise(cuts):
        who = on_call_at(crew, roster, start)
        if found and found[-1].who == who and not _passes_on(crew.rota, start):
            found[-1] = Shift(found[-1].start, end, who)
        else:
            found.append(Shift(start, end, who))
    return found


def next_turn(crew: Crew, at: int) -> int | None:
    """When the rotation says something else, after that moment; None when it never does."""
    rota = crew.rota
    if rota is None:
        return None
    if rota.rotation != "follow_the_sun":
        number = _turn(rota, at)
        return _starts(rota, max(number + 1, 0))
    tables = [Calendar(turn.hours) for turn in rota.turns if turn.hours is not None]
    return min((turn for each in tables if (turn := each.next_change(at)) is not None), default=None)


def _overrides(crew: Crew, roster: Roster) -> Iterator[RosterEntry]:
    return (each for each in roster if each.kind == "on_call" and each.team == crew.name)


def _in_turn(rota: Rota, at: int) -> Iterator[str]:
    """Whose turn it is, then who would stand in, in their order."""
    if rota.rotation == "follow_the_sun":
        for turn in rota.turns:
            if turn.hours is None or Calendar(turn.hours).open_at(at):
                yield turn.person
        return
    number = _turn(rota, at)
    if number >= 0:
        for offset in range(len(rota.turns)):
            yield rota.turns[(number + offset) % len(rota.turns)].person


def _turn(rota: Rota, at: int) -> int:
    """How many handovers there were since the first; below 0 before it."""
    local = datetime.fromtimestamp(at // _SECOND, UTC).astimezone(ZoneInfo(rota.zone)).date()
    number = (local - _first(rota)).days // _days(rota)
    while _starts(rota, number) > at:
        number -= 1
    while _starts(rota, number + 1) <= at:
        number += 1
    return number


def _starts(rota: Rota, number: int) -> int:
    return local_moment(_first(rota) + timedelta(days=number * _days(rota)), rota.minute, rota.zone)


def _first(rota: Rota) -> date:
    """The day of the first handover."""
    ahead = 0 if rota.weekday is None else (rota.weekday - rota.first_day.weekday()) % 7
    return rota.first_day + timedelta(days=ahead)


def _days(rota: Rota) -> int:
    return 7 if rota.rotation == "weekly" else 1


def _passes_on(rota: Rota | None, at: int) -> bool:
    """Whether a turn of a week or a day begins at that moment, perhaps that of the same person."""
    return rota is not None and rota.rotation != "follow_the_sun" and _starts(rota, _turn(rota, at)) == at


def _changes(crew: Crew, roster: Roster, since: int, until: int) -> Iterator[int]:
    """The moments at which somebody else may be on call."""
    people = {person.name for person in crew.people}
    for entry in roster:
        if entry.team == crew.name or (entry.kind == "away" and entry.person in people):
            yield from (entry.start, entry.end)
    at = next_turn(crew, since)
    for _ in range(_MOST_TURNS):
        if at is None or at >= until:
            return
        yield at
        at = next_turn(crew, at)
