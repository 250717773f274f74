"""What is sent to ServiceNow, made from what is wanted, and what it shows of a record, read. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerting.connectors.base import LONGEST_REMARK
from alerting.connectors.document import Document, bytes_of, described, fitted, marks_in, one_line, remarked
from alerting.connectors.markup import plain, tame
from alerting.connectors.moments import moment
from alerting.connectors.options import facts_of
from alerting.connectors.servicenow import ServiceNowOptions
from alerting.messages import Comment, Desired, Observed, Remark, RemoteState, Wanted

MOST_TEXT, MOST_DESCRIPTION = 30_000, 3900  # a description is a column of 4,000 characters
TITLE = 155
_PRIORITIES = {
    "critical": "1/1",
    "high": "1/2",
    "medium": "2/2",
    "low": "2/3",
    "informational": "3/3",
}
_IN_PROGRESS, _ON_HOLD = "2", "3"
_MOST_REMARKS = 100
# HTML within these is drawn as such.
_CODE = re.compile(r"\[(?=/?code\])", re.IGNORECASE)
_ENTRY = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) - (.{1,200}) \(([^()\n]{1,60})\)$", re.MULTILINE)
Record = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """A note: `by` is a user's name, or only how it is shown; `ours` is whether it was written by us."""

    id: str
    at: int
    by: str
    text: str
    ours: bool


def record_body(options: ServiceNowOptions, desired: Desired, agent: str) -> dict[str, Any]:
    """A new record, with the key where it is searched for."""
    body = {
        **options.filled(desired),
        "short_description": one_line(desired.title, TITLE),
        "description": text(described(desired), MOST_DESCRIPTION),
        "correlation_id": desired.key,
        "correlation_display": display_of(agent),
        **priority_of(options, desired.priority),
    }
    if desired.follows is not None:
        body["parent_incident"] = desired.follows
    return body


def note_body(options: ServiceNowOptions, comment: Comment) -> dict[str, str]:
    """A note; the caller sees it where comments are public."""
    name = "comments" if options.public_comments else "work_notes"
    return {name: text(remarked(comment), MOST_TEXT)}


def state_body(options: ServiceNowOptions, state: Wanted, desired: Desired | None) -> dict[str, str]:
    """The move to a state, with what resolving asks for."""
    if state == "open":
        return {"state": options.open_state}
    notes = str(options.close_notes.filled(facts_of(desired))) if desired is not None else "A twin."
    return {"state": options.resolved_state, "close_code": options.close_code, "close_notes": notes}


def text(document: Document, most: int) -> str:
    """As much of it as is taken, in plain text of which nothing is drawn as HTML."""

    def built(of: Document) -> str:
        return _CODE.sub("[\u2060", tame(plain(of)))

    return fitted(document, built, bytes_of, most)


def priority_of(options: ServiceNowOptions, priority: str) -> dict[str, str]:
    """The two columns that the instance reckons a priority from; empty where they are not to be set."""
    pair = options.priorities.get(priority, _PRIORITIES.get(priority, "2/2"))
    return dict(zip(("impact", "urgency"), pair.split("/"), strict=True)) if pair else {}


def display_of(agent: str) -> str:
    """What every record of an agent carries beside its key."""
    return f"tocsin-{agent}"


def value(record: Record, name: str) -> str:
    """What a column holds, whether it is shown alone, with how it reads, or with a link."""
    found = record.get(name)
    return str((found.get("value") if isinstance(found, Mapping) else found) or "")


def shown(record: Record, name: str) -> str:
    """How a column reads for people."""
    found = record.get(name)
    return str((found.get("display_value") if isinstance(found, Mapping) else found) or "")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads records of one table."""

    options: ServiceNowOptions

    def observed(self, record: Record, entries: Sequence[Entry], memo: Mapping[str, Any]) -> Observed:
        """The record as it stands; `memo` is what was kept of it."""
        state, assignee = value(record, "state"), value(record, "assigned_to")
        given = bool(assignee) and assignee != memo.get("given")
        set_by_us = bool(memo.get("reopened")) and state == self.options.open_state
        begun = state in (_ON_HOLD, _IN_PROGRESS) and not set_by_us
        moved_by = value(record, "sys_updated_by")
        ended = (
            self.state(state) is not RemoteState.OPEN and moved_by.casefold() != self.options.user.casefold()
        )
        by = shown(record, "closed_by") or shown(record, "resolved_by") or moved_by
        number = value(record, "sys_id")
        return Observed(
            id=number,
            state=self.state(state),
            url=f"{self.options.url}/{self.options.table}.do?sys_id={number}",
            key=value(record, "correlation_id") or None,
            priority=value(record, "priority") or None,
            acknowledged=given or begun,
            assignee=(shown(record, "assigned_to") or assignee) if given else None,
            by=(by or None) if ended else None,
            comments=tuple(mark for each in entries if each.ours for mark in marks_in(each.text)),
            remarks=tuple(_remark(each) for each in entries if not is_ours(each))[-_MOST_REMARKS:],
            memo={
                "number": value(record, "number"),
                "given": memo.get("given"),
                "reopened": bool(memo.get("reopened")),
            },
        )

    def state(self, number: str) -> RemoteState:
        if number in self.options.closed_states:
            return RemoteState.CLOSED
        return RemoteState.RESOLVED if number == self.options.resolved_state else RemoteState.OPEN


def is_ours(entry: Entry) -> bool:
    return entry.ours and bool(marks_in(entry.text))


def journal(rows: Sequence[Record], number: str, user: str) -> list[Entry]:
    """Notes of the record, the oldest first, from the table that keeps them."""
    mine = [row for row in rows if value(row, "element_id") == number]
    entries = [
        Entry(
            value(row, "sys_id"),
            moment(value(row, "sys_created_on")),
            value(row, "sys_created_by") or "somebody",
            value(row, "value"),
            value(row, "sys_created_by").casefold() == user.casefold(),
        )
        for row in mine
        if value(row, "element") in ("work_notes", "comments")
    ]
    return sorted(entries, key=lambda each: (each.at, each.id))


def written_out(record: Record) -> list[Entry]:
    """The same from the record itself, where all its notes are one text: a line says when, who and of which sort.

    Who wrote one is told by its mark alone; moments there are in our user's time zone, so none is given.
    """
    entries = []
    for name in ("work_notes", "comments"):
        whole = shown(record, name)
        heads = [*_ENTRY.finditer(whole)]
        starts = [*(head.start() for head in heads), len(whole)]
        for head, end in zip(heads, starts[1:], strict=True):
            said = whole[head.end() : end].strip()
            entries.append(Entry(_label(name, head[0] + said), 0, head[2], said, bool(marks_in(said))))
        if whole and not heads:
            entries.append(Entry(_label(name, whole), 0, "somebody", whole, bool(marks_in(whole))))
    return entries


def _label(name: str, said: str) -> str:
    """An id of its own for ever, for a note that shows none."""
    return f"{name}-{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _remark(entry: Entry) -> Remark:
    return Remark(entry.id, entry.at, entry.by, entry.text.strip()[:LONGEST_REMARK])
