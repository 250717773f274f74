"""Follow-ups on a draft: the assignee is reminded, the manager hears what was missed, a delay is told to all sides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.engine import Room
from agent.desk.persons import acting
from agent.desk.telling import Telling, tell
from agent.desk.tickets import DAEMON
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import followup
from alerting.desk.letters import public_title
from alerting.desk.parts import FollowUp
from alerting.desk.plan import Step
from alerting.desk.text import when
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.slo.figures import rfc3339
from checks.masking import secretless
from config.policies import DEFAULT_POLICY
from config.units import YEAR

_SECOND = 1_000_000
_LONGEST_REASON = 2000
_MOST = 100


def heed(draft: Draft) -> None:
    """What people did: whoever wrote to the reporter told them how it stands, and any line answers a reminder.

    What the reporter says is neither.
    """
    for event in draft.events:
        ticket = draft.tickets.get(event.ticket)
        if ticket is None or event.by == DAEMON or _is_reporter(ticket, event.by):
            continue
        after = ticket
        if not event.internal and event.at > (ticket.heard_at or 0):
            after = replace(after, heard_at=event.at)
        open_ones = [each for each in followup.waiting(ticket) if each.due_at <= event.at]
        answered = [each.number for each in open_ones if followup.reminded(ticket, each)]
        if answered:
            after = followup.with_done(after, answered, event.by, event.at)
        if after is not ticket:
            draft.tickets.put(ticket.number, after)


def _is_reporter(ticket: Ticket, by: str) -> bool:
    return ticket.reporter is not None and by in (ticket.reporter.name, ticket.reporter.email)


def act(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """Plan, remind, or note that it was missed."""
    what, about = followup.of_step(ticket, step.key)
    policy = draft.policies.get(ticket.policy) or DEFAULT_POLICY
    if what == "plan":
        draft.tickets.put(ticket.number, replace(ticket, follow_ups=followup.replanned(ticket, policy)))
    elif about is not None and what == "remind":
        _remind(draft, rules, ticket, about, (step, now))
    elif about is not None:
        _miss(draft, rules, ticket, about, (step, now))


def _remind(draft: Draft, rules: Rulebook, ticket: Ticket, about: FollowUp, of: tuple[Step, int]) -> None:
    step, now = of
    lines = [
        f"Follow-up {about.number} of {ticket.id} is due: {about.reason or 'look again'}.",
        f"{ticket.title}",
        f"State {ticket.state}, priority {ticket.priority}, tier {ticket.tier}."
        + (f" To be resolved by {when(ticket.sure_due['resolve'])}." if "resolve" in ticket.sure_due else ""),
        "",
        f"Say what was done with `tocsin tickets follow-up {ticket.id} --done`, or that it takes longer with "
        f"`tocsin tickets delay {ticket.id}`.",
    ]
    telling = Telling("follow_up", step.key, _whose(ticket), "\n".join(lines), f"Follow-up: {ticket.title}")
    names = tell(draft, rules, ticket, telling, now)
    said = f"follow-up {about.number} is due: {about.reason or 'look again'}; reminded: {_named(names)}"
    _note(draft, ticket, (DAEMON, now), said)
    draft.tell("ticket.follow_up_due", ticket=ticket.id, follow_up=about.number, told=list(names))


def _miss(draft: Draft, rules: Rulebook, ticket: Ticket, about: FollowUp, of: tuple[Step, int]) -> None:
    step, now = of
    missed = replace(followup.with_missed(ticket, about.number), version=ticket.version + 1)
    draft.tickets.put(ticket.number, missed)
    text = (
        f"Follow-up {about.number} of {ticket.id} ({ticket.title}) was due {when(about.due_at)} and was not done. "
        f"It is with {ticket.assignee or 'nobody'}."
    )
    telling = Telling("follow_up_missed", step.key, ("manager",), text, f"Follow-up missed: {ticket.title}")
    names = tell(draft, rules, ticket, telling, now)
    said = f"follow-up {about.number} was missed, due {when(about.due_at)}; told: {_named(names)}"
    _note(draft, ticket, (DAEMON, now), said)
    draft.tell("ticket.follow_up_missed", ticket=ticket.id, follow_up=about.number, told=list(names))


def follow_up(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """A further follow-up `at` a moment or after so many seconds (`lasts`); or one, else all that are due, `done`."""
    ticket, asked = _open(asked.ticket(draft)), replace(asked, by=acting(rules, asked))
    if asked.flag("done"):
        return _done(draft, ticket, asked)
    at = _moment(asked, "at")
    reason = secretless(asked.lines("reason", _LONGEST_REASON))
    if len(ticket.follow_ups) >= _MOST:
        raise CannotDo(f"{ticket.id} has {_MOST} follow-ups already")
    after = replace(followup.with_follow_up(ticket, at, reason), version=ticket.version + 1)
    draft.tickets.put(ticket.number, after)
    number = after.follow_ups[-1].number
    _note(draft, ticket, (asked.by, asked.now), f"follow-up {number} at {when(at)}{_because(reason)}")
    draft.tell("ticket.follow_up_set", ticket=ticket.id, follow_up=number, by=asked.by)
    return document(after)


def _done(draft: Draft, ticket: Ticket, asked: Asked) -> Any:
    waiting = followup.waiting(ticket)
    number = asked.number("number")
    chosen = [each.number for each in waiting if each.number == number]
    if number is None:
        due = [each.number for each in waiting if each.due_at <= asked.now]
        chosen = due or [each.number for each in waiting[:1]]
    if not chosen:
        named = "no follow-up waits" if number is None else f"no follow-up {number} waits"
        raise CannotDo(f"{named} on {ticket.id}")
    after = followup.with_done(ticket, chosen, asked.by, asked.now)
    draft.tickets.put(ticket.number, replace(after, version=ticket.version + 1))
    reason = secretless(asked.lines("reason", _LONGEST_REASON))
    listed = ", ".join(map(str, chosen))
    _note(draft, ticket, (asked.by, asked.now), f"follow-up {listed} done{_because(reason)}")
    draft.tell("ticket.follow_up_done", ticket=ticket.id, follow_ups=chosen, by=asked.by)
    return document(replace(after, version=ticket.version + 1))


def delay(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """It takes longer: `reason` and the new estimate (`until`, or `lasts`), told to the reporter and the manager."""
    ticket, asked = _open(asked.ticket(draft)), replace(asked, by=acting(rules, asked))
    reason = secretless(asked.lines("reason", _LONGEST_REASON, needed=True))
    until = _moment(asked, "until")
    if len(ticket.follow_ups) >= _MOST:
        raise CannotDo(f"{ticket.id} has {_MOST} follow-ups already")
    after = followup.delayed(ticket, until, reason, asked.by, asked.now)
    after = replace(after, version=ticket.version + 1)
    number = after.follow_ups[-1].number
    said = f"takes longer than we thought: {reason}\n\nIt is expected by {when(until)}."
    telling = Telling(
        "delay", f"delay:{number}", ("reporter", "manager"), f"{ticket.id} ({ticket.title}) {said}",
        f"Delayed: {ticket.title}", outside=f"{ticket.id} ({public_title(ticket)}) {said}",
    )  # fmt: skip
    names = tell(draft, rules, after, telling, asked.now)
    draft.tickets.put(ticket.number, after)
    told = f"delayed until {when(until)}: {reason}"
    draft.events.append(TicketEvent(ticket.number, asked.now, asked.by, "delay", told, internal=False))
    draft.tell("ticket.delayed", ticket=ticket.id, by=asked.by, told=list(names))
    return document(after)


def _moment(asked: Asked, name: str) -> int:
    """A moment to come, at most a year away, or after so many seconds. Raises CannotDo."""
    at, lasts = asked.number(name), asked.arguments.get("lasts")
    if lasts is not None and (not isinstance(lasts, (int, float)) or isinstance(lasts, bool)):
        raise CannotDo("lasts: expected seconds", usage=True)
    if (at is None) == (lasts is None):
        raise CannotDo(f"{name}: say when, as a moment or as a time from now", usage=True)
    if lasts is not None:
        at = asked.now + round(lasts * _SECOND) if 0 < lasts <= YEAR else asked.now
    assert at is not None
    if not asked.now < at <= asked.now + round(YEAR * _SECOND):
        raise CannotDo(f"{name}: expected a moment to come, at most a year away", usage=True)
    return at


def document(ticket: Ticket) -> dict[str, Any]:
    """A ticket's follow-ups as JSON."""
    return {
        "id": ticket.id,
        "version": ticket.version,
        "follow_ups": [follow_up_document(each) for each in ticket.follow_ups],
    }


def follow_up_document(each: FollowUp) -> dict[str, Any]:
    """One follow-up as JSON."""
    return {
        "number": each.number,
        "due_at": rfc3339(each.due_at),
        "reason": each.reason,
        "estimate": None if each.estimate is None else rfc3339(each.estimate),
        "done_at": None if each.done_at is None else rfc3339(each.done_at),
        "done_by": each.done_by or None,
        "missed": each.missed,
    }


def _open(ticket: Ticket) -> Ticket:
    if not ticket.is_open:
        raise CannotDo(f"{ticket.id} is {ticket.state}: only an open ticket has follow-ups")
    return ticket


def _whose(ticket: Ticket) -> tuple[str, ...]:
    return ("assignee",) if ticket.assignee else ("lead",)


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody, for nobody has an address"


def _note(draft: Draft, ticket: Ticket, by: tuple[str, int], text: str) -> None:
    who, at = by
    draft.events.append(TicketEvent(ticket.number, at, who, "follow_up", text))


ROOM = Room("following_up", followup.steps, act)
VERBS = {"tickets.follow_up": follow_up, "tickets.delay": delay}
