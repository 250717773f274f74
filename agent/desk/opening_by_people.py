"""Tickets that people open: by command, by the API, and later by form and mail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, get_args

from agent.desk.asked import Asked, CannotDo
from agent.desk.document import document
from agent.desk.field_words import (
    LONGEST_DESCRIPTION,
    LONGEST_TITLE,
    SEVERITIES,
    address,
    field_text,
    known,
)
from agent.desk.files import ATTACHMENTS, add_files
from agent.desk.moments import past
from agent.desk.persons import acting
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import sla
from alerting.desk.fields import FIELDS
from alerting.desk.parts import Reporter
from alerting.desk.ticket import Channel, Ticket, TicketEvent, TicketState
from alerting.desk.urgency import severity_of
from checks.masking import secretless
from checks.text import visible
from config.categories import categories_of
from config.friendly import nearest

CHANNELS = ("phone", "web", "email", "api", "chat")
REPORTER = ("name", "email", "phone", "account", "level", "user_id", "product_id")
_OWN = (
    "title", "description", "service", "category", "team", "urgent", "severity", "reporter", "channel", "fields",
    "detected", "reported", "by", ATTACHMENTS, "public", "origin",
)  # fmt: skip
_KNOWN = (*_OWN, *FIELDS)
# What it came from, and the longest key that a program may give a request.
_LONGEST_ORIGIN = 300


def open_(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """`tickets.open`: a new ticket; with the `origin` of one that there is, that one, where it was asked for alike."""
    _no_other(asked.arguments, _KNOWN, "")
    origin, request = asked.text("origin", _LONGEST_ORIGIN) or None, _digest(asked)
    if origin is not None:
        for each in draft.tickets.values():
            if each.origin == origin:
                return _again(each, request)
    ticket = _read(rules, asked)
    draft.last_ticket += 1
    number = draft.last_ticket
    ticket = replace(ticket, number=number, origin=origin, request=request if origin else "")
    draft.tickets.put(number, ticket)
    by = acting(rules, asked)
    said = f"opened by {by} ({ticket.channel}), severity {ticket.severity}"
    draft.events.append(TicketEvent(number, asked.now, by, "opened", said))
    if asked.arguments.get(ATTACHMENTS):
        add_files(draft, rules, ticket, replace(asked, arguments={**asked.arguments, "public": True}))
    draft.tell("ticket.opened", ticket=ticket.id, by=by, channel=ticket.channel, severity=ticket.severity)
    opened = draft.tickets.get(number) or ticket
    return {**document(opened), "description": opened.description}


def _again(ticket: Ticket, request: str) -> Any:
    if ticket.request != request:
        raise CannotDo("the key was used for another request before: take a new one for a new ticket")
    return {**document(ticket), "description": ticket.description, "replayed": True}


def _read(rules: Rulebook, asked: Asked) -> Ticket:
    service = known(asked, "service", rules.services)
    fields = _fields(asked)
    urgent = asked.flag("urgent")
    severity = asked.choice("severity", SEVERITIES) or severity_of(
        urgency="high" if urgent else fields.get("urgency", ""),
        users=int(fields["users"]) if "users" in fields else None,
        criticality=rules.services[service].criticality if service else None,
        limits=rules.desk.impact,
    )
    priority = sla.priority(severity)  # type: ignore[arg-type]  # one of SEVERITIES
    stamps = _stamps(asked)
    return Ticket(
        number=0,
        service=service,
        check="",
        state=TicketState.NEW,
        severity=severity,  # type: ignore[arg-type]  # one of SEVERITIES
        priority=priority,
        title=secretless(asked.text("title", LONGEST_TITLE, needed=True)),
        description=secretless(asked.lines("description", LONGEST_DESCRIPTION)),
        opened_at=asked.now,
        due=sla.due(asked.now, priority),
        channel=_channel(asked),
        category=known(asked, "category", categories_of(rules.desk.categories)),
        team=known(asked, "team", rules.teams) or None,
        reporter=_reporter(asked),
        urgent=urgent,
        fields=fields,
        stamps=stamps,
    )


def _channel(asked: Asked) -> Channel:
    said = asked.choice("channel", CHANNELS)
    return next((each for each in get_args(Channel) if each == said), asked.channel)


def _stamps(asked: Asked) -> Mapping[str, int]:
    """Submitted now; reported and detected then too where nobody says when, and never after one another."""
    reported = past(asked, "reported") or asked.now
    detected = past(asked, "detected") or reported
    if detected > reported:
        raise CannotDo(
            "detected: nobody reports what was not noticed yet (say when it was reported)", usage=True
        )
    return {"detected": detected, "reported": reported, "submitted": asked.now, "identified": asked.now}


def _fields(asked: Asked) -> dict[str, str]:
    """Texts by their names, in `fields` or beside the rest."""
    told = asked.arguments.get("fields")
    if not isinstance(told, dict | None):
        raise CannotDo("fields: expected texts by their names", usage=True)
    _no_other(told or {}, FIELDS, "fields.")
    given = {**{name: asked.arguments[name] for name in FIELDS if name in asked.arguments}, **(told or {})}
    # A number of users is a number in most programs.
    texts = {name: str(each) if type(each) is int else each for name, each in given.items()}
    found = {name: field_text(replace(asked, arguments=texts), name) for name in texts}
    return {name: text for name, text in found.items() if text}


def _reporter(asked: Asked) -> Reporter | None:
    told = asked.arguments.get("reporter")
    if told is None:
        return None
    if not isinstance(told, dict):
        raise CannotDo("reporter: expected name, email and so on by their names", usage=True)
    _no_other(told, REPORTER, "reporter.")
    inner = replace(asked, arguments=told)
    texts = {name: address(inner, name) if name == "email" else inner.text(name) for name in REPORTER}
    if not any(texts.values()):
        return None
    if not any(texts[name] for name in ("name", "email", "phone", "user_id")):
        raise CannotDo("reporter: expected a name, an email, a phone number or a user_id", usage=True)
    return Reporter(
        **{**texts, "name": texts["name"] or texts["email"] or texts["user_id"] or texts["phone"]}
    )


def _no_other(told: Mapping[str, Any], there: Mapping[str, Any] | tuple[str, ...], where: str) -> None:
    for name in told:
        if name not in there:
            shown = visible(str(name), 60)
            hint = nearest(shown, tuple(there)) or f"known: {', '.join(sorted(there))}"
            raise CannotDo(f"{where}{shown}: unknown ({hint})", usage=True)


def _digest(asked: Asked) -> str:
    told = {name: each for name, each in asked.arguments.items() if name != "origin"}
    return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()[:32]
