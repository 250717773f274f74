"""The root cause record on a draft: written by people, asked for before closing, its actions reminded of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.desk.asked import Asked, CannotDo
from agent.desk.engine import Room
from agent.desk.persons import acting
from agent.desk.telling import Telling, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.fields import CAUSES, LONG
from alerting.desk.parts import Action, RootCause
from alerting.desk.plan import Step
from alerting.desk.root_cause import (
    NEEDED,
    Said,
    action_of,
    lacks_root_cause,
    missing_from,
    needs_root_cause,
    open_actions,
    recorded,
)
from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from alerting.slo.figures import rfc3339
from config.policies import DEFAULT_POLICY, Policy
from config.units import HOUR

_SECOND = 1_000_000
_LINE = 2000
# Hours from its resolving on until who has the ticket is told that it waits for its record; later the lead as well.
# Each once for a ticket, however often it is opened again: what comes and goes would fill its timeline.
_REMINDERS = (1, 24, 72, 168)
_DAEMON = "tocsin"


def lacking(draft: Draft, ticket: Ticket) -> str | None:
    """Why the ticket cannot be closed yet for want of a record, with what helps; None when it can be."""
    policy = draft.policies.get(ticket.policy) or DEFAULT_POLICY
    reason = lacks_root_cause(ticket, policy)
    if reason is None:
        return None
    options = " ".join(f"--{_OPTIONS.get(name, name)} …" for name in missing_from(ticket.root_cause))
    return f"{reason} (write it with `tocsin tickets rca {ticket.id} {options}`)"


_OPTIONS = {"factors": "factor"}


def root_cause(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """Write into the record of a ticket, or read it where nothing is said."""
    ticket = asked.ticket(draft)
    said = _said(asked)
    if said == Said():
        return record_document(ticket, _policy(draft, rules, ticket))
    by = acting(rules, asked)
    try:
        record = recorded(ticket.root_cause, said, by, asked.now)
    except ValueError as error:
        raise CannotDo(str(error), usage=True) from None
    after = replace(ticket, root_cause=record, version=ticket.version + 1)
    if not missing_from(record):
        after = after.stamped("documented", asked.now)
    draft.tickets.put(ticket.number, after)
    _note(draft, ticket, by, asked.now, _what(said, record))
    draft.tell("ticket.root_cause", ticket=ticket.id, by=by, missing=list(missing_from(record)))
    return record_document(after, _policy(draft, rules, after))


def _policy(draft: Draft, rules: Rulebook, ticket: Ticket) -> Policy:
    return draft.policies.get(ticket.policy) or rules.policy_of(ticket.service, ticket.team)


def _said(asked: Asked) -> Said:
    try:
        actions = tuple(action_of(each) for each in _texts(asked, "actions"))
    except ValueError as error:
        raise CannotDo(f"action: {error}", usage=True) from None
    return Said(
        cause=asked.lines("cause", LONG),
        kind=asked.choice("kind", CAUSES),
        segment=asked.text("segment", _LINE),
        fix=asked.lines("fix", LONG),
        prevention=asked.lines("prevention", LONG),
        factors=_texts(asked, "factors"),
        actions=actions,
        done=asked.number("done"),
    )


def _texts(asked: Asked, name: str) -> tuple[str, ...]:
    """A list of texts, each a line."""
    asked.names(name)
    listed = asked.arguments.get(name) or ()
    return tuple(replace(asked, arguments={name: each}).text(name, _LINE, needed=True) for each in listed)


def _what(said: Said, record: RootCause) -> str:
    if said.done is not None and said == Said(done=said.done):
        return f"follow-up action done: {record.actions[said.done - 1].text}"
    missing = missing_from(record)
    return f"root cause recorded: {record.cause or 'not known yet'}" + (
        f" (still missing: {', '.join(missing)})" if missing else ""
    )


def _note(draft: Draft, ticket: Ticket, by: str, at: int, text: str) -> None:
    draft.events.append(TicketEvent(ticket.number, at, by, "root_cause", text))


def record_document(ticket: Ticket, policy: Policy) -> dict[str, Any]:
    """A ticket's record as JSON, and whether it is needed before the ticket is closed."""
    record = ticket.root_cause
    actions = record.actions if record is not None else ()
    return {
        "ticket": ticket.id,
        "needed": needs_root_cause(ticket, policy),
        "missing": list(missing_from(record)),
        "at": rfc3339(record.at) if record else None,
        "by": record.by if record else None,
        "cause": record.cause if record else "",
        "kind": record.kind if record else "",
        "segment": record.segment if record else "",
        "factors": list(record.factors) if record else [],
        "fix": record.fix if record else "",
        "prevention": record.prevention if record else "",
        "actions": [action_document(ticket, place, each) for place, each in enumerate(actions, 1)],
    }


def action_document(ticket: Ticket, place: int, action: Action) -> dict[str, Any]:
    """A follow-up action as JSON."""
    return {
        "ticket": ticket.id,
        "number": place,
        "text": action.text,
        "owner": action.owner,
        "due": action.due,
        "done": action.done,
    }


def steps(ticket: Ticket, policy: Policy) -> Iterator[Step]:
    """Reminders of a record that a resolved ticket lacks, and of actions on the day on which they are due."""
    resolved = ticket.resolved_at if ticket.state is TicketState.RESOLVED else None
    if resolved is not None and lacks_root_cause(ticket, policy) is not None:
        for place, hours in enumerate(_REMINDERS, 1):
            yield Step(resolved + _microseconds(hours), f"rca:{place}")
    for place, action in open_actions(ticket):
        yield Step(_begins(action.due, policy), f"action:{place}:{action.due}")


def _microseconds(hours: int) -> int:
    return round(hours * HOUR * _SECOND)


def _begins(day: str, policy: Policy) -> int:
    """The beginning of a day where the policy's calendar is, else in UTC."""
    zone = ZoneInfo(policy.calendar.zone) if policy.calendar is not None else UTC
    return round(datetime.fromisoformat(day).replace(tzinfo=zone).timestamp()) * _SECOND


def act(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """Remind of what the step is about."""
    kind, _, rest = step.key.partition(":")
    if kind == "action":
        _remind_of_action(draft, rules, ticket, int(rest.partition(":")[0]), (step, now))
        return
    place = int(rest)
    if _is_stale(step, place, now):
        return
    to = ["assignee"] if ticket.assignee else []
    to += ["lead"] if place > 1 or not to else []
    missing = ", ".join(missing_from(ticket.root_cause)) or ", ".join(NEEDED)
    text = f"{ticket.id} is resolved and waits for the record of its root cause: {missing} missing."
    names = tell(draft, rules, ticket, Telling("root_cause", step.key, tuple(to), text), now)
    _note(draft, ticket, _DAEMON, now, f"record of the root cause is missing; told: {_named(names)}")
    draft.tell("ticket.root_cause_missing", ticket=ticket.id, told=list(names))


def _is_stale(step: Step, place: int, now: int) -> bool:
    """Whether the next reminder is due as well: after an absence of the daemon one is enough."""
    later = _REMINDERS[place : place + 1]
    return any(step.at + _microseconds(hours - _REMINDERS[place - 1]) <= now for hours in later)


def _remind_of_action(
    draft: Draft, rules: Rulebook, ticket: Ticket, place: int, of: tuple[Step, int]
) -> None:
    step, now = of
    action = ticket.root_cause.actions[place - 1] if ticket.root_cause else None
    if action is None:
        return
    text = f"A follow-up action of {ticket.id} is due today, {action.due}: {action.text}"
    names = tell(draft, rules, ticket, Telling("action", step.key, (action.owner, "lead"), text), now)
    said = f"follow-up action due: {action.text} ({action.owner}); told: {_named(names)}"
    _note(draft, ticket, _DAEMON, now, said)
    draft.tell("ticket.action_due", ticket=ticket.id, action=place, told=list(names))


def _named(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nobody"


ROOM = Room("recording", steps, act)
