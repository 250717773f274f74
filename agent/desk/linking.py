"""Tickets tied to each other: duplicates, parents and children, related ones; never in a circle."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.engine import Room
from agent.desk.persons import acting
from agent.desk.telling import Telling, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.plan import Step
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState, moved
from config.policies import Policy

DUPLICATE_OF, CHILD_OF, RELATED = "duplicate_of", "child_of", "related"
RELATIONS = (DUPLICATE_OF, CHILD_OF, RELATED)
_WORDS = {DUPLICATE_OF: "a duplicate of", CHILD_OF: "part of", RELATED: "related to"}
_BACK = {DUPLICATE_OF: "has the duplicate", CHILD_OF: "has the part", RELATED: "is related to"}
_LONGEST_CHAIN = 100
_DAEMON = "tocsin"


def current(draft: Draft, ticket: Ticket) -> Ticket:
    """The ticket that goes on with it, when it was merged into another."""
    for _ in range(_LONGEST_CHAIN):
        after = draft.tickets.get(ticket.merged_into) if ticket.merged_into is not None else None
        if after is None:
            return ticket
        ticket = after
    return ticket


def link(draft: Draft, rules: Rulebook, asked: Asked) -> dict[str, Any]:
    """`ticket` is from now on in `relation` to `other`. Raises CannotDo for itself, a second parent, a circle."""
    ticket, other = _pair(draft, asked)
    asked = replace(asked, by=acting(rules, asked))
    relation = asked.choice("relation", RELATIONS) or RELATED
    if _is_tied(ticket, other, relation):
        return _document(ticket, other, relation)
    tied = _tied(draft, ticket, other, relation)
    draft.tickets.put(ticket.number, replace(tied, version=ticket.version + 1))
    if relation == CHILD_OF:
        _put(draft, other, children=(*other.children, ticket.number))
    if relation == RELATED:
        _put(draft, other, related=(*other.related, ticket.number))
    draft.links.append((ticket.number, relation, other.number, asked.now))
    _note(draft, ticket, asked, "linked", f"is {_WORDS[relation]} {other.id}")
    _note(draft, other, asked, "linked", f"{_BACK[relation]} {ticket.id}")
    draft.tell("ticket.linked", ticket=ticket.id, relation=relation, other=other.id, by=asked.by)
    return _document(ticket, other, relation)


def unlink(draft: Draft, rules: Rulebook, asked: Asked) -> dict[str, Any]:
    """The two are tied no more, whichever is which. Raises CannotDo when they are not, or were merged."""
    ticket, other = _pair(draft, asked)
    asked = replace(asked, by=acting(rules, asked))
    if ticket.merged_into == other.number or other.merged_into == ticket.number:
        raise CannotDo("they were merged: that cannot be undone (split what does not belong to it)")
    ties = [(one, relation, two) for one, two in ((ticket, other), (other, ticket))
            for relation in RELATIONS if _is_tied(one, two, relation)]  # fmt: skip
    if not ties:
        raise CannotDo(f"{ticket.id} and {other.id} are not tied")
    for one, relation, two in ties:
        draft.unlinks.append((one.number, relation, two.number))
    _put(draft, ticket, **_without(ticket, other.number))
    _put(draft, other, **_without(other, ticket.number))
    _note(draft, ticket, asked, "unlinked", f"is no longer tied to {other.id}")
    _note(draft, other, asked, "unlinked", f"is no longer tied to {ticket.id}")
    draft.tell("ticket.unlinked", ticket=ticket.id, other=other.id, by=asked.by)
    return {"id": ticket.id, "other": other.id, "relations": sorted({relation for _, relation, _ in ties})}


def open_children(draft: Draft, ticket: Ticket) -> list[Ticket]:
    """Its parts that are neither resolved nor closed."""
    found = [draft.tickets.get(number) for number in ticket.children]
    return [child for child in found if child is not None and child.is_open]


def close_children(draft: Draft, ticket: Ticket, by: str, at: int, *, allowed: bool) -> None:
    """Before a person closes a ticket: its open parts are closed too. Raises CannotDo where that was not asked for."""
    children = open_children(draft, ticket)
    if children and not allowed:
        named = ", ".join(child.id for child in children)
        raise CannotDo(
            f"{ticket.id} has parts that are open: {named} (close them first, or add --with-children)"
        )
    for child in children:
        close_children(draft, child, by, at, allowed=True)
        draft.tickets.put(child.number, moved(child, Move.CLOSE, at, by))
        draft.events.append(
            TicketEvent(child.number, at, by, Move.CLOSE, f"closed with {ticket.id}, its parent")
        )


def has_ties_to(draft: Draft, start: Ticket, wanted: int, step: Callable[[Ticket], int | None]) -> bool:
    """Whether following the step from the start comes to the wanted number."""
    at: Ticket | None = start
    for _ in range(_LONGEST_CHAIN):
        if at is None or at.number == wanted:
            return at is not None
        number = step(at)
        at = draft.tickets.get(number) if number is not None else None
    return True


def _pair(draft: Draft, asked: Asked) -> tuple[Ticket, Ticket]:
    ticket, other = asked.ticket(draft), asked.ticket(draft, "other")
    if ticket.number == other.number:
        raise CannotDo(f"{ticket.id}: a ticket is not tied to itself", usage=True)
    return ticket, other


def _is_tied(ticket: Ticket, other: Ticket, relation: str) -> bool:
    if relation == RELATED:
        return other.number in ticket.related
    return (ticket.parent if relation == CHILD_OF else ticket.duplicate_of) == other.number


def _tied(draft: Draft, ticket: Ticket, other: Ticket, relation: str) -> Ticket:
    if relation == RELATED:
        return replace(ticket, related=(*ticket.related, other.number))
    child = relation == CHILD_OF
    has = ticket.parent if child else ticket.duplicate_of
    if has is not None:
        raise CannotDo(f"{ticket.id} is {_WORDS[relation]} T-{has} already (unlink it from that first)")
    if has_ties_to(draft, other, ticket.number, lambda each: each.parent if child else each.duplicate_of):
        raise CannotDo(f"{other.id} is {_WORDS[relation]} {ticket.id}: that would be a circle")
    return replace(ticket, parent=other.number) if child else replace(ticket, duplicate_of=other.number)


def _without(ticket: Ticket, number: int) -> dict[str, Any]:
    return {
        "parent": None if ticket.parent == number else ticket.parent,
        "duplicate_of": None if ticket.duplicate_of == number else ticket.duplicate_of,
        "children": tuple(each for each in ticket.children if each != number),
        "related": tuple(each for each in ticket.related if each != number),
    }


def _put(draft: Draft, ticket: Ticket, **changes: Any) -> None:
    draft.tickets.put(ticket.number, replace(ticket, version=ticket.version + 1, **changes))


def _note(draft: Draft, ticket: Ticket, asked: Asked, what: str, said: str) -> None:
    draft.events.append(TicketEvent(ticket.number, asked.now, asked.by, what, said))


def _document(ticket: Ticket, other: Ticket, relation: str) -> dict[str, Any]:
    return {"id": ticket.id, "relation": relation, "other": other.id}


def _steps(ticket: Ticket, _policy: Policy) -> Iterable[Step]:
    if ticket.children and ticket.state is TicketState.CLOSED and ticket.closed_at is not None:
        yield Step(ticket.closed_at, f"children:{ticket.reopened}")


def _act(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """Those who work on the parts hear that the whole is closed."""
    for child in open_children(draft, ticket):
        said = f"{ticket.id}, which {child.id} is part of, is closed: look whether {child.id} is still needed"
        draft.events.append(TicketEvent(child.number, now, _DAEMON, "parent", said))
        telling = Telling("parent", f"parent:{ticket.number}:{step.key}", ("assignee",), said)
        told = tell(draft, rules, child, telling, now)
        draft.tell("ticket.parent_closed", ticket=child.id, parent=ticket.id, told=list(told))


ROOM = Room("linking", _steps, _act)
