"""The story of an incident, printed for people, a line for each thing that happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from agent.cli.folding import folded
from agent.cli.output import coloured, local
from agent.views.explained_incident import lines, link_words
from agent.views.reasons import shown

if TYPE_CHECKING:
    from agent.explanation.incident import Story
    from alerting.incidents.problem import Member

_MOST_MEMBERS = 20


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
    for at, line in lines(story.entries):
        moment = local(at, zone)
        if moment[:10] != day:
            day = moment[:10]
            yield day
        yield f"  {moment[11:]}  {line}"


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
