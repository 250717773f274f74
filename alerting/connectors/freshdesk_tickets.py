"""What is sent to Freshdesk, made from what is wanted, and what it shows of a ticket, read. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerting.connectors.base import LONGEST_REMARK
from alerting.connectors.document import Document, bytes_of, described, fitted, marks_in, one_line, remarked
from alerting.connectors.freshdesk import PRIORITIES, FreshdeskOptions, is_custom
from alerting.connectors.markup import as_html, tame
from alerting.connectors.moments import moment
from alerting.messages import Comment, Desired, Observed, Remark, RemoteState

MOST_TEXT = 30_000
KEYS_BEGIN = "toc-"
OPEN, RESOLVED, CLOSED = 2, 4, 5
_TITLE, _LONGEST_TAG = 250, 32
_PRIORITIES = {
    "critical": "urgent",
    "high": "high",
    "medium": "medium",
    "low": "low",
    "informational": "low",
}
_NUMBERS = ("group_id", "product_id", "responder_id", "source")
_MOST_REMARKS = 100
Ticket = Mapping[str, Any]


def ticket_body(options: FreshdeskOptions, desired: Desired, agent: str) -> dict[str, Any]:
    """A new ticket, with the key in its field."""
    given = options.filled(desired)
    custom = {name: value for name, value in given.items() if is_custom(name)}
    return {
        **{name: _number(name, value) for name, value in given.items() if not is_custom(name)},
        "subject": one_line(desired.title, _TITLE),
        "description": text(described(desired)),
        "email": options.requester,
        "status": OPEN,
        "priority": priority_of(options, desired.priority) or PRIORITIES["low"],
        "tags": list(dict.fromkeys((tag_of(agent), *options.labels))),
        "custom_fields": {**custom, options.key_field: desired.key},
    }


def note_body(options: FreshdeskOptions, comment: Comment) -> dict[str, Any]:
    """A note; the requester sees it where comments are public."""
    return {"body": text(remarked(comment)), "private": not options.public_comments}


def text(document: Document) -> str:
    """As much of it as is taken, in HTML."""
    return fitted(document, lambda of: tame(as_html(of)), bytes_of, MOST_TEXT)


def priority_of(options: FreshdeskOptions, priority: str) -> int | None:
    """Its number there; None where it is not to be set."""
    return PRIORITIES.get(options.priorities.get(priority, _PRIORITIES.get(priority, "medium")))


def tag_of(agent: str) -> str:
    """What every ticket of an agent is tagged with."""
    return f"tocsin-{re.sub(r'[^A-Za-z0-9_.-]', '_', agent)}"[:_LONGEST_TAG]


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads tickets of one account: `me` is our own user there, None where nobody tells; `names` are of others."""

    options: FreshdeskOptions
    me: int | None
    names: Mapping[int, str]

    def observed(self, ticket: Ticket, notes: Sequence[Any], memo: Mapping[str, Any]) -> Observed:
        """The ticket as it stands; `memo` is what was kept of it: whom it was given to when it was created."""
        status, assignee = ticket.get("status"), ticket.get("responder_id")
        has_it = isinstance(assignee, int) and assignee not in (self.me, memo.get("given"))
        state = RemoteState.OPEN
        if status in (RESOLVED, CLOSED, self.options.resolved_status):
            state = RemoteState.RESOLVED
        if ticket.get("deleted") is True:
            state = RemoteState.GONE
        return Observed(
            id=str(ticket["id"]),
            state=state,
            url=f"{self.options.url}/a/tickets/{ticket['id']}",
            key=self.key_of(ticket),
            priority=str(ticket["priority"]) if ticket.get("priority") is not None else None,
            acknowledged=has_it or (state is RemoteState.OPEN and status != OPEN),
            assignee=self._name(assignee) if has_it else None,
            comments=tuple(mark for each in notes if self._by_us(each) for mark in marks_in(text_of(each))),
            remarks=tuple(self._remark(each) for each in notes if not self._is_ours(each))[-_MOST_REMARKS:],
            memo={"given": memo.get("given")},
        )

    def key_of(self, ticket: Ticket) -> str | None:
        """The key that the ticket carries."""
        kept = (ticket.get("custom_fields") or {}).get(self.options.key_field)
        return kept if isinstance(kept, str) and kept else None

    def strangers(self, ticket: Ticket, notes: Sequence[Any]) -> set[int]:
        """Users whose names are needed and not known yet."""
        who = [ticket.get("responder_id"), *(each.get("user_id") for each in notes)]
        return {each for each in who if isinstance(each, int)} - {self.me} - set(self.names)

    def _by_us(self, note: Mapping[str, Any]) -> bool:
        return self.me is None or note.get("user_id") == self.me

    def _is_ours(self, note: Mapping[str, Any]) -> bool:
        return self._by_us(note) and bool(marks_in(text_of(note)))

    def _remark(self, note: Mapping[str, Any]) -> Remark:
        said = text_of(note).strip()[:LONGEST_REMARK]
        at, by = moment(note.get("created_at")), self._name(note.get("user_id"))
        return Remark(str(note["id"]), at, by or "somebody", said)

    def _name(self, user: Any) -> str | None:
        return (self.names.get(user) or f"user {user}") if isinstance(user, int) else None


def text_of(note: Mapping[str, Any]) -> str:
    return str(note.get("body_text") or note.get("body") or "")


def _number(name: str, value: Any) -> Any:
    """Ids are numbers there, also where a placeholder gave a text."""
    is_text = isinstance(value, str) and value.isascii() and value.isdecimal()
    return int(value) if name in _NUMBERS and is_text else value
