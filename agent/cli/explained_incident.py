"""The story of an incident, printed: as one JSON document, or for people, a line for each thing that happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from agent.cli.folding import folded
from agent.cli.output import coloured, local, rfc3339
from agent.cli.reasons import shown
from agent.explanation.incident import Seen
from agent.views.incidents import decision_document, incident_document, member_document, ticket_id
from agent.views.outbox import outbox_document as outgoing
from alerting.desk.ticket import TicketEvent
from alerting.incidents.decision import Decision

if TYPE_CHECKING:
    from agent.explanation.incident import Entry, Story
    from agent.store.decisions import Link
    from alerting.incidents.problem import Member

_NAMED = 5  # of many of which the same was decided at once
_MOST_MEMBERS = 20
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


def print_story(story: Story, zone: str) -> None:
    """For people."""
    for line in (*_head(story, zone), *_told(story, zone), *_members(story, zone), *_sent(story)):
        print(line if "\x1b" in line or not line else "\n".join(folded(line.lstrip(), *_indents(line))))


def _indents(line: str) -> tuple[str, str]:
    lead = line[: len(line) - len(line.lstrip())]
    return lead + "    ", lead


def _head(story: Story, zone: str) -> Iterator[str]:
    incident = story.incident
    yield f"Incident {incident.id}: {incident.service}.{incident.rule}, {coloured(incident.state.value)}"
    over = f", over since {local(incident.resolved_at, zone)}" if incident.resolved_at is not None else ""
    yield f"{incident.level.value}, severity {incident.severity}, since {local(incident.opened_at, zone)}{over}"
    yield shown(incident.reason)
    state = f" ({story.ticket_state})" if story.ticket_state else ""
    ties = "; ".join(map(link_words, story.links))
    yield f"ticket T-{incident.ticket}{state}" + (f": {ties}" if ties else "")
    if incident.reopened or incident.flaps:
        yield f"re-opened {incident.reopened} times, came and went {incident.flaps} times while it flapped"
    for each in story.related:
        name = f"incident {each.id} ({each.service}.{each.rule}, T-{each.ticket})"
        if each.id == incident.merged_into:
            yield f"merged into {name}, its cause"
        elif each.merged_into == incident.id:
            yield f"{name} was merged into it"
        else:
            yield f"follows {name}" if each.id == incident.follows else f"{name} follows it"
    if not story.kept:
        yield "The single readings of its beginning are kept no more; decisions name those that they were made of."


def _told(story: Story, zone: str) -> Iterator[str]:
    if story.entries:
        yield ""
    day = ""
    for at, entries in _grouped(story.entries):
        moment = local(at, zone)
        if moment[:10] != day:
            day = moment[:10]
            yield day
        yield f"  {moment[11:]}  {_line(entries)}"


def _grouped(entries: Sequence[Entry]) -> Iterator[tuple[int, list[Entry]]]:
    """Decisions of the same sort that were made at once stand together, and readings that say the same."""

    def sort(pair: tuple[int, Entry]) -> object:
        number, each = pair
        if isinstance(each, Seen):
            return each.sight.status
        return (each.at, each.what, each.by) if isinstance(each, Decision) else number

    for _, found in groupby(enumerate(entries), sort):
        together = [each for _, each in found]
        yield together[0].at, together


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


def _members(story: Story, zone: str) -> Iterator[str]:
    """What else it was about, and got no ticket of its own for that."""
    others = [each for each in story.members if not each.cause]
    if others:
        yield ""
        yield f"Affected, without a ticket of their own: {len(others)}"
    for line in member_lines(others, zone):
        yield "  " + line


def member_lines(members: Sequence[Member], zone: str) -> Iterator[str]:
    """A line for each of them, and how many more there are."""
    for each in members[:_MOST_MEMBERS]:
        until = f"until {local(each.until, zone)}" if each.until is not None else "still"
        yield f"{each.service}.{each.rule}  {each.level.value} since {local(each.since, zone)}, {until}"
    if len(members) > _MOST_MEMBERS:
        yield f"... and {len(members) - _MOST_MEMBERS} more: --json"


def _sent(story: Story) -> Iterable[str]:
    if not story.deliveries:
        return
    yield ""
    for each in story.deliveries:
        there = f" as {shown(each.observed.id)}, {each.observed.state.value}" if each.observed else ""
        wrong = f": {shown(each.last_error)}" if each.last_error else ""
        yield f"{each.helpdesk}: {each.state.value}{there} after {each.attempts} attempts{wrong}"
