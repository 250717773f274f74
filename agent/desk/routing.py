"""Routing on a draft: the category, the team and the assignee of a ticket, and handing it on when they are gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.desk.telling import Telling, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.categories import Facts, category_of, fits, team_of
from alerting.desk.oncall import is_away, next_absence
from alerting.desk.people import Burden, Choice, Need, Staff, known_names, weighed
from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from config.policies import Policy

_DAEMON = "tocsin"
_CLASSIFY = "classify"
_HIGH = "high"
_OF_MACHINES = ("monitoring", "inbound")


def steps(ticket: Ticket, _policy: Policy) -> Iterable[Step]:
    """Classified and assigned once, looked at again when it was opened again, its cause became known, or its assignee
    is to leave.
    """
    if not ticket.is_open or ticket.test or ticket.merged_into is not None:
        return
    yield Step(ticket.opened_at, _CLASSIFY)
    if _CLASSIFY not in ticket.steps:
        return  # by its category it may go elsewhere
    yield Step(ticket.opened_at, f"assign:{ticket.reopened}")
    cause = ticket.fields.get("cause")
    if cause:
        yield Step(ticket.opened_at, f"cause:{cause}")
    if ticket.route_at is not None:
        yield Step(ticket.route_at, f"route:{ticket.route_at}")


def act(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """The step of routing that is due."""
    what = step.key.partition(":")[0]
    if what == _CLASSIFY:
        _classify(draft, rules, ticket, now)
    elif what == "cause":
        _follow_cause(draft, rules, ticket, now)
    else:
        _see_to_owner(draft, rules, ticket, now)


def assign(draft: Draft, rules: Rulebook, ticket: Ticket, now: int, reason: str) -> Ticket:
    """Give the ticket to whoever can take it at its tier; who has it and can, keeps it. `reason` says why it is asked.

    The ticket as it is on the draft then; the same where its team has nobody at all.
    """
    return _give(draft, rules, ticket, (reason, now), keep=ticket.assignee)


def give(draft: Draft, rules: Rulebook, ticket: Ticket, choice: Choice, said: tuple[str, str, int]) -> Ticket:
    """The ticket with its new assignee, noted, logged and told to them; `said`: by whom, why, and when."""
    by, why, now = said
    absent = next_absence(draft.roster, choice.person, now)
    known = choice.person in known_names(rules.crews.values())
    after = replace(
        ticket,
        assignee=choice.person,
        team=choice.team or ticket.team,
        stand_in=choice.keeps,
        given_at=now if known else None,
        route_at=min((at for at in (choice.again_at, absent) if at is not None), default=None),
        version=ticket.version + 1,
    ).stamped("assigned", now)
    draft.tickets.put(ticket.number, after)
    draft.given.put(choice.person, now)
    if choice.person != ticket.assignee:
        team = f" ({choice.team})" if choice.team else ""
        draft.events.append(
            TicketEvent(ticket.number, now, by, "assigned", f"assigned to {choice.person}{team}: {why}")
        )
        facts = {"ticket": ticket.id, "to": choice.person, "team": choice.team, "by": by, "reason": why}
        draft.tell("ticket.assigned", **facts, before=ticket.assignee)
        if by != choice.person:
            _tell(draft, rules, after, why, now)
    return after


def staff(draft: Draft, rules: Rulebook) -> Staff:
    """Everybody, as the roster of the draft has them."""
    return Staff(rules.crews, draft.roster)


def burden(draft: Draft, rules: Rulebook, but: int = 0) -> Burden:
    """What everybody has to do, `but` one ticket."""
    weights, load = rules.desk.weights, dict[str, int]()
    for ticket in draft.tickets.values():
        if ticket.assignee is not None and ticket.is_open and ticket.number != but:
            load[ticket.assignee] = load.get(ticket.assignee, 0) + weighed(weights, ticket.priority)
    return Burden(load, dict(draft.given.items()))


def need(ticket: Ticket) -> Need:
    """What the ticket asks of its assignee: its cause, once known, before its category."""
    skills = (ticket.fields.get("cause", ""), ticket.category)
    return Need(tuple(each.casefold() for each in skills if each), ticket.tier, ticket.priority == _HIGH)


def look_again(draft: Draft, ticket: Ticket, at: int) -> None:
    """Have the desk see to the ticket's assignee at that moment, unless it does so before."""
    if ticket.route_at is None or at < ticket.route_at or f"route:{ticket.route_at}" in ticket.steps:
        draft.tickets.put(ticket.number, replace(ticket, route_at=at))


def follow_teams(draft: Draft, rules: Rulebook, now: int) -> None:
    """After a start or a reload: tickets of those who left, of nobody, or kept until somebody is free, are seen to."""
    known = known_names(rules.crews.values())
    for ticket in list(draft.tickets.values()):
        left = ticket.given_at is not None and ticket.assignee not in known
        if ticket.is_open and known and (left or ticket.stand_in or ticket.assignee is None):
            look_again(draft, ticket, now)


def _classify(draft: Draft, rules: Rulebook, ticket: Ticket, now: int) -> None:
    """Its category and its team, where nobody chose them."""
    facts = _facts(draft, rules, ticket)
    category, why = (ticket.category, "") if ticket.category else category_of(rules.categories, facts)
    if why:
        said = f"category {category}: {why}"
        draft.events.append(TicketEvent(ticket.number, now, _DAEMON, "classified", said))
    service = rules.services.get(ticket.service)
    team = ticket.team or (service.team if service else None)
    if team is None:
        team, because = team_of(rules.desk.teams, rules.crews, category, facts)
        if team:
            said = f"team {team}: {because}"
            draft.events.append(TicketEvent(ticket.number, now, _DAEMON, "routed", said))
    after = replace(ticket, category=category, team=team or None, version=ticket.version + 1)
    draft.tickets.put(ticket.number, after.stamped("classified", now))
    draft.tell(
        "ticket.classified", ticket=ticket.id, category=category, team=team or None, reason=why or "default"
    )


def _follow_cause(draft: Draft, rules: Rulebook, ticket: Ticket, now: int) -> None:
    """Its cause is known: a rule that names it may lead to another team."""
    facts = _facts(draft, rules, ticket)
    rule = next(
        (each for each in rules.desk.teams if each.match.cause and fits(each, ticket.category, facts)), None
    )
    if rule is not None and rule.team in rules.crews and rule.team != ticket.team:
        moved = replace(ticket, team=rule.team)
        _give(draft, rules, moved, (f"the cause is {facts.cause}", now))


def _see_to_owner(draft: Draft, rules: Rulebook, ticket: Ticket, now: int) -> None:
    """Whether the assignee is still the right one; without any somebody is found."""
    why = _why_not(draft, rules, ticket, now)
    if why is not None:
        _give(draft, rules, ticket, (why, now))
    elif ticket.route_at is not None and ticket.assignee is not None:
        absent = next_absence(draft.roster, ticket.assignee, now)
        draft.tickets.put(ticket.number, replace(ticket, route_at=absent, stand_in=False))


def _why_not(draft: Draft, rules: Rulebook, ticket: Ticket, now: int) -> str | None:
    if ticket.assignee is None:
        return ""
    if is_away(draft.roster, ticket.assignee, now):
        return f"{ticket.assignee} is away"
    if ticket.given_at is not None and ticket.assignee not in known_names(rules.crews.values()):
        return f"{ticket.assignee} left"
    # What the one who keeps it has taken in hand stays with them.
    return "" if ticket.stand_in and ticket.state is TicketState.NEW else None


def _give(
    draft: Draft, rules: Rulebook, ticket: Ticket, said: tuple[str, int], keep: str | None = None
) -> Ticket:
    """To whom it falls; `said`: why it is asked, and when."""
    reason, now = said
    found = staff(draft, rules).choose(
        ticket.team or "", need(ticket), burden(draft, rules, ticket.number), now, keep=keep
    )
    if found is not None:
        why = f"{reason}; {found.why}" if reason else found.why
        return give(draft, rules, ticket, found, (_DAEMON, why, now))
    if rules.crews:
        lacks = (
            f"the team {ticket.team} has neither members nor a lead" if ticket.team else "no team has anybody"
        )
        draft.events.append(
            TicketEvent(ticket.number, now, _DAEMON, "unassigned", f"nobody can be given it: {lacks}")
        )
        draft.tell("ticket.unassigned", ticket=ticket.id, team=ticket.team, reason=lacks)
    if draft.tickets.get(ticket.number) != ticket:
        draft.tickets.put(ticket.number, replace(ticket, version=ticket.version + 1))
    return draft.tickets.get(ticket.number) or ticket


def _facts(draft: Draft, rules: Rulebook, ticket: Ticket) -> Facts:
    service, check = rules.services.get(ticket.service), rules.checks.get((ticket.service, ticket.check))
    incident = next((each for each in draft.incidents.values() if each.ticket == ticket.number), None)
    by_people = incident is None and ticket.channel not in _OF_MACHINES
    return Facts(
        service=ticket.service,
        cause=ticket.fields.get("cause", ""),
        error_kind=incident.error_kind.value if incident is not None and incident.error_kind else "",
        text=f"{ticket.title}\n{ticket.description}" if by_people else "",
        labels={**(service.labels if service else {}), **(check.labels if check else {})},
    )


def _tell(draft: Draft, rules: Rulebook, ticket: Ticket, why: str, now: int) -> None:
    text = f"{ticket.id} is yours now: {ticket.title}\n\nWhy: {why}.\nPriority {ticket.priority}, tier {ticket.tier}."
    step = f"assigned:{ticket.version}"
    tell(draft, rules, ticket, Telling("assigned", step, (ticket.assignee or "",), text), now)
