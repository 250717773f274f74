"""A ticket as JSON: the keys of the contract, and all else that the desk keeps of it but secrets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from alerting.desk.attachment import Attachment
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.outgoing import Outgoing
from alerting.slo.figures import rfc3339

_MOMENTS = frozenset(
    {"at", "since", "start", "end", "due_at", "done_at", "ended_at", "answered_at", "valid_until", "estimate",
     "expected", "started", "ended"}
)  # fmt: skip
# What a one-time link shows is nobody's business, not even its digest.
_SECRET = frozenset({"token", "token_again"})


def document(ticket: Ticket, mirrors: Iterable[Outgoing] = ()) -> dict[str, Any]:
    """The contract's object of a ticket; `mirrors` are what other helpdesks hold of it."""
    return {
        "id": ticket.id,
        "service": ticket.service or None,
        "check": ticket.check or None,
        "state": ticket.state.value,
        "severity": ticket.severity,
        "priority": ticket.priority,
        "title": ticket.title,
        "opened_at": moment(ticket.opened_at),
        "acknowledged_at": moment(ticket.acknowledged_at),
        "resolved_at": moment(ticket.resolved_at),
        "closed_at": moment(ticket.closed_at),
        "assignee": ticket.assignee,
        "tier": ticket.tier,
        "due": {name: moment(at) for name, at in ticket.due.items()},
        "remote": [
            {"helpdesk": each.helpdesk, "id": seen.id, "url": seen.url, "state": seen.state.value}
            for each in mirrors
            if (seen := each.observed) is not None
        ],
        **_more(ticket),
    }


def _more(ticket: Ticket) -> dict[str, Any]:
    """What the built-in desk keeps besides."""
    return {
        "version": ticket.version,
        "channel": ticket.channel,
        "category": ticket.category or None,
        "team": ticket.team,
        "reporter": part(ticket.reporter),
        "urgent": ticket.urgent,
        "unhappy": ticket.unhappy,
        "reopened": ticket.reopened,
        "merged_into": f"T-{ticket.merged_into}" if ticket.merged_into is not None else None,
        "duplicate_of": f"T-{ticket.duplicate_of}" if ticket.duplicate_of is not None else None,
        "parent": f"T-{ticket.parent}" if ticket.parent is not None else None,
        "children": [f"T-{number}" for number in ticket.children],
        "related": [f"T-{number}" for number in ticket.related],
        "known_issue": f"T-{ticket.known_issue}" if ticket.known_issue is not None else None,
        "origin": ticket.origin,
        "alarm": part(ticket.alarm),
        "fields": dict(ticket.fields),
        "stamps": {name: moment(at) for name, at in sorted(ticket.stamps.items(), key=lambda each: each[1])},
        "pauses": part(ticket.pauses),
        "clocks_still_since": moment(ticket.still_since),
        "watchers": list(ticket.watchers),
        "sub_tasks": part(ticket.sub_tasks),
        "follow_ups": part(ticket.follow_ups),
        "escalations": part(ticket.escalations),
        "vendor": part(ticket.vendor),
        "root_cause": part(ticket.root_cause),
        "ask": part(ticket.ask),
        "survey": part(ticket.survey),
    }


def moment(at: int | None) -> str | None:
    """RFC 3339 in UTC; None when there is none."""
    return None if at is None else rfc3339(at)


def part(value: Any) -> Any:
    """A part of a ticket, or a row of them, with its moments in RFC 3339 and without secrets."""
    if value is None:
        return None
    if isinstance(value, tuple):
        return [part(each) for each in value]
    return _told(asdict(value))


def _told(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: moment(each) if name in _MOMENTS and isinstance(each, int) else _within(each)
        for name, each in found.items()
        if name not in _SECRET
    }


def _within(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_told(each) if isinstance(each, dict) else each for each in value]
    return value


def event_document(event: TicketEvent) -> dict[str, Any]:
    """A line of the timeline."""
    return {
        "at": moment(event.at),
        "by": event.by,
        "what": event.what,
        "text": event.text,
        "internal": event.internal,
    }


def attachment_document(attachment: Attachment) -> dict[str, Any]:
    """What is known of a file."""
    found = _told(asdict(attachment))
    del found["ticket"]
    return found
