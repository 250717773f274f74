"""`/incidents`: what went wrong, what belongs to each, and its story: what was seen, decided and said."""

from __future__ import annotations

from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from agent.access.person import Right
from agent.explanation.incident import Entry, Story, tell
from agent.store.reader import NoStore, Reader
from agent.views.explained_incident import lines
from agent.views.incidents import incident_document, incidents
from agent.views.services import state_of
from agent.web.doing import seen_tickets
from agent.web.paging import paged
from agent.web.readings import seen_checks
from agent.web.sight import seen_service, sees_about
from agent.web.visit import Address, Visit
from alerting.desk.precedents import Precedent, alike
from alerting.desk.ticket import TicketEvent
from alerting.incidents.change import BEFORE, Change, suspects
from alerting.incidents.decision import Decision
from alerting.incidents.incident import Incident

_SIZE = 50
_STATES = ("open", "watching", "resolved")
_MOST_CHANGES, _MOST_LOOKED_THROUGH, _MOST_MEMBERS = 10, 500, 50


def listing(visit: Visit) -> Response:
    """The newest first; `?state=open`."""
    asked = visit.request.query_params.get("state", "")
    state = asked if asked in _STATES else ""
    try:
        with visit.daemon.store() as store:
            found = incidents(store, only_open=state == "open")
    except NoStore:
        found = []
    seen = [each for each in found if state in ("", each["state"]) and _sees(visit, each["service"])]
    return visit.page("incidents.html", page=paged(visit, seen, _SIZE), state=state, states=_STATES)


def incident(visit: Visit) -> Response:
    """One, with its story and what is around it."""
    text = visit.request.path_params["number"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    try:
        with visit.daemon.store() as store:
            found = store.decisions().incident(number)
            if found is None or not _sees(visit, found.service):
                raise HTTPException(404, "there is no such incident")
            story = tell(store, found, visit.now)
            values = _around(visit, store, story)
    except NoStore:
        raise HTTPException(404, "there is no such incident") from None
    said = values["ticket"] is not None
    told = list(lines([each for each in story.entries if _is_seen(visit, each, said=said)]))
    return visit.page("incident.html", page=paged(visit, told, _SIZE), kept=story.kept, **values)


def _around(visit: Visit, store: Reader, story: Story) -> dict[str, Any]:
    """What belongs to it, what came before it, and what is known of its like; of what the person sees."""
    found = story.incident
    members = [each for each in story.members if _sees(visit, each.service)]
    document = incident_document(found, members, {found.id} if story.flapping else ())
    ticket = store.ticket(found.ticket)
    related = {each.id: each for each in story.related if _sees(visit, each.service)}
    return {
        "incident": document,
        "members": document["members"][:_MOST_MEMBERS],
        "more_members": max(0, len(members) - _MOST_MEMBERS),
        "checks": seen_checks(visit.daemon, visit.person, [(found.service, found.rule)], 1),
        "affected": _affected(visit, document["affected"]),
        "ticket": ticket if ticket is not None and visit.sees_ticket(ticket) else None,
        "merged_into": related.get(found.merged_into or 0),
        "follows": related.get(found.follows or 0),
        "merged": [each for each in related.values() if each.merged_into == found.id],
        "followed_by": [each for each in related.values() if each.follows == found.id],
        "changes": _changes(visit, store, found, document["affected"]),
        "similar": _similar(visit, store, found),
    }


def _affected(visit: Visit, names: list[str]) -> list[tuple[str, str, str]]:
    """Name, title and state now of the services, those that are configured."""
    config, world = visit.daemon.config(), visit.daemon.world()
    services = [seen_service(config, visit.person, name) for name in names]
    return [(each.name, each.title or each.name, state_of(world, each)) for each in services if each]


def _changes(visit: Visit, store: Reader, found: Incident, names: list[str]) -> list[Change]:
    """What was changed of its services in the hours before it, and until it was over."""
    listed = store.changes(found.opened_at - BEFORE, _MOST_LOOKED_THROUGH)
    until = found.resolved_at if found.resolved_at is not None else visit.now
    return suspects(listed, names, found.opened_at, until)[:_MOST_CHANGES]


def _similar(visit: Visit, store: Reader, found: Incident) -> list[Precedent]:
    """Incidents before it that were like it, and how people ended them."""
    earlier = store.earlier(found)
    before = [
        each for each in earlier.incidents if each.opened_at < found.opened_at and _sees(visit, each.service)
    ]
    tickets = seen_tickets(visit, earlier.fixes.keys())
    return alike(found, before, {number: fix for number, fix in earlier.fixes.items() if number in tickets})


def _is_seen(visit: Visit, entry: Entry, *, said: bool) -> bool:
    """What was decided of other teams' services is for those who see them; what was `said` for those of the ticket."""
    if isinstance(entry, TicketEvent):
        return said
    return not isinstance(entry, Decision) or _sees(visit, entry.service)


def _sees(visit: Visit, service: str) -> bool:
    return sees_about(visit.daemon.config(), visit.person, service)


ADDRESSES = (
    Address("/incidents", "GET", Right.LOOK, listing, shared=True),
    Address("/incidents/{number}", "GET", Right.LOOK, incident, shared=True),
)
