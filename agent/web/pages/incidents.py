"""`/incidents`: what went wrong, what belongs to each, and what was decided of it."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from agent.access.person import Right
from agent.store.reader import NoStore
from agent.views.incidents import incident_document, incidents
from agent.web.paging import paged
from agent.web.sight import sees_about
from agent.web.visit import Address, Visit

_SIZE = 50
_STATES = ("open", "watching", "resolved")


def listing(visit: Visit) -> Response:
    """The newest first; `?state=open`."""
    asked = visit.request.query_params.get("state", "")
    state = asked if asked in _STATES else ""
    try:
        with visit.daemon.store() as store:
            found = incidents(store, only_open=state == "open")
    except NoStore:
        found = []
    config = visit.daemon.config()
    seen = [
        each
        for each in found
        if state in ("", each["state"]) and sees_about(config, visit.person, each["service"])
    ]
    return visit.page("incidents.html", page=paged(visit, seen, _SIZE), state=state, states=_STATES)


def incident(visit: Visit) -> Response:
    """One, with its members and the decisions on it."""
    text = visit.request.path_params["number"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
    try:
        with visit.daemon.store() as store:
            found = next((each for each in store.incidents() if each.id == number), None)
            if found is None or not sees_about(visit.daemon.config(), visit.person, found.service):
                raise HTTPException(404, "there is no such incident")
            decisions = store.decisions()
            told = incident_document(found, decisions.members([number]).get(number, ()), decisions.flapping())
            decided = decisions.of_incident(number)
    except NoStore:
        raise HTTPException(404, "there is no such incident") from None
    return visit.page("incident.html", incident=told, decided=decided)


ADDRESSES = (
    Address("/incidents", "GET", Right.LOOK, listing, shared=True),
    Address("/incidents/{number}", "GET", Right.LOOK, incident, shared=True),
)
