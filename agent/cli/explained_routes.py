"""Where tickets of a service would go, printed: as one JSON document, or a line for each route."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from agent.cli.folding import print_wrapped
from config.units import show_duration

if TYPE_CHECKING:
    from agent.explanation.routes import Foretold
    from config.models import Route


def as_document(found: Foretold, service: str, helpdesks: Collection[str]) -> dict[str, Any]:
    """`leads_to` is what comes of all routes together, without what no connector is there for."""
    from alerting.desk.routing import ways

    led = [way for way in ways(found.taken).values() if way.helpdesk in helpdesks]
    return {
        "level": found.level.value,
        "checks": [f"{service}.{check}" for check in found.checks if check],
        "severity": found.severity,
        "why": found.why,
        "leads_to": [
            {"helpdesk": way.helpdesk, "delay": way.delay, "repeat": way.repeat, "why": way.why}
            for way in led
        ],
        "routes": [_route(each.number, each.route, why_not) for each, why_not in found.weighed],
    }


def _route(number: int, route: Route, why_not: str) -> dict[str, Any]:
    from alerting.desk.routing import words

    return {
        "route": number,
        "for": words(route.match),
        "taken": not why_not,
        "why_not": why_not or None,
        "send_to": list(route.send_to),
        "fallback": list(route.fallback),
        "fallback_after": route.fallback_after if route.fallback else None,
    }


def print_routes(found: Sequence[Foretold], name: str, opened: str) -> None:
    """For people; `name` is the service, or the check, that was asked for."""
    service, every = name.partition(".")[0], {check for each in found for check in each.checks}
    print(f"{name}, tickets opened {opened}")
    for each in found:
        print()
        which = name if every == {*each.checks} else ", ".join(f"{service}.{check}" for check in each.checks)
        print_wrapped(f"{which} {each.level}: {each.severity} ({each.why})", "  ", "")
        for route, why_not in each.weighed:
            told = f"no, {why_not}" if why_not else f"yes, {_led(route.route)}"
            print_wrapped(f"{route.name}: {told}", " " * 6, "  ")
        if not each.taken:
            print("  it stays in the built-in desk")


def _led(route: Route) -> str:
    """Where a route leads, and when."""
    when = f"after {show_duration(route.delay)}" if route.delay else "at once"
    said = [f"to {', '.join(route.send_to)} {when}"]
    if route.repeat is not None:
        said.append(f"again every {show_duration(route.repeat)}")
    if route.fallback:
        said.append(f"stuck for {show_duration(route.fallback_after)}: to {', '.join(route.fallback)}")
    return "; ".join(said)
