"""A ticket with all that is kept of it, as JSON; and the inverse, for whoever is told of it by a daemon elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, TypeVar

from agent.desk.document import attachment_document, document, event_document
from agent.store.decisions import Link
from agent.store.reader import Reader
from agent.views.explained_incident import link_document
from agent.views.incidents import member_document
from alerting.desk.attachment import Attachment
from alerting.desk.parts import Escalation, FollowUp, Pause, Reporter, SubTask, VendorCase
from alerting.desk.ticket import Ticket, TicketEvent, TicketState, parse_id
from alerting.incidents.problem import Member
from alerting.outgoing import Outgoing
from alerting.slo.periods import micros
from checks.base import Status

Document = Mapping[str, Any]
Part = TypeVar("Part")
_MOMENTS = frozenset(
    {"at", "since", "until", "start", "end", "due_at", "done_at", "ended_at", "estimate", "expected", "opened_at",
     "acknowledged_at", "resolved_at", "closed_at", "reopened_at", "clocks_still_since"}
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Whole:
    """A ticket and what is around it."""

    ticket: Ticket
    events: tuple[TicketEvent, ...]
    attachments: tuple[Attachment, ...]
    members: tuple[Member, ...]
    links: tuple[Link, ...]


def mirrors(store: Reader) -> dict[int, list[Outgoing]]:
    """What other helpdesks hold, by the numbers of our tickets."""
    found: dict[int, list[Outgoing]] = {}
    for entry in store.outbox():
        found.setdefault(entry.ticket, []).append(entry)
    return found


def whole_document(store: Reader, ticket: Ticket) -> dict[str, Any]:
    """The contract's object of a ticket, with its timeline, its files, its ties, and what its incidents affect."""
    number, decisions = ticket.number, store.decisions()
    incidents = [each.id for each in decisions.of_ticket(number)]
    members = decisions.members(incidents)
    return {
        **document(ticket, mirrors(store).get(number, ())),
        "description": ticket.description,
        "timeline": [event_document(each) for each in store.timeline(number)],
        "affected": [member_document(each) for name in incidents for each in members.get(name, ())],
        "links": [link_document(each) for each in decisions.links(number)],
        "attachments": [attachment_document(each) for each in store.attachments(number)],
    }


def whole_of(told: Document) -> Whole:
    """The inverse of `whole_document`, as far as it is shown."""
    ticket = ticket_of(told)
    number = {"ticket": ticket.number}
    return Whole(
        ticket,
        tuple(_part(TicketEvent, {**each, **number}) for each in told["timeline"]),
        tuple(_part(Attachment, {**each, **number}) for each in told["attachments"]),
        tuple(map(_member, told["affected"])),
        tuple(Link(each["relation"], _number(each["ticket"]) or 0, _at(each["at"]) or 0) for each in told["links"]),
    )  # fmt: skip


def ticket_of(told: Document) -> Ticket:
    """The inverse of a ticket's document, as far as it is shown."""
    parts = {"pauses": Pause, "sub_tasks": SubTask, "follow_ups": FollowUp, "escalations": Escalation}
    found: dict[str, Any] = {
        **told,
        **{name: tuple(_part(sort, each) for each in told[name]) for name, sort in parts.items()},
        "number": _number(told["id"]),
        "state": TicketState(told["state"]),
        "service": told["service"] or "",
        "check": told["check"] or "",
        "category": told["category"] or "",
        "description": told.get("description", ""),
        "merged_into": _number(told["merged_into"]),
        "reporter": None if told["reporter"] is None else _part(Reporter, told["reporter"]),
        "vendor": None if told["vendor"] is None else _part(VendorCase, told["vendor"]),
        "due": {name: _at(at) for name, at in told["due"].items()},
        "stamps": {name: _at(at) for name, at in told["stamps"].items()},
        "still_since": _at(told["clocks_still_since"]),
        "watchers": tuple(told["watchers"]),
    }
    return _part(Ticket, {name: each for name, each in found.items() if name not in _LEFT_OUT})


# Of these a ticket's page shows nothing, or shows them otherwise.
_LEFT_OUT = frozenset(
    {"duplicate_of", "parent", "children", "related", "known_issue", "alarm", "root_cause", "ask", "survey", "steps"}
)  # fmt: skip


def _member(told: Document) -> Member:
    return _part(Member, {**told, "rule": told["check"], "level": Status(told["level"])})


def _part(sort: type[Part], told: Document) -> Part:
    """The value of which that is the JSON; what it does not know is left out."""
    known = {each.name for each in fields(sort)}  # type: ignore[arg-type]  # all of them are dataclasses
    return sort(**{name: _value(name, each) for name, each in told.items() if name in known})


def _value(name: str, said: Any) -> Any:
    if name in _MOMENTS and isinstance(said, str):
        return _at(said)
    return tuple(said) if isinstance(said, list) else said


def _at(said: str | None) -> int | None:
    return None if said is None else micros(datetime.fromisoformat(said))


def _number(name: str | None) -> int | None:
    return None if name is None else parse_id(name)
