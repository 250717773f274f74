"""`/`: how everything is, in one look: what is wrong first, then every service."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from starlette.responses import Response

from agent.access.person import Right
from agent.memory import World
from agent.views.services import state_of
from agent.views.tickets import due_next
from agent.web.charts.strip import percent, strip
from agent.web.figures import Figure
from agent.web.paging import Page, paged
from agent.web.sight import seen_services
from agent.web.visit import Address, Visit
from alerting.desk.ticket import Ticket
from alerting.incidents.incident import Incident
from config.models import Service

_CLOCKS = 10
_WORST = ("down", "degraded", "unknown", "maintenance", "up")
_SIZE = 100


def overview(visit: Visit) -> Response:
    """What the person sees: counts, incidents that are open, clocks that run out, services a hundred a page."""
    world, seen = visit.daemon.world(), seen_services(visit.daemon.config(), visit.person)
    states = {each.name: state_of(world, each) for each in seen}
    chosen = _chosen(visit, seen, states)
    page = paged(visit, chosen, _SIZE)
    return visit.page(
        "overview.html",
        counts=[(state, count) for state in _WORST if (count := Counter(states.values())[state])],
        incidents=_incidents(world, seen),
        clocks=_clocks(visit, world),
        listed=[_row(visit, each, states[each.name], figure) for each, figure in _with_figures(visit, page)],
        page=page,
        query=visit.request.query_params,
        teams=sorted({each.team for each in seen if each.team}),
        states=_WORST,
    )


def _chosen(visit: Visit, seen: Sequence[Service], states: Mapping[str, str]) -> list[Service]:
    """As the filter of the page says; the worst first."""
    asked = visit.request.query_params
    word, state, team = asked.get("search", "").casefold()[:100], asked.get("state"), asked.get("team")
    found = [
        each
        for each in seen
        if (not word or word in f"{each.name} {each.title}".casefold())
        and (not state or states[each.name] == state)
        and (not team or each.team == team)
    ]
    return sorted(found, key=lambda each: (_WORST.index(states[each.name]), each.title or each.name))


def _with_figures(visit: Visit, page: Page[Service]) -> Collection[tuple[Service, Figure]]:
    found = visit.daemon.figures.of(page.items)
    return [(each, found[each.name]) for each in page.items]


def _row(visit: Visit, service: Service, state: str, figure: Figure) -> dict[str, Any]:
    track = visit.daemon.world().services.get(service.name, ())
    zone = visit.daemon.config().agent.timezone
    return {
        "name": service.name,
        "title": service.title or service.name,
        "team": service.team,
        "state": state,
        "since": track[-1][0] if track else None,
        "uptime": None if figure.uptime is None else percent(figure.uptime),
        "met": figure.uptime is None or figure.uptime >= service.target,
        "strip": strip(figure.days, service.target, zone) if figure.days else "",
    }


def _incidents(world: World, seen: Sequence[Service]) -> list[Incident]:
    names = {each.name for each in seen}
    found = [each for each in world.incidents.values() if each.state == "open" and each.service in names]
    return sorted(found, key=lambda each: each.opened_at)


def _clocks(visit: Visit, world: World) -> list[tuple[Ticket, int]]:
    """Open tickets with what is due of them next, the most urgent first."""
    due = [(each, due_next(each)) for each in world.tickets.values() if visit.sees_ticket(each)]
    return sorted(((each, at) for each, at in due if at is not None), key=lambda each: each[1])[:_CLOCKS]


ADDRESSES = (Address("/", "GET", Right.LOOK, overview, shared=True),)
