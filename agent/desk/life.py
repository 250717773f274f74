"""A ticket's life by hand: the moves between its states, the stamps of its stages, and the texts of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from agent.desk import field_words
from agent.desk.asked import Asked, CannotDo, Verb
from agent.desk.document import document, moment
from agent.desk.moments import past
from agent.desk.persons import acting
from agent.desk.tickets import PersonsMove, move_ticket
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.ticket import Move, Ticket, TicketEvent
from checks.masking import secretless
from checks.text import visible
from config.friendly import nearest
from config.policies import Policy, WaitsFor

LONGEST_NOTE = 2000
# Stages that only a person can tell of; the others follow from what is done to the ticket.
STAGES = ("identified", "classified", "investigated", "fixed", "verified", "told", "documented")
_WAITS_FOR = ("reporter", "vendor")
_SHOWN = 200


def _mover(move: Move) -> Verb:
    def verb(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
        return document(_move(draft, rules, asked, move))

    return verb


# `tickets.ack`, `tickets.start` …: arguments ticket, note, version, by; `tickets.pend` also takes `for`.
MOVES: Mapping[str, Verb] = {f"tickets.{move}": _mover(move) for move in Move}


def _move(draft: Draft, rules: Rulebook, asked: Asked, move: Move) -> Ticket:
    ticket, by = asked.ticket(draft), acting(rules, asked)
    note = secretless(asked.lines("note", LONGEST_NOTE))
    waits_for = asked.choice("for", _WAITS_FOR)
    waits: WaitsFor = "vendor" if waits_for == "vendor" else "reporter"
    persons = PersonsMove(move, by, note, waits, with_children=asked.flag("with_children"))
    after = move_ticket(draft, ticket.number, persons, asked.now)
    ending = _policy(draft, rules, ticket).ending
    if move is Move.RESOLVE:
        after = replace(after, fields=_resolved(ticket, note, required=ending.require_resolution))
    elif move is Move.CLOSE and note:
        after = replace(after, fields={**after.fields, "closing_note": note})
    draft.tickets.put(after.number, after)
    return after


def _resolved(ticket: Ticket, note: str, *, required: bool) -> Mapping[str, str]:
    """The fields with what was done. Raises CannotDo where nobody says it."""
    if required and not note and not ticket.fields.get("resolution"):
        raise CannotDo(
            f"{ticket.id} is resolved only with what was done "
            f'(tocsin tickets resolve {ticket.id} --note "…", or set its field resolution)'
        )
    return {**ticket.fields, "resolution": note} if note else ticket.fields


def _policy(draft: Draft, rules: Rulebook, ticket: Ticket) -> Policy:
    return draft.policies.get(ticket.policy) or rules.policy_of(ticket.service, ticket.team)


def stamp(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """`tickets.stamp`: a stage is reached, now or at the moment `at`; the first time counts."""
    ticket, by = asked.ticket(draft), acting(rules, asked)
    stage = asked.choice("stage", STAGES)
    if not stage:
        raise CannotDo(f"stage: is missing (known: {', '.join(STAGES)})", usage=True)
    at = past(asked, "at") or asked.now
    if stage in ticket.stamps:
        raise CannotDo(f"{ticket.id} was {stage} at {moment(ticket.stamps[stage])}: the first time counts")
    after = replace(ticket.stamped(stage, at), version=ticket.version + 1)
    draft.tickets.put(ticket.number, after)
    draft.events.append(TicketEvent(ticket.number, asked.now, by, "stamp", f"{stage} at {moment(at)}"))
    draft.tell("ticket.stamped", ticket=ticket.id, stage=stage, by=by)
    return document(after)


def set_fields(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """`tickets.set`: `changes` are values by the names of fields; an empty value takes a text away."""
    ticket, by = asked.ticket(draft), acting(rules, asked)
    changes = asked.arguments.get("changes")
    if not isinstance(changes, dict) or not changes or not all(isinstance(e, str) for e in changes.values()):
        raise CannotDo("changes: expected values by the names of fields", usage=True)
    after, told = ticket, list[str]()
    for name, value in changes.items():
        before = after
        after = _with(rules, after, _known(name), replace(asked, arguments={name: value}))
        told += _difference(before, after, name)
    if not told:
        return document(ticket)
    after = replace(after, version=ticket.version + 1)
    draft.tickets.put(ticket.number, after)
    draft.events += [TicketEvent(ticket.number, asked.now, by, "set", each) for each in told]
    if "priority" in changes:
        # A step's name stays on the ticket: no rule takes the priority back that a person gave it.
        after = replace(after, steps={**after.steps, field_words.BY_HAND: asked.now})
        draft.tickets.put(ticket.number, after)
    draft.tell("ticket.set", ticket=ticket.id, fields=sorted(changes), by=by)
    return document(after)


def _known(name: str) -> str:
    if name not in field_words.SETTERS:
        shown = visible(name, 60)
        hint = nearest(shown, field_words.SETTERS) or f"known: {', '.join(sorted(field_words.SETTERS))}"
        raise CannotDo(f'unknown field "{shown}" ({hint})', usage=True)
    return name


def _with(rules: Rulebook, ticket: Ticket, name: str, asked: Asked) -> Ticket:
    return field_words.SETTERS[name](rules, ticket, name, asked)


def _difference(before: Ticket, after: Ticket, name: str) -> list[str]:
    """`workaround: "" -> "restart it"`; nothing where nothing changed."""
    old, new = (field_words.value_of(each, name) for each in (before, after))
    if old == new:
        return []
    return [f'{name}: "{visible(old, _SHOWN)}" -> "{visible(new, _SHOWN)}"']
