"""Test tickets on a draft: plainly marked, sent where a route leads, and never an incident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agent.desk.tickets import DAEMON, PersonsMove, move_ticket, note
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import sla
from alerting.desk.routing import Taken, taken, ways
from alerting.desk.ticket import Move, Ticket, TicketState
from alerting.incidents.incident import remote_key
from alerting.incidents.problem import Problem
from alerting.incidents.suppression import Subject
from alerting.messages import Tied, desired
from alerting.outgoing import Outgoing, Standing
from checks.base import Status
from config.models import ITSELF, Service

# No check can be called so: a test never has the key of an incident, and never a route meant for a check.
RULE = "test:"
_MARK = "[TEST] "
# Longer than the command waits for helpdesks at most, there and back.
_LONGEST = 1800 * 1_000_000
_OPENED = "opened"  # what the ticket says itself is no comment over there
_TEXT = "This is a test, asked for by {by}: nothing is wrong, and nothing is to be done. It ends by itself."


class NoSuchRoute(Exception):
    """There is no route of that number, or no service of that name; the text says so."""


@dataclass(frozen=True, slots=True)
class Trial:
    """What is tried: a route by its number, from 1, the first of several; None: the built-in desk alone.

    `service` is whose ticket it is.
    """

    route: int | None
    service: Service
    send_to: tuple[str, ...]


def by_route(rules: Rulebook, number: int, now: int) -> Trial:
    """The route of that number, with the first service whose tickets it would take. Raises NoSuchRoute."""
    if not 1 <= number <= len(rules.routes):
        raise NoSuchRoute(f"there is no route {number}: there are {len(rules.routes)}")
    route = Taken(number, rules.routes[number - 1])
    takes = (each for each in rules.services.values() if route in _routes_of(rules, each, now))
    return Trial(number, next(takes, rules.services[ITSELF]), _destinations(rules, (route,)))


def by_service(rules: Rulebook, name: str, now: int) -> Trial:
    """The routes that a ticket of a service takes when it goes down now. Raises NoSuchRoute."""
    service = rules.services.get(name)
    if service is None:
        raise NoSuchRoute(f"no service is called {name}")
    routes = _routes_of(rules, service, now)
    return Trial(routes[0].number if routes else None, service, _destinations(rules, routes))


def open_test(draft: Draft, rules: Rulebook, trial: Trial, by: str, now: int) -> Ticket:
    """The ticket, and what the helpdesks of its route are to hold of it."""
    draft.last_ticket += 1
    number, name = draft.last_ticket, trial.service.name
    where = f"route {trial.route}" if trial.route is not None else "the built-in desk"
    ticket = Ticket(
        number=number,
        service=name,
        check="",
        state=TicketState.NEW,
        severity="low",
        priority="low",
        title=f"{_MARK}{where} works ({name})",
        description=_TEXT.format(by=by),
        opened_at=now,
        due=sla.due(now, "low"),
        test=True,
    )
    draft.tickets.put(number, ticket)
    note(draft, number, now, _OPENED, f"opened as a test of {where} by {by}")
    key = remote_key(rules.agent, name, RULE, number)
    for helpdesk in trial.send_to:
        wanted = desired(None, ticket, key, (), Tied(helpdesk, _labels(trial.service), None))
        draft.outbox.put(
            (helpdesk, key), Outgoing(helpdesk, key, number, wanted, Standing.WAITING, now, now, next_at=now)
        )
    draft.tell("ticket.test", ticket=ticket.id, route=trial.route, send_to=list(trial.send_to), by=by)
    return ticket


def end_tests(draft: Draft, now: int, older: int = _LONGEST) -> None:
    """Resolve tests that nobody ends any more, since who asked for them is gone; `older`: microseconds."""
    left = [each for each in draft.tickets.values() if _is_left(each, now - older)]
    if not left:
        return
    incidents = {each.ticket for each in draft.incidents.values()}
    for ticket in left:
        if ticket.number not in incidents:
            asked = PersonsMove(Move.RESOLVE, DAEMON, "the test is over: nobody waits for it any more")
            move_ticket(draft, ticket.number, asked, now)


def _is_left(ticket: Ticket, before: int) -> bool:
    return (
        ticket.is_open and not ticket.check and ticket.opened_at <= before and ticket.title.startswith(_MARK)
    )


def _routes_of(rules: Rulebook, service: Service, now: int) -> tuple[Taken, ...]:
    severity, _ = rules.severity_of(Problem(service.name, RULE, Status.DOWN, 0, 0, ""))
    subject = Subject(service, RULE, None, severity)
    return taken(rules.routes, subject, lambda calendar: rules.is_open(calendar, now))


def _destinations(rules: Rulebook, routes: tuple[Taken, ...]) -> tuple[str, ...]:
    return tuple(name for name in ways(routes) if name in rules.helpdesks)


def _labels(service: Service) -> Mapping[str, str]:
    return dict(service.labels)


def tested(
    draft: Draft, rules: Rulebook, asked: tuple[object, object], by: str, now: int
) -> dict[str, object]:
    """What the command is told: the ticket that was opened, and where it is sent. Raises NoSuchRoute."""
    route, service = asked
    if isinstance(route, int):
        trial = by_route(rules, route, now)
    elif isinstance(service, str):
        trial = by_service(rules, service, now)
    else:
        trial = Trial(None, rules.services[ITSELF], ())
    ticket = open_test(draft, rules, trial, by, now)
    return {
        "ticket": ticket.id,
        "route": trial.route,
        "service": trial.service.name,
        "send_to": list(trial.send_to),
    }
