"""`/tickets`: the queue, chosen, searched and sorted, a page at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.control import Refused
from agent.store.reader import NoStore
from agent.views.tickets import Wanted, due_next, late, names_of
from agent.web.paging import paged
from agent.web.sight import seen_services
from agent.web.visit import Address, Visit
from alerting.desk.ticket import Ticket
from config.policies import PRIORITIES

_SIZE = 50
_LONGEST = 200
_STATES = ("new", "acknowledged", "in_progress", "pending", "resolved", "closed")
_NEVER = 2**62
_TOLD = ("title", "description", "service", "reporter")
_SORTS: Mapping[str, Callable[[Ticket], Any]] = {
    "due": lambda each: due_next(each) or _NEVER,
    "priority": lambda each: (
        PRIORITIES.index(each.priority) if each.priority in PRIORITIES else 99,
        each.number,
    ),
    "newest": lambda each: -each.number,
    "oldest": lambda each: each.number,
}


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the queue, with how many there are; those of all times are not counted."""

    name: str
    title: str
    count: int | None


def queue(visit: Visit) -> Response:
    """`?tab=mine|team|unassigned|overdue|open|all`, filters as `tocsin tickets list` has them, and `sort`."""
    tabs = _tabs(visit, names_of(visit.person.name, visit.daemon.config().teams))
    asked = {name: visit.request.query_params.get(name, "")[:_LONGEST] for name in ("tab", "sort", *_FILTERS)}
    tab = asked["tab"] if asked["tab"] in tabs else "open"
    given = {name: asked[name] for name in _FILTERS if asked[name]}
    current, wanted = _current(visit), Wanted(
        state=asked["state"] or None, priority=asked["priority"] or None, team=asked["team"] or None,
        assignee=asked["assignee"] or None, service=asked["service"] or None, search=asked["search"] or None,
    )  # fmt: skip
    among = _ever(visit) if tab == "all" else current
    chosen = [each for each in among if tabs[tab](each) and wanted.fits(each, visit.now)]
    sort = asked["sort"] if asked["sort"] in _SORTS else "due"
    page = paged(visit, sorted(chosen, key=_SORTS[sort]), _SIZE)
    return visit.page(
        "tickets.html",
        page=page,
        listed=[(each, due_next(each), late(each, visit.now)) for each in page.items],
        tabs=[
            Tab(name, _TITLES[name], None if name == "all" else sum(map(fits, current)))
            for name, fits in tabs.items()
        ],
        tab=tab,
        asked={**asked, "sort": sort},
        more=urlencode(given),
        states=_STATES,
        priorities=PRIORITIES,
        sorts=tuple(_SORTS),
    )


_FILTERS = ("state", "priority", "team", "assignee", "service", "search")
_TITLES = {
    "mine": "Mine",
    "team": "My team's",
    "unassigned": "Unassigned",
    "overdue": "Overdue",
    "open": "Open",
    "all": "All",
}


def _tabs(visit: Visit, mine: Sequence[str]) -> dict[str, Callable[[Ticket], bool]]:
    teams = {
        name
        for name, team in visit.daemon.config().teams.items()
        if any(each.login == visit.person.name or each.name in mine for each in team.members)
    } | (visit.person.teams or set())
    return {
        "mine": lambda each: each.is_open and each.assignee in mine,
        "team": lambda each: each.is_open and each.team in teams,
        "unassigned": lambda each: each.is_open and not each.assignee,
        "overdue": lambda each: late(each, visit.now),
        "open": lambda each: each.is_open,
        "all": lambda _each: True,
    }


def _count(name: str, fits: Callable[[Ticket], bool], current: Sequence[Ticket]) -> int | None:
    return None if name == "all" else sum(map(fits, current))


def _current(visit: Visit) -> list[Ticket]:
    """Those that are not closed, from memory."""
    return [each for each in visit.daemon.world().tickets.values() if visit.sees_ticket(each)]


def _ever(visit: Visit) -> list[Ticket]:
    try:
        with visit.daemon.store() as store:
            return [each for each in store.tickets() if visit.sees_ticket(each)]
    except NoStore:
        return []


def new(visit: Visit) -> Response:
    """The form for what somebody reports by phone or at the door."""
    return _form(visit)


async def open_(visit: Visit) -> Response:
    """A ticket by hand."""
    told = {
        name: visit.form.get(name, "").strip() for name in ("title", "description", "service", "reporter")
    }
    asked: dict[str, Any] = {"title": told["title"], "description": told["description"]}
    if told["service"]:
        asked["service"] = told["service"]
    if told["reporter"]:
        asked["reporter"] = {"name": told["reporter"], "email": visit.form.get("email", "").strip()}
    try:
        made = await visit.desk("tickets.open", **asked)
    except Refused as error:
        return _form(visit, str(error), told)
    return RedirectResponse(f"/tickets/{made['id']}", 303)


def _form(visit: Visit, wrong: str = "", told: Mapping[str, str] | None = None) -> Response:
    seen = seen_services(visit.daemon.config(), visit.person)
    filled = {**dict.fromkeys(_TOLD, ""), **(told or {})}
    return visit.page(
        "ticket_new.html", 400 if wrong else 200, services=seen, wrong=wrong, told=filled, email=""
    )


ADDRESSES = (
    Address("/tickets", "GET", Right.LOOK, queue),
    Address("/tickets/new", "GET", Right.WORK, new),
    Address("/tickets/new", "POST", Right.WORK, open_),
)
