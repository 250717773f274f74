"""All that stands around one ticket, as its page shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from agent.desk.recording import record_document
from agent.precedents import EVIDENCE
from agent.store.decisions import Link
from agent.store.reader import Reader
from agent.tracing import HOPS
from agent.views.clocks import clocks_document
from agent.views.explained_incident import link_words
from agent.views.services import state_of
from agent.web.paging import Page, paged
from agent.web.readings import SeenCheck, seen_checks
from agent.web.sight import sees_about
from agent.web.visit import Visit
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Member
from config.policies import Policy

_LINES = 50
_ROOM = 12_000  # characters
_MOST_SAID, _MOST_EVIDENCE, _MOST_CHECKS, _MOST_MEMBERS = 30, 5, 3, 30
_TIES = frozenset({"duplicate_of", "duplicated_by", "child_of", "parent_of", "related"})


@dataclass(frozen=True, slots=True)
class Tie:
    """To another ticket, in words; whether it can be untied."""

    words: str
    other: Ticket
    loose: bool


@dataclass(frozen=True, slots=True)
class Timeline:
    """`talk` is what the reporter sees, `notes` what we write among us: the latest, `earlier` how many more there are.

    `page` has lines by place, cut where they are long; `whole` is the place and text that is asked for by `?line=`.
    """

    talk: Sequence[TicketEvent]
    notes: Sequence[TicketEvent]
    earlier: int
    evidence: Sequence[TicketEvent]
    page: Page[tuple[int, TicketEvent]]
    whole: tuple[int, str] | None


def around(visit: Visit, store: Reader, ticket: Ticket) -> dict[str, Any]:
    """The values of the page that come from the store and from memory."""
    found = store.decisions()
    incidents = found.of_ticket(ticket.number)
    by_incident = found.members([each.id for each in incidents])
    members = [each for of in incidents for each in by_incident.get(of.id, ()) if _sees(visit, each.service)]
    policy = policy_of(visit, ticket)
    service = visit.daemon.config().services.get(ticket.service)
    return {
        "timeline": _timeline(visit, ticket, store.timeline(ticket.number)),
        "files": store.attachments(ticket.number),
        "remote": found.deliveries(ticket.number),
        "incidents": [(each, _sees(visit, each.service)) for each in incidents],
        "members": members[:_MOST_MEMBERS],
        "more_members": max(0, len(members) - _MOST_MEMBERS),
        "checks": _checks(visit, ticket, incidents, members),
        "ties": _ties(visit, store, ticket, found.links(ticket.number)),
        "clocks": clocks_document(ticket, policy, visit.now),
        "record": record_document(ticket, policy),
        "service": service,
        "service_state": state_of(visit.daemon.world(), service) if service is not None else "",
        "sees_service": _sees(visit, ticket.service),
    }


def policy_of(visit: Visit, ticket: Ticket) -> Policy:
    """That which it was opened under; one that has none yet has that of the configuration."""
    known = visit.daemon.world().policies.get(ticket.policy)
    return known or visit.daemon.rules().policy_of(ticket.service, ticket.team)


def _sees(visit: Visit, service: str) -> bool:
    return sees_about(visit.daemon.config(), visit.person, service)


def _timeline(visit: Visit, ticket: Ticket, events: Sequence[TicketEvent]) -> Timeline:
    talk = [each for each in events if not each.internal]
    notes = [each for each in events if each.what == "note"]
    evidence = [each for each in events if each.what in (EVIDENCE, HOPS)]
    placed = list(enumerate(events, 1))[::-1]
    told, noted = _latest(talk), _latest(notes)
    return Timeline(
        talk=told,
        notes=noted,
        earlier=len(talk) - len(told) + len(notes) - len(noted),
        evidence=evidence[-_MOST_EVIDENCE:],
        page=paged(visit, placed, _LINES),
        whole=_whole(
            visit.request.query_params.get("line", ""), [ticket.description, *(e.text for e in events)]
        ),
    )


def _latest(events: Sequence[TicketEvent]) -> Sequence[TicketEvent]:
    """As many of the last ones as a page has room for; the very last in any case."""
    room, count = _ROOM, 0
    for each in events[: -_MOST_SAID - 1 : -1]:
        room -= len(each.text)
        if room < 0 and count:
            break
        count += 1
    return events[len(events) - count :]


def _whole(asked: str, texts: Sequence[str]) -> tuple[int, str] | None:
    """The text at that place: of the timeline, and before it, at 0, what the ticket is about."""
    known = asked.isascii() and asked.isdigit() and len(asked) < 7 and int(asked) < len(texts)
    return (int(asked), texts[int(asked)]) if known else None


def _checks(
    visit: Visit, ticket: Ticket, incidents: Iterable[Incident], members: Iterable[Member]
) -> list[SeenCheck]:
    """Its own check first, then those of its incidents; the first few that were looked at."""
    named = [(ticket.service, ticket.check), *((each.service, each.rule) for each in incidents)]
    named += [each.key for each in members]
    return seen_checks(visit.daemon, visit.person, named, _MOST_CHECKS)


def _ties(visit: Visit, store: Reader, ticket: Ticket, links: Sequence[Link]) -> list[Tie]:
    """Those to tickets that the person sees."""
    others = store.tickets_numbered({each.other for each in links})
    seen = {number: each for number, each in others.items() if visit.sees_ticket(each)}
    return [
        Tie(link_words(each), other, each.relation in _TIES and not _merged(ticket, other))
        for each in links
        if (other := seen.get(each.other)) is not None
    ]


def _merged(one: Ticket, other: Ticket) -> bool:
    return one.merged_into == other.number or other.merged_into == one.number
