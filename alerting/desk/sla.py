"""Priorities and due moments of tickets, as their policy says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from alerting.desk.clocks import answer_start, clocks
from alerting.desk.due import run_for, started, still
from alerting.desk.parts import Pause
from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from alerting.desk.ticket_match import fits, why_fits
from config.models import Severity
from config.policies import DEFAULT_POLICY, Policy, PriorityRule
from config.terms import show_term

__all__ = [
    "BY_HAND",
    "answered",
    "clocked",
    "due",
    "priority",
    "priority_of",
    "run_for",
    "show_term",
    "started",
]

# Among the steps of a ticket: a person set its priority, and no rule does any more.
BY_HAND = "priority:by_hand"
_SECOND = 1_000_000
# Their moments stay when they were met: what was promised can still be looked up.
_LASTING = ("acknowledge", "resolve")
_NOBODY = ("tocsin", "reporter", "")
_OPENED = "opened"


def priority(severity: Severity) -> str:
    """The priority of a severity where nothing else is known."""
    rules = DEFAULT_POLICY.priorities
    return next(rule.priority for rule in rules if not rule.match.severity or severity in rule.match.severity)


def due(opened_at: int, priority_name: str) -> dict[str, int]:
    """When a ticket of that priority is to be acknowledged and resolved by the default policy (microseconds UTC)."""
    targets = DEFAULT_POLICY.targets[priority_name]
    terms = {name: getattr(targets, name) for name in _LASTING}
    return {name: opened_at + round(term.seconds * _SECOND) for name, term in terms.items()}


def clocked(ticket: Ticket, policy: Policy, now: int) -> Ticket:
    """The ticket with its priority, due moments and pauses as they are by now; the same when nothing changed."""
    ticket = _ranked(ticket, policy)
    ticket = _paused(ticket, now)
    ticket = _stamped(ticket, now)
    found = {
        clock.name: clock.due
        for clock in clocks(ticket, policy)
        if clock.due is not None and (clock.name in _LASTING or clock.ended_at is None)
    }
    since = next((start for start, end in still(ticket, policy) if end is None), None)
    if found == ticket.due and since == ticket.still_since:
        return ticket
    return replace(ticket, due=found, still_since=since)


def answered(ticket: Ticket, policy: Policy, events: Iterable[TicketEvent]) -> Ticket:
    """The ticket with the moment at which its tier answered: a person of the desk left a line in its timeline."""
    since = answer_start(ticket, policy)
    if (ticket.answered_at or 0) > since:
        return ticket
    reporter = (ticket.reporter.name, ticket.reporter.identity) if ticket.reporter else ()
    found = (
        each.at
        for each in events
        if each.ticket == ticket.number
        and each.at > since
        and each.what != _OPENED
        and each.by not in _NOBODY
        and each.by not in reporter
    )
    at = min(found, default=None)
    return ticket if at is None else replace(ticket, answered_at=at)


def priority_of(ticket: Ticket, policy: Policy) -> tuple[str, str]:
    """Its priority by the first rule that fits, and why; those of the default policy come last of all."""
    if BY_HAND in ticket.steps:
        return ticket.priority, "set by hand"
    for number, rule in _rules(policy):
        if fits(rule.match, ticket):
            said = ", ".join(why_fits(rule.match, ticket)) or "everything else"
            return rule.priority, f"{number}: {said}"
    return ticket.priority, "no rule fits"


def _rules(policy: Policy) -> Iterator[tuple[str, PriorityRule]]:
    for number, rule in enumerate(policy.priorities, 1):
        yield f"rule {number} of policy {policy.name}", rule
    for rule in DEFAULT_POLICY.priorities:
        yield "default rule", rule


def _ranked(ticket: Ticket, policy: Policy) -> Ticket:
    found, _ = priority_of(ticket, policy)
    return ticket if found == ticket.priority else replace(ticket, priority=found)


def _paused(ticket: Ticket, now: int) -> Ticket:
    """Each pause ends with what it was for: waiting with the state `pending`, being resolved with a re-opening."""
    pauses = tuple(_as_it_is(ticket, each, now) for each in ticket.pauses)
    if ticket.resolved_at is not None and not any(_is_rest(each) for each in pauses):
        pauses = (*pauses, Pause(ticket.resolved_at, "resolved"))
    return ticket if pauses == ticket.pauses else replace(ticket, pauses=pauses)


def _as_it_is(ticket: Ticket, pause: Pause, now: int) -> Pause:
    if pause.end is not None:
        return pause
    if pause.why == "resolved":
        if ticket.resolved_at is not None:
            return replace(pause, start=ticket.resolved_at)
        return replace(pause, end=max(pause.start, ticket.reopened_at or now))
    if ticket.state is TicketState.PENDING:
        return pause
    return replace(pause, end=max(pause.start, now if ticket.resolved_at is None else ticket.resolved_at))


def _is_rest(pause: Pause) -> bool:
    return pause.why == "resolved" and pause.end is None


def _stamped(ticket: Ticket, now: int) -> Ticket:
    """What its state says was done, and nobody stamped. Who opens a ticket again has not begun with it."""
    if ticket.assignee is not None:
        ticket = ticket.stamped("assigned", now)
    if ticket.state is TicketState.IN_PROGRESS and not ticket.reopened:
        ticket = ticket.stamped("begun", now)
    return ticket
