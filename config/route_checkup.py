"""Routes that make no sense: never reached, too late, or falling back to what they fall back from."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from config.dependencies import KnownService, look_at_name
from config.friendly import shown
from config.models import ITSELF, Config, Route, RouteMatch
from config.places import Where
from config.sources import Sources

_EVERYTHING = RouteMatch()
# Rules of a service that no check of that name stands behind.
_OWN_RULES = frozenset({"budget", "blind"})


def look_at_routes(sources: Sources, config: Config) -> None:
    """Note mistakes and warnings in `sources`."""
    for number, route in enumerate(config.routes):
        where: Where = ("routes", number)
        _fallback(sources, where, route)
        _calendars(sources, where, route)
        _order(sources, number, config.routes)


def look_at_checks(sources: Sources, number: int, checks: Collection[str], known: KnownService) -> None:
    """The checks that a route names."""
    for place, name in enumerate(checks):
        where: Where = ("routes", number, "match", "check", place)
        service, dot, check = name.partition(".")
        if not dot:
            sources.blame(where, f"{shown(name)} names no check", "write service.check, or service: instead")
        elif check in _OWN_RULES or service == ITSELF:
            known(where, service)
        elif sources.tree.get("services"):
            look_at_name(sources, where, name, known)


def _fallback(sources: Sources, where: Where, route: Route) -> None:
    for place, name in enumerate(route.fallback):
        if name in route.send_to:
            message = f"{shown(name)} would fall back to itself"
            sources.blame((*where, "fallback", place), message, "name another helpdesk or channel")
    if not route.fallback and "fallback_after" in route.model_fields_set:
        message = "says nothing without fallback: no other helpdesk is named"
        sources.warn((*where, "fallback_after"), message, "add fallback:, or leave it out", key=True)


def _calendars(sources: Sources, where: Where, route: Route) -> None:
    if route.match.active is not None and route.match.active == route.match.not_active:
        message = f"{shown(route.match.active)} is never open and closed at once: the route takes nothing"
        sources.blame((*where, "match", "not_active"), message, "leave one of active: and not_active: out")


def _order(sources: Sources, number: int, routes: Sequence[Route]) -> None:
    """What the routes before it leave for a route, and whether any comes after it."""
    where: Where = ("routes", number)
    route, before = routes[number], list(enumerate(routes[:number]))
    ends = next((n for n, each in before if _takes(each, route) and not each.goes_on), None)
    if ends is not None:
        message = f"is never looked at: routes.{ends} takes all that it would"
        sources.warn(where, message, "write continue: true there, or put this one before it")
        return
    if route.goes_on and number == len(routes) - 1:
        sources.warn((*where, "continue"), "no route comes after this one", "leave the line out", key=True)
    for n, each in before:
        sooner = each.delay <= route.delay and set(route.send_to) <= set(each.send_to)
        adds = route.repeat is not None or route.fallback or route.in_doubt != "ask"
        if _takes(each, route) and sooner and not adds:
            message = f"sends nothing: routes.{n} has sent all of it there by then"
            sources.warn(where, message, "leave one of the two out, or send this one elsewhere")
            return


def _takes(before: Route, route: Route) -> bool:
    """Whether all that a route takes is taken by one before it; told for the plain cases only."""
    return before.match in (_EVERYTHING, route.match)
