"""What people ask of teams: give a ticket to somebody, take it, be away and back, stand in on call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.document import document, moment
from agent.desk.persons import acting
from agent.desk.routing import burden, give, look_again, need, staff
from agent.desk.tickets import PersonsMove, move_ticket
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.people import Choice, called
from alerting.desk.roster import RosterEntry
from alerting.desk.ticket import Move, Ticket, TicketState
from config.crews import Crew, Person
from config.friendly import nearest

_DAY = 86_400 * 1_000_000
_LONGEST = 731 * _DAY
_WAYS = ("to", "team", "auto")
_LONGEST_REASON = 500


def assign_ticket(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """Give a ticket `to` a person, to whoever of a `team` is next, or with `auto` to whoever of its own is."""
    ticket, by = asked.ticket(draft), acting(rules, asked)
    if sum(bool(asked.arguments.get(way)) for way in _WAYS) != 1:
        raise CannotDo("say to whom: one of to, team and auto", usage=True)
    if not ticket.is_open:
        raise CannotDo(f"{ticket.id} is {ticket.state}: open it again first")
    why = asked.text("note", _LONGEST_REASON) or f"by {by}"
    if asked.text("to"):
        return document(_to_person(draft, rules, ticket, asked.text("to"), (by, why, asked.now)))
    team = _team(rules, asked.text("team")).name if asked.text("team") else ticket.team or ""
    found = staff(draft, rules).choose(team, need(ticket), burden(draft, rules, ticket.number), asked.now)
    if found is None:
        raise CannotDo(
            f"the team {team} has neither members nor a lead" if team else f"{ticket.id} is of no team"
        )
    return document(give(draft, rules, ticket, found, (by, f"{why}; {found.why}", asked.now)))


def take(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """The ticket is theirs who ask, and acknowledged."""
    ticket, by = asked.ticket(draft), acting(rules, asked)
    if not ticket.is_open:
        raise CannotDo(f"{ticket.id} is {ticket.state}: open it again first")
    member = called(rules.crews.values(), by)
    name = member.name if member else by
    team = ticket.team or (member.team if member else "")
    after = give(
        draft, rules, ticket, Choice(name, team, f"taken by {name}"), (name, f"taken by {name}", asked.now)
    )
    if after.state is TicketState.NEW:
        after = move_ticket(draft, after.number, PersonsMove(Move.ACK, name), asked.now)
    return document(after)


def away(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """The person is away from `start` to `end`; their open tickets are handed on when it begins."""
    person = _person(rules, asked.text("person", needed=True))
    entry = _enrolled(draft, rules, asked, RosterEntry(0, "away", person.name, "", 0, 0, "", ""))
    for ticket in _open(draft):
        if ticket.assignee == person.name:
            look_again(draft, ticket, entry.start)
    return entry_document(entry, asked.now)


def back(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """The person is there again: what runs ends now; where nothing runs, what was to come is called off."""
    person = _person(rules, asked.text("person", needed=True))
    mine = [each for each in draft.roster if each.kind == "away" and each.person == person.name]
    running = [each for each in mine if each.start <= asked.now < each.end]
    ended = running or [each for each in mine if each.start > asked.now and each.end > each.start]
    if not ended:
        raise CannotDo(f"{person.name} is not away, and is not to be")
    found = [_end(draft, rules, each, asked) for each in ended]
    teams = {crew.name for crew in rules.crews.values() if person.name in _names(crew)}
    _offer(draft, teams, asked.now)
    return found


def override(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """The person is on call for the team from `start` to `end`, whoever's turn it is."""
    crew, person = _team(rules, asked.text("team", needed=True)), asked.text("person", needed=True)
    member = called([crew], person)
    if member is None:
        raise CannotDo(
            f'no member of {crew.name} is called "{person}" ({_known(person, _names(crew))})', usage=True
        )
    entry = _enrolled(draft, rules, asked, RosterEntry(0, "on_call", member.name, crew.name, 0, 0, "", ""))
    _offer(draft, {crew.name}, entry.start)
    return entry_document(entry, asked.now)


def end_override(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """An override ends now, or is called off."""
    number = asked.number("entry")
    entry = next((each for each in draft.roster if each.number == number and each.kind == "on_call"), None)
    if entry is None:
        raise CannotDo(f"there is no override O-{number}")
    if entry.end <= asked.now or entry.end <= entry.start:
        raise CannotDo(f"O-{number} is over already")
    return _end(draft, rules, entry, asked)


def entry_document(entry: RosterEntry, now: int) -> dict[str, Any]:
    """An entry of the roster as JSON. What was called off before it began ends when it begins."""
    over = entry.end <= entry.start or entry.end <= now
    state = "over" if over else "planned" if entry.start > now else "running"
    return {
        "id": f"{'A' if entry.kind == 'away' else 'O'}-{entry.number}",
        "person": entry.person,
        "team": entry.team or None,
        "from": moment(entry.start),
        "until": moment(entry.end),
        "reason": entry.reason,
        "by": entry.by,
        "state": state,
    }


def _to_person(
    draft: Draft, rules: Rulebook, ticket: Ticket, name: str, said: tuple[str, str, int]
) -> Ticket:
    """To a member, in the team of the ticket where they are of it, or to a lead's address."""
    crews = rules.crews.values()
    own = rules.crews.get(ticket.team or "")
    member = called([own] if own else [], name) or called(crews, name)
    if member is not None:
        return give(draft, rules, ticket, Choice(member.name, member.team, said[1]), said)
    led = next((crew for crew in crews if crew.lead == name), None)
    if led is None:
        raise CannotDo(
            f'no member of a team is called "{name}" ({_known(name, _everybody(rules))})', usage=True
        )
    return give(draft, rules, ticket, Choice(name, led.name, said[1]), said)


def _enrolled(draft: Draft, rules: Rulebook, asked: Asked, entry: RosterEntry) -> RosterEntry:
    """The entry with its number, its time and its reason, written."""
    start, end = asked.number("start"), asked.number("end")
    start = asked.now if start is None else start
    if end is None or end <= max(start, asked.now):
        raise CannotDo("it must end after it begins, and after now", usage=True)
    if end - start > _LONGEST:
        raise CannotDo("it lasts two years at most", usage=True)
    reason = asked.text("reason", _LONGEST_REASON, needed=True)
    number = max((each.number for each in draft.roster), default=0) + 1
    made = replace(entry, number=number, start=start, end=end, reason=reason, by=acting(rules, asked))
    draft.enroll(asked.now, made)
    told = entry_document(made, asked.now)
    draft.tell("roster.changed", kind=made.kind, **told)
    return made


def _end(draft: Draft, rules: Rulebook, entry: RosterEntry, asked: Asked) -> dict[str, Any]:
    after = replace(entry, end=max(asked.now, entry.start), by=acting(rules, asked))
    draft.enroll(asked.now, after)
    told = entry_document(after, asked.now)
    draft.tell("roster.changed", kind=after.kind, **told)
    return told


def _offer(draft: Draft, teams: set[str], at: int) -> None:
    """What is only kept until somebody is free may find somebody at that moment."""
    for ticket in _open(draft):
        if ticket.stand_in and ticket.team in teams:
            look_again(draft, ticket, at)


def _open(draft: Draft) -> list[Ticket]:
    return [each for each in draft.tickets.values() if each.is_open]


def _person(rules: Rulebook, name: str) -> Person:
    found = called(rules.crews.values(), name)
    if found is None:
        raise CannotDo(
            f'no member of a team is called "{name}" ({_known(name, _everybody(rules))})', usage=True
        )
    return found


def _team(rules: Rulebook, name: str) -> Crew:
    crew = rules.crews.get(name)
    if crew is None:
        raise CannotDo(f'no team is called "{name}" ({_known(name, list(rules.crews))})', usage=True)
    return crew


def _everybody(rules: Rulebook) -> list[str]:
    return list(dict.fromkeys(name for crew in rules.crews.values() for name in _names(crew)))


def _names(crew: Crew) -> list[str]:
    return [person.name for person in crew.people]


def _known(name: str, known: list[str]) -> str:
    return nearest(name, known) or (f"known: {', '.join(known[:8])}" if known else "there is none")
