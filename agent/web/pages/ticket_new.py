"""`/tickets/new`: what somebody reports by phone or at the door becomes a ticket; what is known of it is shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.control import Refused
from agent.desk.field_words import LONGEST_DESCRIPTION, LONGEST_TITLE, OF_REPORTER, SEVERITIES
from agent.desk.known_issues import of_ticket, remembered
from agent.desk.opening_by_people import CHANNELS
from agent.store.reader import NoStore
from agent.web.doing import seen_tickets
from agent.web.moments import given
from agent.web.sight import seen_service, seen_services
from agent.web.visit import Address, Visit
from alerting.desk.fields import FIELDS
from alerting.desk.known_issue import Known, Match, likely
from alerting.desk.ticket import Ticket
from alerting.slo.figures import rfc3339
from config.categories import categories_of

_MOST_KNOWN, _MOST_CLOSED, _EVERY = 5, 300, 2**62
# What is told of a ticket when it is opened; the other fields are for those who work on it.
_FIELDS = (
    "environment", "urgency", "users", "workflows", "steps_taken", "tests_run", "workaround", "public_workaround",
    "next_step",
)  # fmt: skip
_WORDS = ("title", "description", "service", "category", "team", "severity", "channel")
_MOMENTS = ("detected", "reported")
_NAMES = (*_WORDS, *_MOMENTS, "urgent", *OF_REPORTER, *_FIELDS)
_LABELS = {
    "reporter": "Who reports it",
    "email": "Their e-mail",
    "phone": "Their phone",
    "account": "Account",
    "account_level": "Level of the account, such as gold",
    "user_id": "Id as a user",
    "product_id": "Product",
}


def new(visit: Visit) -> Response:
    """The form; what the address says is filled in."""
    return _form(visit, {name: visit.request.query_params.get(name, "")[:LONGEST_TITLE] for name in _NAMES})


async def open_(visit: Visit) -> Response:
    """A ticket by hand; with `look` only what is known already of such trouble."""
    told = {name: visit.form.get(name, "").strip()[: LONGEST_DESCRIPTION + 1] for name in _NAMES}
    if "look" in visit.form:
        return await visit.aside(lambda: _form(visit, told, looked=True))
    try:
        _may_open(visit, told)
        made = await visit.desk("tickets.open", **_asked(visit, told))
    except Refused as error:
        said = str(error)
        return await visit.aside(lambda: _form(visit, told, said))
    return RedirectResponse(f"/tickets/{made['id']}", 303)


def _asked(visit: Visit, told: Mapping[str, str]) -> dict[str, Any]:
    """As the desk wants it; what is empty is left out."""
    asked: dict[str, Any] = {name: told[name] for name in _WORDS if told[name]}
    asked |= {name: rfc3339(given(visit, told[name])) for name in _MOMENTS if told[name]}
    asked["fields"] = {name: told[name] for name in _FIELDS if told[name]}
    asked["urgent"] = bool(told["urgent"])
    reporter = {part: told[name] for name, part in OF_REPORTER.items() if told[name]}
    return {**asked, "reporter": reporter} if reporter else asked


def _may_open(visit: Visit, told: Mapping[str, str]) -> None:
    """Who sees some teams alone says which it is for. Raises Refused."""
    person, service, team = visit.person, told["service"], told["team"]
    if service and seen_service(visit.daemon.config(), person, service) is None:
        raise Refused(f"there is no service {service[:63]}")
    if team and not person.sees(team):
        raise Refused(f"there is no team {team[:63]}")
    if person.teams is not None and not service and not team:
        raise Refused("say which service or team it is for")


def _form(visit: Visit, told: Mapping[str, str], wrong: str = "", *, looked: bool = False) -> Response:
    config, person = visit.daemon.config(), visit.person
    return visit.page(
        "ticket_new.html",
        400 if wrong else 200,
        services=seen_services(config, person),
        teams=[name for name in config.teams if person.sees(name)],
        categories=list(categories_of(config.desk.categories)),
        severities=SEVERITIES,
        channels=CHANNELS,
        reporter=_LABELS,
        fields=[(name, FIELDS[name]) for name in _FIELDS],
        known=_known(visit, told) if looked or wrong else [],
        looked=looked,
        told=told,
        wrong=wrong,
        longest=LONGEST_TITLE,
    )


def _known(visit: Visit, told: Mapping[str, str]) -> list[tuple[Match, Ticket]]:
    """The likeliest tickets of the same trouble, open and closed, of those that the person sees."""
    if not told["title"] and not told["description"]:
        return []
    world, rules = visit.daemon.world(), visit.daemon.rules()
    found = [*remembered(rules, list(world.incidents.values()), dict(world.tickets), _EVERY)]
    matches = likely(told["service"], told["title"], told["description"], [*found, *_closed(visit)])
    seen = seen_tickets(visit, [each.known.ticket for each in matches])
    listed = ((each, seen[each.known.ticket]) for each in matches if each.known.ticket in seen)
    return list(islice(listed, _MOST_KNOWN))


def _closed(visit: Visit) -> Iterator[Known]:
    rules = visit.daemon.rules()
    try:
        with visit.daemon.store() as store:
            ended = store.ended_tickets(_MOST_CLOSED)
    except NoStore:
        return
    there = visit.daemon.world().tickets
    yield from (of_ticket(rules, each) for each in ended if each.number not in there)


ADDRESSES = (
    Address("/tickets/new", "GET", Right.WORK, new),
    Address("/tickets/new", "POST", Right.WORK, open_),
)
