"""Working together on a draft's ticket: who watches it and hears of its turns, and the sub-tasks beside it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.engine import Room
from agent.desk.persons import acting
from agent.desk.telling import Telling, people, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.parts import SubTask
from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.slo.figures import rfc3339
from config.policies import Policy

_LONGEST = 2000
_MOST_WATCHERS, _MOST_TASKS = 50, 200
_ACTIONS = ("add", "done", "list")
# What watchers hear of, and the moment that says so.
_TURNS = {
    "acknowledged": "acknowledged_at",
    "resolved": "resolved_at",
    "closed": "closed_at",
    "reopened": "reopened_at",
}
_WORDS = {
    "acknowledged": "is taken",
    "resolved": "is resolved",
    "closed": "is closed",
    "reopened": "is open again",
}


def watch(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """Somebody hears of the ticket's turns and messages from now on."""
    ticket, person = asked.ticket(draft), _person(rules, asked)
    if person.lower() in _lowered(ticket):
        return watchers_document(ticket)
    if len(ticket.watchers) >= _MOST_WATCHERS:
        raise CannotDo(f"{ticket.id} has {_MOST_WATCHERS} watchers: no more than that")
    if not people(rules, ticket, (person,)):
        raise CannotDo(
            f'"{person}" has no address (--person takes a member of a team who has one, or an address)',
            usage=True,
        )
    # Turns of before are no news.
    past = {step.key: asked.now for step in _turns(ticket)}
    after = replace(
        ticket,
        watchers=(*ticket.watchers, person),
        steps={**past, **ticket.steps},
        version=ticket.version + 1,
    )
    _changed(draft, after, (acting(rules, asked), asked.now), "watching", f"{person} watches it")
    return watchers_document(after)


def unwatch(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """Somebody hears no more of it."""
    ticket, person = asked.ticket(draft), _person(rules, asked)
    left = tuple(each for each in ticket.watchers if each.lower() != person.lower())
    if len(left) < len(ticket.watchers):
        ticket = replace(ticket, watchers=left, version=ticket.version + 1)
        _changed(draft, ticket, (acting(rules, asked), asked.now), "watching", f"{person} watches it no more")
    return watchers_document(ticket)


def watchers_document(ticket: Ticket) -> dict[str, Any]:
    return {"ticket": ticket.id, "watchers": list(ticket.watchers)}


def task(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """A sub-task is added, or done; either way, all there are."""
    ticket, action = asked.ticket(draft), asked.choice("action", _ACTIONS)
    if action == "add":
        ticket = _added(draft, rules, ticket, asked)
    elif action == "done":
        ticket = _done(draft, rules, ticket, asked)
    return [task_document(each) for each in ticket.sub_tasks]


def task_document(sub_task: SubTask) -> dict[str, Any]:
    """A sub-task as JSON."""
    return {
        "number": sub_task.number,
        "text": sub_task.text,
        "owner": sub_task.owner or None,
        "done_at": None if sub_task.done_at is None else rfc3339(sub_task.done_at),
        "done_by": sub_task.done_by or None,
    }


def _added(draft: Draft, rules: Rulebook, ticket: Ticket, asked: Asked) -> Ticket:
    text, owner = asked.text("text", _LONGEST, needed=True), asked.text("owner")
    if len(ticket.sub_tasks) >= _MOST_TASKS:
        raise CannotDo(f"{ticket.id} has {_MOST_TASKS} sub-tasks: no more than that")
    number = max((each.number for each in ticket.sub_tasks), default=0) + 1
    after = replace(
        ticket,
        sub_tasks=(*ticket.sub_tasks, SubTask(number, text, owner)),
        version=ticket.version + 1,
    )
    said = f"sub-task {number}{f' for {owner}' if owner else ''}: {text}"
    _changed(draft, after, (acting(rules, asked), asked.now), "task", said)
    if owner:
        tell(
            draft,
            rules,
            after,
            Telling("task", f"task:{number}", (owner,), f"{ticket.id}: {said}"),
            asked.now,
        )
    return after


def _done(draft: Draft, rules: Rulebook, ticket: Ticket, asked: Asked) -> Ticket:
    number = asked.number("number")
    known = {each.number: each for each in ticket.sub_tasks}
    if number is None or number not in known:
        numbers = ", ".join(map(str, known)) or "none"
        raise CannotDo(f"{ticket.id} has no sub-task {number} (there are: {numbers})", usage=number is None)
    if known[number].done_at is not None:
        return ticket
    known[number] = replace(known[number], done_at=asked.now, done_by=acting(rules, asked))
    after = replace(ticket, sub_tasks=tuple(known.values()), version=ticket.version + 1)
    _changed(
        draft,
        after,
        (acting(rules, asked), asked.now),
        "task",
        f"sub-task {number} done: {known[number].text}",
    )
    return after


def _changed(draft: Draft, ticket: Ticket, who: tuple[str, int], what: str, text: str) -> None:
    by, at = who
    draft.tickets.put(ticket.number, ticket)
    draft.events.append(TicketEvent(ticket.number, at, by, what, text))
    draft.tell(f"ticket.{what}", ticket=ticket.id, by=by)


def _person(rules: Rulebook, asked: Asked) -> str:
    """Who is named, else who asks; a member by their own name, however it was written."""
    name = asked.text("person") or acting(rules, asked)
    members = (member.name for team in rules.teams.values() for member in team.members)
    return next((each for each in members if each.lower() == name.lower()), name)


def _lowered(ticket: Ticket) -> set[str]:
    return {each.lower() for each in ticket.watchers}


def steps(ticket: Ticket, _policy: Policy) -> Iterator[Step]:
    """The turns that watchers hear of."""
    if ticket.watchers:
        yield from _turns(ticket)


def _turns(ticket: Ticket) -> Iterator[Step]:
    for turn, name in _TURNS.items():
        at = getattr(ticket, name)
        if at is not None:
            again = ticket.reopened if turn != "acknowledged" else 0
            yield Step(at, f"watch:{turn}:{again}")


def act(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """Tell the watchers of a turn."""
    turn = step.key.split(":")[1]
    done = ticket.fields.get("resolution", "") if turn in ("resolved", "closed") else ""
    text = f"{ticket.id} {_WORDS[turn]}." + (f"\n\nWhat was done: {done}" if done else "")
    tell_watchers(draft, rules, ticket, (step.key, text), now)


def tell_watchers(
    draft: Draft, rules: Rulebook, ticket: Ticket, said: tuple[str, str], now: int
) -> tuple[str, ...]:
    """Whoever watches it hears a text with nothing internal, once for each step; `said` is the step and the text."""
    step, text = said
    names = tell(draft, rules, ticket, Telling("watch", step, ("watchers",), text, public=True), now)
    if names:
        draft.tell("ticket.watchers_told", ticket=ticket.id, step=step, told=list(names))
    return names


ROOM = Room("collaborating", steps, act)
