"""Teams and rotations as JSON: who is there, who is on call, what they have to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from agent.desk.document import moment
from agent.rulebook import Rulebook
from alerting.desk.oncall import Roster, Shift, away_until, on_call_at
from alerting.desk.people import Staff, weighed
from alerting.desk.ticket import Ticket
from config.crews import Crew, Person


@dataclass(frozen=True, slots=True)
class Now:
    """The teams at a moment (microseconds UTC): the roster, and the tickets that are open."""

    rules: Rulebook
    roster: Roster
    tickets: tuple[Ticket, ...]
    at: int


def team_document(crew: Crew, now: Now) -> dict[str, Any]:
    """A team with its members."""
    team, called = now.rules.teams[crew.name], on_call_at(crew, now.roster, now.at)
    members = [_member(person, now) for person in crew.people]
    return {
        "team": crew.name,
        "title": team.title,
        "lead": team.lead,
        "supervisor": team.supervisor,
        "manager": team.manager,
        "skills": list(team.skills),
        "on_call": None if called is None else {"person": called.person, "why": called.why},
        "free": sum(each["free"] for each in members),
        "open": sum(ticket.team == crew.name for ticket in now.tickets),
        "members": members,
    }


def shift_document(team: str, shift: Shift) -> dict[str, Any]:
    """Who is on call from when to when; `person` null where nobody is."""
    return {
        "team": team,
        "from": moment(shift.start),
        "until": moment(shift.end),
        "person": shift.who.person if shift.who else None,
        "why": shift.who.why if shift.who else None,
    }


def _member(person: Person, now: Now) -> dict[str, Any]:
    staff = Staff(now.rules.crews, now.roster)
    mine = [ticket for ticket in now.tickets if ticket.assignee == person.name]
    return {
        "name": person.name,
        "email": person.email or None,
        "login": person.login or None,
        "tier": person.tier,
        "skills": sorted(person.skills),
        "calendar": person.hours.name if person.hours else None,
        "free": staff.is_free(person, now.at),
        "free_from": moment(staff.free_from(person, now.at)),
        "away_until": moment(away_until(now.roster, person.name, now.at)),
        "open": len(mine),
        "load": _load(mine, now.rules),
    }


def _load(tickets: Iterable[Ticket], rules: Rulebook) -> int:
    return sum(weighed(rules.desk.weights, ticket.priority) for ticket in tickets)
