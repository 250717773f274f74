"""`/`: how everything is, in one look."""

from __future__ import annotations

from starlette.responses import Response

from agent.access.person import Right
from agent.memory import World
from agent.web.visit import Address, Visit


def overview(visit: Visit) -> Response:
    """The services that the person sees, with their states."""
    config, world = visit.daemon.config(), visit.daemon.world()
    listed = [
        {"service": each.name, "title": each.title or each.name, "state": state_of(world, each.name)}
        for each in config.services.values()
        if visit.person.sees(each.team)
    ]
    return visit.page("overview.html", services=listed)


def state_of(world: World, service: str) -> str:
    """The class that the service's time is in now."""
    track = world.services.get(service, ())
    return track[-1][1].value if track else "unknown"


ADDRESSES = (Address("/", "GET", Right.LOOK, overview),)
