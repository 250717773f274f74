"""Whom the desk tells something: roles and names become addresses, and each address gets its notice once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import letters
from alerting.desk.notices import Notice, notice_key
from alerting.desk.ticket import Ticket, TicketEvent
from checks.text import visible, visible_lines
from config.field_types import is_mail_address
from config.models import Member

UNTOLD = "untold"
_LONGEST_SUBJECT, _LONGEST_LINE, _LONGEST_TEXT = 200, 2000, 60_000
# Who stands in where a role has nobody.
_INSTEAD = {"assignee": "team", "team": "lead", "lead": "manager", "supervisor": "manager"}
_REPORTER = "reporter"
_ABOVE = ("lead", "supervisor", "manager")
_INSIDE = frozenset({"assignee", "team", *_ABOVE})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be told something. `outside`: a reporter, or a watcher who is none of us: no text that is
    internal is for them.
    """

    name: str
    address: str
    outside: bool = False


@dataclass(frozen=True, slots=True)
class Telling:
    """What is told to whom: roles of config.policies, names or logins of members, or addresses.

    `step` makes it another than what was told before, such as `escalate:2` or `message:17`; the subject is the ticket's
    title where none is given. What the `reporter` is told holds nothing internal. `falls_back`: where a role has
    nobody, whoever stands above it is told. `alone`: the text is all that is written, as to a vendor. `public`: it is
    for watchers who are none of us as well. `outside`: what the reporter and these are told in its place.
    """

    kind: str
    step: str
    to: tuple[str, ...]
    text: str
    subject: str = ""
    falls_back: bool = False
    alone: bool = False
    public: bool = False
    outside: str = ""


def tell(draft: Draft, rules: Rulebook, ticket: Ticket, telling: Telling, now: int) -> tuple[str, ...]:
    """The names of those who are told; nobody twice for one step, and nobody where there is no channel."""
    found = people(rules, ticket, telling.to, falls_back=telling.falls_back)
    if not (telling.public or telling.outside or _REPORTER in telling.to):
        found = [person for person in found if not person.outside]
    if found and not rules.notices:
        draft.untold.add(ticket.number)
        return ()
    for person in found:
        key = notice_key(rules.agent, ticket.number, telling.step, person.address)
        if draft.notices.get(key) is None:
            draft.notices.put(key, _notice(rules, ticket, telling, person, (key, now)))
    return tuple(dict.fromkeys(person.name for person in found))


def say_untold(draft: Draft, now: int) -> None:
    """The timeline says once of a ticket that nobody can be told of it."""
    for number in sorted(draft.untold):
        ticket = draft.tickets.get(number)
        if ticket is None or UNTOLD in ticket.steps:
            continue
        draft.tickets.put(number, replace(ticket, steps={**ticket.steps, UNTOLD: now}))
        said = "nobody is told of this ticket: no channel for notices is configured"
        draft.events.append(TicketEvent(number, now, "tocsin", UNTOLD, said))
        draft.tell("ticket.untold", ticket=ticket.id, reason="no channel for notices")
    draft.untold.clear()


def people(rules: Rulebook, ticket: Ticket, to: Iterable[str], *, falls_back: bool = False) -> list[Person]:
    """Whom these roles, names and addresses stand for, each once; a role that nobody has stands for nobody."""
    found: dict[str, Person] = {}
    for each in to:
        for person in _standing_for(rules, ticket, each, falls_back=falls_back):
            hidden = each not in _INSIDE and each != _REPORTER and _is_outsider(rules, ticket, person)
            if is_mail_address(person.address) and not hidden:
                found.setdefault(person.address.lower(), person)
    return list(found.values())


def _standing_for(rules: Rulebook, ticket: Ticket, to: str, *, falls_back: bool) -> list[Person]:
    tried = {to}
    found = _people(rules, ticket, to)
    while falls_back and not found and (to := _INSTEAD.get(to, "")) and to not in tried:
        tried.add(to)
        found = _people(rules, ticket, to)
    return found


def _people(rules: Rulebook, ticket: Ticket, to: str) -> list[Person]:
    team = rules.teams.get(ticket.team or "")
    if to == _REPORTER:
        reporter = ticket.reporter
        return [Person(reporter.name, reporter.email, outside=True)] if reporter and reporter.email else []
    if to == "assignee":
        return _named(rules, ticket.assignee)
    if to == "watchers":
        watching = [person for each in ticket.watchers for person in _named(rules, each)]
        ours = our_people(rules)
        return [replace(each, outside=each.address.lower() not in ours) for each in watching]
    if to == "team":
        return [Person(each.name, each.email) for each in team.members if each.email] if team else []
    if to in _ABOVE:  # of a ticket of no team all of them are told: nobody would be otherwise
        teams = [team] if team else rules.teams.values()
        return [person for each in teams for person in _named(rules, getattr(each, to))]
    return _named(rules, to)


def _named(rules: Rulebook, name: str | None) -> list[Person]:
    """The member of that name, login or address; else the address itself."""
    if not name:
        return []
    for member in _members(rules):
        if name in (member.name, member.login, member.email):
            return [Person(member.name, member.email)] if member.email else []
    return [Person(name, name)] if "@" in name else []


def _members(rules: Rulebook) -> Iterable[Member]:
    return (member for team in rules.teams.values() for member in team.members)


def our_people(rules: Rulebook) -> dict[str, str]:
    """The people of all teams: their names by address, in small letters."""
    found = {each.email.lower(): each.name for each in _members(rules) if each.email}
    above = (getattr(team, role) for team in rules.teams.values() for role in _ABOVE)
    return {each.lower(): each for each in above if each and "@" in each} | found


def _is_outsider(rules: Rulebook, ticket: Ticket, person: Person) -> bool:
    """Whether it is the reporter under another title, who would read what is internal: a watcher, say."""
    reporter = ticket.reporter
    if reporter is None or person.address.lower() != reporter.email.lower():
        return False
    return person.address.lower() not in our_people(rules)


def _notice(
    rules: Rulebook, ticket: Ticket, telling: Telling, person: Person, keyed: tuple[str, int]
) -> Notice:
    key, now = keyed
    if person.outside and telling.outside:
        telling = replace(telling, text=telling.outside, subject="")
    text = visible_lines(telling.text, _LONGEST_LINE)[:_LONGEST_TEXT]
    zone = rules.zone_of(ticket.team)
    name = "" if person.name == person.address else visible(person.name)
    letter = letters.to_reporter(ticket, text, name) if person.outside else letters.to_us(ticket, text, zone)
    subject = letters.subject(ticket, telling.subject, reporter=person.outside)
    return Notice(
        key=key,
        ticket=ticket.number,
        kind=telling.kind,
        channel=rules.notices,
        to=person.address,
        name=name,
        subject=visible(subject, _LONGEST_SUBJECT),
        text=text if telling.alone else letter,
        at=now,
        reporter=person.outside,
        next_at=now,
    )
