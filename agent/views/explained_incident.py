"""The story of an incident: what was seen, decided and said, as JSON and in lines; and the ties of its ticket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from agent.desk.document import moment as rfc3339
from agent.explanation.incident import Seen
from agent.views.incidents import decision_document, incident_document, member_document, ticket_id
from agent.views.outbox import outbox_document as outgoing
from agent.views.reasons import shown
from alerting.desk.ticket import TicketEvent
from alerting.incidents.decision import Decision

if TYPE_CHECKING:
    from agent.explanation.incident import Entry, Story
    from agent.store.decisions import Link

_NAMED = 5  # of many of which the same was decided at once
_RELATIONS = {
    "duplicate_of": "a duplicate of {}",
    "duplicated_by": "{} is a duplicate of it",
    "follows": "follows {}",
    "followed_by": "{} follows it",
    "child_of": "part of {}",
    "parent_of": "{} is part of it",
    "related": "related to {}",
    "known_issue": "the same trouble as {}",
    "known_issue_of": "{} is the same trouble",
    "split_from": "split from {}",
    "split_into": "{} was split from it",
}


def as_document(story: Story) -> dict[str, Any]:
    """The object of `tocsin incidents --json`, and everything that is stored of it."""
    incident = story.incident
    related = story.related
    return {
        **incident_document(incident, story.members, {incident.id} if story.flapping else ()),
        "level": incident.level.value,
        "watch_until": rfc3339(incident.watch_until),
        "ticket_state": story.ticket_state,
        "merged": [each.id for each in related if each.merged_into == incident.id],
        "followed_by": [each.id for each in related if each.follows == incident.id],
        "links": [link_document(each) for each in story.links],
        "held_back": [member_document(each) for each in story.members if not each.cause],
        "story": [_entry(each) for each in story.entries],
        "outbox": [outgoing(each) for each in story.deliveries],
        "readings_kept": story.kept,
    }


def link_document(link: Link) -> dict[str, Any]:
    """A tie of a ticket to another."""
    return {"relation": link.relation, "ticket": ticket_id(link.other), "at": rfc3339(link.at)}


def link_words(link: Link) -> str:
    """The same for people."""
    return _RELATIONS.get(link.relation, link.relation.replace("_", " ") + " {}").format(f"T-{link.other}")


def _entry(entry: Entry) -> dict[str, Any]:
    if isinstance(entry, Seen):
        sight = {"status": entry.sight.status, "message": shown(entry.sight.message)}
        return {
            "kind": "reading",
            "at": rfc3339(entry.at),
            "service": entry.key[0],
            "check": entry.key[1],
            **sight,
        }
    if isinstance(entry, Decision):
        return {"kind": "decision", **decision_document(entry)}
    said = {"by": entry.by, "what": entry.what, "text": shown(entry.text)}
    return {"kind": "ticket", "at": rfc3339(entry.at), **said}


def lines(entries: Sequence[Entry]) -> Iterator[tuple[int, str]]:
    """The story for people: moments, and a line for each.

    Decisions of the same sort that were made at once stand together, and readings that say the same.
    """

    def sort(pair: tuple[int, Entry]) -> object:
        number, each = pair
        if isinstance(each, Seen):
            return each.sight.status
        return (each.at, each.what, each.by) if isinstance(each, Decision) else number

    for _, found in groupby(enumerate(entries), sort):
        together = [each for _, each in found]
        yield together[0].at, _line(together)


def _line(entries: Sequence[Entry]) -> str:
    first = entries[0]
    if isinstance(first, Seen):
        times = f", {len(entries)} readings" if len(entries) > 1 else ""
        return f"seen: {first.key[1]} {first.sight.status}{times}: {shown(first.sight.message)}"
    if isinstance(first, TicketEvent):
        return f"{first.by}: {first.what}, {shown(first.text)}"
    if len(entries) == 1:
        return f"{_what(first)} {first.service}.{first.rule} by {first.by}: {shown(first.reason)}"
    names = [f"{each.service}.{each.rule}" for each in entries if isinstance(each, Decision)]
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{_what(first)} {', '.join(names[:_NAMED])}{more} by {first.by}: {shown(first.reason)}"


def _what(decision: Decision) -> str:
    return decision.what.value.replace("_", " ")
