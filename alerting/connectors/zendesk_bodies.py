"""What is sent to Zendesk, made from what is wanted. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from alerting.connectors.document import Document, bytes_of, described, fitted, one_line, remarked
from alerting.connectors.markup import as_html, plain, tame
from alerting.connectors.zendesk import ZendeskOptions, is_custom
from alerting.messages import Comment, Desired, Todo, Wanted

MOST_TEXT = 30_000  # of 64 KiB that a comment takes
GUARDS = frozenset({"safe_update", "updated_stamp"})  # a change that comes too late is refused
_TITLE = 150
_STATUS: Mapping[Wanted, str] = {"resolved": "solved", "open": "open"}
_PRIORITIES = {
    "critical": "urgent",
    "high": "high",
    "medium": "normal",
    "low": "low",
    "informational": "low",
}


@dataclass(frozen=True, slots=True)
class Update:
    """One change of a ticket: comments that are said as one, or the rest."""

    comments: tuple[Comment, ...] = ()
    priority: str | None = None
    state: Wanted | None = None


def updates(work: Todo) -> list[Update]:
    """At most two: Zendesk takes 30 in ten minutes. How it moves comes last: an end may take no more."""
    moves = work.priority is not None or work.state is not None
    at = 0 if moves else max(len(work.comments) - 1, 0)
    said = [Update(comments) for comments in (work.comments[:at], work.comments[at:]) if comments]
    return [*said, Update((), work.priority, work.state)] if moves else said


def ticket_body(options: ZendeskOptions, desired: Desired, agent: str) -> dict[str, Any]:
    """A new ticket, with the key as its external id."""
    given = options.filled(desired)
    ticket: dict[str, Any] = {
        **{name: _number(name, value) for name, value in given.items() if not is_custom(name)},
        "subject": one_line(desired.title, _TITLE),
        "comment": said(described(desired), public=options.public_comments),
        "external_id": desired.key,
        "tags": list(dict.fromkeys((tag_of(agent), *options.labels))),
    }
    if priority := priority_name(options, desired.priority):
        ticket["priority"] = priority
    if custom := [{"id": int(name), "value": value} for name, value in given.items() if is_custom(name)]:
        ticket["custom_fields"] = custom
    if options.requester is not None:
        ticket["requester"] = {"name": "Tocsin", "email": options.requester}
    if desired.follows is not None and is_custom(desired.follows):
        ticket["via_followup_source_id"] = int(desired.follows)
    return {"ticket": ticket}


def note_body(options: ZendeskOptions, comments: Sequence[Comment]) -> dict[str, Any]:
    """Comments as one, each with its own mark."""
    document = tuple(part for comment in comments for part in remarked(comment))
    return {"ticket": {"comment": said(document, public=options.public_comments)}}


def change_of(
    options: ZendeskOptions, update: Update, now: Mapping[str, Any], me: int | None
) -> dict[str, Any]:
    """Priority and status of a ticket that stands as `now`, unless somebody is at it meanwhile; empty for nothing."""
    change: dict[str, Any] = {}
    if update.priority is not None and (priority := priority_name(options, update.priority)):
        change["priority"] = priority
    if update.state is not None:
        change["status"] = _STATUS[update.state]
    if update.state == "resolved" and now.get("assignee_id") is None and me is not None:
        change["assignee_id"] = me  # nobody's ticket cannot be solved
    if change and now.get("updated_at"):
        change |= {"safe_update": True, "updated_stamp": now["updated_at"]}
    return change


def said(document: Document, *, public: bool) -> dict[str, Any]:
    """A comment, in plain text and in HTML, as much of it as is taken."""

    def built(of: Document) -> dict[str, Any]:
        return {"body": tame(plain(of)), "html_body": tame(as_html(of)), "public": public}

    return fitted(document, built, lambda body: bytes_of(body["html_body"]), MOST_TEXT)


def priority_name(options: ZendeskOptions, priority: str) -> str:
    """What it is called there; empty where it is not to be set."""
    return options.priorities.get(priority, _PRIORITIES.get(priority, "normal"))


def tag_of(agent: str) -> str:
    """What every ticket of an agent is tagged with."""
    return f"tocsin_{re.sub(r'[^a-z0-9_-]', '_', agent.lower())}"


def _number(name: str, value: Any) -> Any:
    """Ids are numbers there, also where a placeholder gave a text."""
    is_text = isinstance(value, str) and is_custom(value)
    return int(value) if name.endswith("_id") and is_text else value
