"""The desk at work: for each ticket that changed, or is due, the steps that nobody has to ask for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from agent.desk.keeping import kept
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.plan import Step, Steps, first
from alerting.desk.ticket import Ticket, TicketEvent
from config.policies import Policy

log = structlog.get_logger()
_MOST_STEPS = 100
_MOST_ROUNDS = 20
# More of what is due would keep the checks waiting: the rest follows in transactions of its own.
_AT_ONCE = 100
# When a ticket is looked at again that the desk failed at.
_AGAIN = 60 * 1_000_000

# Does a step on the draft; it is noted on the ticket already. The ticket is as the draft has it.
Act = Callable[[Draft, Rulebook, Ticket, Step, int], None]


@dataclass(frozen=True, slots=True)
class Room:
    """A part of the desk that does something by itself: what is to come for a ticket, and how it is done."""

    name: str
    steps: Steps
    act: Act


def work(draft: Draft, rules: Rulebook, rooms: Sequence[Room], now: int) -> None:
    """What is due by now, the oldest first; what a step changes of other tickets is seen to as well."""
    for _ in range(_MOST_ROUNDS):
        numbers = [n for n, ticket in draft.tickets.changed.items() if draft.worked.get(n) is not ticket]
        if draft.desk_sweep:
            due = _due(draft, now)
            numbers += due[:_AT_ONCE]
            draft.desk_sweep, draft.desk_left = False, len(due) > _AT_ONCE
        if not numbers:
            return
        for number in dict.fromkeys(sorted(numbers)):
            _work_or_give_up(draft, rules, rooms, number, now)


def _due(draft: Draft, now: int) -> list[int]:
    """Those whose moment has come, the oldest first; of those never looked at nobody knows."""
    found = []
    for number in draft.tickets.keys():  # noqa: SIM118  (a Layer is no dict)
        at = draft.desk_due.get(number)
        if (at is not None and at <= now) or (at is None and number not in draft.desk_due):
            found.append((at or 0, number))
    return [number for _, number in sorted(found)]


def _work_or_give_up(draft: Draft, rules: Rulebook, rooms: Sequence[Room], number: int, now: int) -> None:
    """A ticket that the desk cannot make anything of keeps it from no other."""
    try:
        _work(draft, rules, rooms, number, now)
    except Exception:
        log.exception("desk.ticket_failed", ticket=f"T-{number}", again_in=_AGAIN // 1_000_000)
        draft.desk_due.put(number, now + _AGAIN)
        last = draft.tickets.get(number)
        if last is not None:
            draft.worked[number] = last


def _work(draft: Draft, rules: Rulebook, rooms: Sequence[Room], number: int, now: int) -> None:
    ticket = draft.tickets.get(number)
    if ticket is None:
        return
    for _ in range(_MOST_STEPS):
        ticket, policy = _kept(draft, rules, number, now)
        step, room = _next(rooms, ticket, policy)
        if step is None or room is None or step.at > now:
            draft.desk_due.put(number, None if step is None else step.at)
            break
        draft.tickets.put(number, replace(ticket, steps={**ticket.steps, step.key: now}))
        try:
            room.act(draft, rules, draft.tickets.get(number) or ticket, step, now)
        except Exception:
            log.exception("desk.step_failed", ticket=ticket.id, room=room.name, step=step.key)
            said = f"the desk failed at {step.key}: its log says how"
            draft.events.append(TicketEvent(number, now, "tocsin", "fault", said))
    else:
        log.error("desk.too_many_steps", ticket=ticket.id, again_in=_AGAIN // 1_000_000)
        draft.desk_due.put(number, now + _AGAIN)
    last = draft.tickets.get(number)
    if last is not None:
        draft.worked[number] = last


def _kept(draft: Draft, rules: Rulebook, number: int, now: int) -> tuple[Ticket, Policy]:
    before = draft.tickets.get(number)
    assert before is not None
    ticket, policy = kept(draft, rules, before, now)
    if ticket is not before and ticket != before:
        draft.tickets.put(number, ticket)
        return ticket, policy
    return before, policy


def _next(rooms: Sequence[Room], ticket: Ticket, policy: Policy) -> tuple[Step | None, Room | None]:
    """The earliest step that is still to come, and the room that does it."""
    earliest: Step | None = None
    whose: Room | None = None
    for room in rooms:
        step = first(room.steps(ticket, policy), ticket)
        if step is not None and (earliest is None or step < earliest):
            earliest, whose = step, room
    return earliest, whose
