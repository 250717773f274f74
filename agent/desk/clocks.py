"""The desk watches the clocks: who is told when a target is nearly missed, and when it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from agent.desk.telling import Telling, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.breaches import Mark, marks
from alerting.desk.plan import Step
from alerting.desk.text import when
from alerting.desk.ticket import Ticket, TicketEvent
from config.policies import Role
from config.terms import show_term
from config.units import show_duration

DAEMON = "tocsin"
_TOLD: tuple[Role, ...] = ("assignee", "lead")
_DOING = {
    "acknowledge": "acknowledged",
    "respond": "answered to its reporter",
    "assign": "assigned",
    "begin": "begun",
    "answer": "answered by its tier",
    "resolve": "resolved",
}


def act(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """Note a breach, or that one is near, and tell assignee and lead: once for all clocks of the same moment."""
    policy = draft.policies.get(ticket.policy)
    known = () if policy is None else marks(ticket, policy)
    mark = next((each for each in known if each.step == step), None)
    if mark is None:
        return
    if _overtaken(mark, known, now):
        return
    together = [mark] + [
        each for each in known if _goes_with(each, mark) and each.step.key not in ticket.steps
    ]
    noted = {**ticket.steps, **{each.step.key: now for each in together}}
    ticket = replace(ticket, steps=noted)
    draft.tickets.put(ticket.number, ticket)
    _say(draft, rules, ticket, together, now)


def _overtaken(mark: Mark, known: Sequence[Mark], now: int) -> bool:
    """Whether its clock is at a later mark already: nobody is told on Monday what was near on Saturday."""
    later = (each for each in known if each.clock.name == mark.clock.name and each.share > mark.share)
    return any(each.step.at <= now for each in later)


def _goes_with(mark: Mark, other: Mark) -> bool:
    """Of the same moment, and the same news."""
    return mark.step.at == other.step.at and mark.share == other.share and mark.clock.due == other.clock.due


def _say(draft: Draft, rules: Rulebook, ticket: Ticket, together: Sequence[Mark], now: int) -> None:
    first = together[0]
    kind = "breach" if first.is_breach else "foretold"
    said = _sentence(together)
    told: tuple[str, ...] = ()
    if ticket.is_open:
        telling = Telling(
            kind=kind,
            step=first.step.key,
            to=_TOLD,
            text=f"{ticket.id} {said}.",
            subject=f"{_subject(together)}: {ticket.title}",
            falls_back=first.is_breach,
        )
        told = tell(draft, rules, ticket, telling, now)
    to = f"; told {', '.join(told)}" if told else ""
    draft.events.append(TicketEvent(ticket.number, now, DAEMON, kind, f"{said}{to}"))
    for mark in together:
        facts = {
            "clock": mark.clock.name,
            "due": when(mark.clock.due or 0),
            "target": show_term(mark.clock.target),
        }
        draft.tell(f"ticket.{kind}", ticket=ticket.id, **facts, tier=ticket.tier, told=list(told))


def _sentence(together: Sequence[Mark]) -> str:
    """`is late: it was to be resolved within 24h, by 2026-11-21 22:04:05 UTC`."""
    within = ", ".join(
        f"{_DOING[each.clock.name]} within {show_term(each.clock.target)}" for each in together
    )
    first = together[0]
    by = "" if first.clock.due is None else f", by {when(first.clock.due)}"
    if not first.is_breach:
        return f"is {float(first.share * 100):g} % of the way to being late: to be {within}{by}"
    ended = first.clock.ended_at
    if ended is not None and first.clock.due is not None:
        return (
            f"was late by {show_duration((ended - first.clock.due) / 1_000_000)}: it was to be {within}{by}"
        )
    return f"is late: it was to be {within}{by}"


def _subject(together: Sequence[Mark]) -> str:
    names = ", ".join(_DOING[each.clock.name] for each in together)
    return f"late, not {names}" if together[0].is_breach else f"soon late, not {names}"
