"""The end of tickets on a draft: reporters are asked and answer, and what stayed well is closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from agent.desk import surveying
from agent.desk.asked import Asked, CannotDo, Verb
from agent.desk.engine import Room
from agent.desk.one_time import OneTime, made
from agent.desk.persons import acting
from agent.desk.telling import Telling, tell
from agent.desk.tickets import DAEMON
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import ending, updates
from alerting.desk.letters import public_title
from alerting.desk.parts import Ask
from alerting.desk.plan import Step
from alerting.desk.root_cause import lacks_root_cause
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState, moved
from alerting.incidents.incident import Turn
from checks.masking import masked, secretless
from config.policies import DEFAULT_POLICY, Policy
from config.units import MINUTE

_LONGEST, _SECOND = 2000, 1_000_000
# Of a service that is no more.
_WATCH = 15 * MINUTE
# So many are closed at once at most; the others a few seconds later.
_MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reporter says of a resolved ticket, and whose word that is."""

    satisfied: bool
    text: str
    by: str


def close_watched(draft: Draft, rules: Rulebook, now: int) -> None:
    """Close the tickets of incidents that were resolved `watch_for` ago, when no incident is open or watched."""
    resolved = [
        each
        for each in draft.tickets.values()
        if each.state is TicketState.RESOLVED and ending.watched(each) and each.merged_into is None
    ]
    if not resolved:
        return
    held = {incident.ticket for incident in draft.incidents.values() if incident.holds_key}
    over = (
        each
        for each in resolved
        if each.number not in held
        and _watched_until(rules, each) <= now
        and lacks_root_cause(each, _policy(draft, each)) is None
    )
    for ticket in islice(over, _MOST_AT_ONCE):
        _close(draft, ticket, ending.WATCHED, now)


def _watched_until(rules: Rulebook, ticket: Ticket) -> int:
    """What a person resolved, or what nobody looks at any more, is given as long as a recovery."""
    service = rules.services.get(ticket.service)
    watch_for = _WATCH if service is None else service.watch_for
    return (ticket.resolved_at or 0) + round(watch_for * _SECOND)


def act(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """Ask, ask again, close, or tell the reporter how it stands."""
    what, _, rest = step.key.partition(":")
    if what == "close":
        _close(draft, ticket, ending.outcome(ticket), now)
    elif what == "farewell":
        _farewell(draft, rules, ticket, step, now)
    elif what == "reopened" and rules.notices:
        text = ending.opened_again(ticket, updates.expected(ticket, now))
        _write(draft, rules, ticket, Telling("reopened", step.key, ("reporter",), text), now)
    elif rest.endswith("again"):
        _ask_again(draft, rules, ticket, step, now)
    elif what == "ask":
        _ask(draft, rules, ticket, step, now)


def _ask(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    policy = _policy(draft, ticket)
    asks = policy.ending.ask_reporter
    once = made(rules, ticket) if asks else OneTime()
    survey = surveying.begun(rules, ticket, policy, "resolved", now) if _reachable(rules, ticket) else None
    after = ticket if survey is None else replace(ticket, survey=survey.kept)
    if asks:
        after = replace(after, ask=Ask(now, once.digest), version=ticket.version + 1)
    draft.tickets.put(ticket.number, after)
    if survey is None:
        if asks:
            _ask_by_hand(draft, rules, ticket, step, now)
        return
    links = ending.Links(once.link, survey.link)
    text = ending.asking(ticket, policy, links) if asks else ending.told(ticket, links)
    kind = "ask" if asks else "resolved"
    _write(
        draft,
        rules,
        ticket,
        Telling(kind, step.key, ("reporter",), text, f"Resolved: {public_title(ticket)}"),
        now,
    )


def _reachable(rules: Rulebook, ticket: Ticket) -> bool:
    """Whether the reporter can be written to."""
    return bool(rules.notices) and updates.has_address(ticket)


def _ask_by_hand(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """Somebody has to call."""
    reporter = ticket.reporter
    who = " ".join(filter(None, (reporter.name, reporter.phone))) if reporter else "the reporter"
    text = (
        f"{ticket.id} ({ticket.title}) is resolved, and {who} cannot be written to. Ask whether it is mended, "
        f"and say so: tocsin tickets confirm {ticket.id} --satisfied"
    )
    to = ("assignee",) if ticket.assignee else ("lead",)
    names = tell(draft, rules, ticket, Telling("ask", step.key, to, text), now)
    said = f"the reporter cannot be written to: to be asked by hand; told: {', '.join(names) or 'nobody'}"
    draft.events.append(TicketEvent(ticket.number, now, DAEMON, "ask", said))
    draft.tell("ticket.to_be_asked", ticket=ticket.id, told=list(names))


def _ask_again(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    ask = ending.current(ticket)
    if ask is None:
        return
    once = made(rules, ticket)
    draft.tickets.put(ticket.number, replace(ticket, ask=replace(ask, token_again=once.digest)))
    text = ending.asking_again(ticket, once.link)
    telling = Telling("ask", step.key, ("reporter",), text, f"Is it mended? {public_title(ticket)}")
    _write(draft, rules, ticket, telling, now)


def _farewell(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    if not rules.notices:
        return
    survey = surveying.begun(rules, ticket, _policy(draft, ticket), "closed", now)
    if survey.kept is not ticket.survey:
        draft.tickets.put(ticket.number, replace(ticket, survey=survey.kept))
    text = ending.farewell(ticket, ending.Links(survey=survey.link))
    _write(
        draft,
        rules,
        ticket,
        Telling("closed", step.key, ("reporter",), text, f"Closed: {public_title(ticket)}"),
        now,
    )


def _write(draft: Draft, rules: Rulebook, ticket: Ticket, telling: Telling, now: int) -> None:
    """A message to the reporter, and that it was written; what it says may hold a link, so it stands nowhere else."""
    names = tell(draft, rules, ticket, replace(telling, text=_clean(telling.text)), now)
    said = {
        "ask": "the reporter is asked whether it is mended",
        "resolved": "the reporter is told that it is resolved",
        "closed": "the reporter is told that it is closed",
        "reopened": "the reporter is told that it was opened again",
    }[telling.kind]
    draft.events.append(TicketEvent(ticket.number, now, DAEMON, telling.kind, said, internal=False))
    draft.tell("ticket.told_reporter", ticket=ticket.id, what=telling.kind, told=len(names))


def _clean(text: str) -> str:
    """Without secrets, but for the line of the link."""
    return "\n".join(line if _is_link(line) else secretless(line) for line in text.split("\n"))


def _is_link(line: str) -> bool:
    return line.startswith(("http://", "https://")) and "/t/" in line and " " not in line


def _close(draft: Draft, ticket: Ticket, outcome: str, now: int) -> None:
    after = moved(ticket, Move.CLOSE, now, DAEMON)
    after = replace(after, fields={**after.fields, "outcome": outcome})
    draft.tickets.put(ticket.number, after)
    if not _said(draft, ticket):
        draft.events.append(
            TicketEvent(ticket.number, now, DAEMON, "ended", f"closed: {outcome}", internal=False)
        )
    draft.tell("ticket.closed", ticket=ticket.id, reason=outcome)


def _said(draft: Draft, ticket: Ticket) -> bool:
    """Whether its incident's watch ended at this moment: that line says it already."""
    return any(each.ticket == ticket.number and each.what == Turn.WATCH_ENDED for each in draft.events)


def confirm(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """What the reporter says, entered by whoever heard it: `satisfied` (true or false) and a `text`."""
    ticket = asked.ticket(draft)
    said = asked.arguments.get("satisfied")
    if not isinstance(said, bool):
        raise CannotDo("satisfied: expected true or false", usage=True)
    answer = Answer(said, masked(asked.lines("text", _LONGEST)), acting(rules, asked))
    return answered(draft, rules, ticket, answer, asked.now)


def answered(draft: Draft, rules: Rulebook, ticket: Ticket, answer: Answer, now: int) -> dict[str, Any]:
    """The ticket as the reporter's answer leaves it. Raises CannotDo where there is nothing to be answered."""
    over = ticket.state is TicketState.CLOSED and not answer.satisfied
    if ticket.merged_into is not None or (ticket.state is not TicketState.RESOLVED and not over):
        hint = "it is closed already" if ticket.state is TicketState.CLOSED else "resolve it first"
        raise CannotDo(f"{ticket.id} is {ticket.state}: nothing is to be confirmed ({hint})")
    ask = ending.current(ticket) or Ask(now, "")
    ask = replace(ask, answered_at=now, satisfied=answer.satisfied, text=answer.text)
    after = replace(ticket, ask=ask, version=ticket.version + 1)
    if answer.text:
        after = replace(after, fields={**after.fields, "feedback": answer.text})
    word = "confirmed that it is mended" if answer.satisfied else "is not satisfied"
    said = f"the reporter {word}{f': {answer.text}' if answer.text else ''}"
    draft.events.append(TicketEvent(ticket.number, now, answer.by, "confirm", said, internal=False))
    draft.tell("ticket.confirmed", ticket=ticket.id, satisfied=answer.satisfied, by=answer.by)
    if answer.satisfied:
        after = replace(after, unhappy=False).stamped("confirmed", now)
        draft.tickets.put(ticket.number, after)
    else:
        after = _unsatisfied(draft, rules, after, answer, now)
    return document(after)


def _unsatisfied(draft: Draft, rules: Rulebook, ticket: Ticket, answer: Answer, now: int) -> Ticket:
    """By the policy it is opened again, which makes it rise, or whoever had it is to help."""
    assist = _policy(draft, ticket).ending.on_unsatisfied == "assist"
    after = ticket if assist else replace(moved(ticket, Move.REOPEN, now, answer.by), unhappy=True)
    draft.tickets.put(ticket.number, after)
    what = "Please help: it stays resolved." if assist else "It was opened again."
    text = f"The reporter of {ticket.id} ({ticket.title}) is not satisfied. {what}\n\n{answer.text}".rstrip()
    # Nobody is told twice of one answer, but of a later one anew.
    telling = Telling("unhappy", f"unhappy:{now}", ("assignee",) if ticket.assignee else ("lead",), text)
    tell(draft, rules, after, telling, now)
    if not assist:
        said = "opened again, for the reporter is not satisfied"
        draft.events.append(TicketEvent(ticket.number, now, DAEMON, "reopen", said, internal=False))
    return after


def document(ticket: Ticket) -> dict[str, Any]:
    """What a command prints of a ticket that its reporter spoke of."""
    ask = ending.current(ticket) or ticket.ask
    return {
        "id": ticket.id,
        "state": ticket.state.value,
        "version": ticket.version,
        "satisfied": None if ask is None else ask.satisfied,
        "text": "" if ask is None else ask.text,
    }


def _policy(draft: Draft, ticket: Ticket) -> Policy:
    return draft.policies.get(ticket.policy) or DEFAULT_POLICY


ROOM = Room("ending", ending.steps, act)
VERBS: Mapping[str, Verb] = {"tickets.confirm": confirm}
