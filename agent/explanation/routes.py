"""Which routes tickets of a service would take, and why the others not: foretold, nothing has happened."""

from __future__ import annotations

from dataclasses import dataclass, replace

from agent.rulebook import Rulebook
from alerting.desk.routing import Taken, weighed
from alerting.incidents.problem import Problem
from alerting.incidents.suppression import Subject
from checks.base import Status


@dataclass(frozen=True, slots=True)
class Foretold:
    """What tickets of these `checks` would do at a level of trouble.

    `severity` they would have for the reason `why`. `weighed` are all routes, each with the reason why it is not taken,
    empty where it is.
    """

    level: Status
    severity: str
    why: str
    weighed: tuple[tuple[Taken, str], ...]
    checks: tuple[str, ...] = ()

    @property
    def taken(self) -> tuple[Taken, ...]:
        return tuple(each for each, why_not in self.weighed if not why_not)


def foretell_routes(rules: Rulebook, service: str, checks: tuple[str, ...], at: int) -> list[Foretold]:
    """For tickets opened at that moment; checks that fare alike are told of together, the worse level first."""
    found: dict[tuple[object, ...], Foretold] = {}
    for level in (Status.DOWN, Status.DEGRADED):
        for check in checks:
            severity, why = rules.severity_of(Problem(service, check, level, at, at, ""))
            subject = Subject(rules.services[service], check, rules.checks.get((service, check)), severity)
            routes = tuple(weighed(rules.routes, subject, lambda calendar: rules.is_open(calendar, at)))
            alike = (level, severity, why, *(why_not for _, why_not in routes))
            known = found.get(alike, Foretold(level, severity, why, routes))
            found[alike] = replace(known, checks=(*known.checks, check))
    return list(found.values())
