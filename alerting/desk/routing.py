"""Routing: to which helpdesks and channels a ticket goes, how late, how often it is said again, and why. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from alerting.incidents.suppression import Match, Subject, matches
from config.models import Route, RouteMatch

# Whether the calendar of a name is open at the moment that counts.
IsOpen = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Taken:
    """A route that a ticket takes, and its number, from 1."""

    number: int
    route: Route

    @property
    def name(self) -> str:
        """`route 2 (team web, severity high)`."""
        return f"route {self.number} ({words(self.route.match)})"


@dataclass(frozen=True, slots=True)
class Way:
    """Where a ticket goes, by the routes that it takes: `delay` seconds after it was opened, since `why` leads there.

    `repeat`: seconds after which it is said again.
    """

    helpdesk: str
    delay: float
    why: str
    repeat: float | None = None


def taken(routes: Iterable[Route], subject: Subject, is_open: IsOpen) -> tuple[Taken, ...]:
    """The first route that matches, and those after it that match as long as each says `continue`."""
    return tuple(each for each, why_not in weighed(routes, subject, is_open) if not why_not)


def weighed(routes: Iterable[Route], subject: Subject, is_open: IsOpen) -> Iterator[tuple[Taken, str]]:
    """Every route, with the reason why it is not taken; empty for those that are."""
    end = ""
    for number, route in enumerate(routes, 1):
        why_not = end or misfit(route.match, subject, is_open)
        yield Taken(number, route), why_not
        if not why_not and not route.goes_on:
            end = f"route {number} comes first"


def ways(routes: Iterable[Taken]) -> dict[str, Way]:
    """Each helpdesk that these lead to; where several do, the earliest delay and the shortest repeat hold."""
    found: dict[str, Way] = {}
    for each in routes:
        for name in each.route.send_to:
            way = Way(name, each.route.delay, each.name, each.route.repeat)
            known = found.get(name)
            found[name] = way if known is None else _sooner(known, way)
    return found


def misfit(match: RouteMatch, subject: Subject, is_open: IsOpen) -> str:
    """What the subject is that the route is not for; empty when the route is for it."""
    service = subject.service
    asked = {
        "it is for another service": Match(names=match.service),
        "it is for another check": Match(names=match.check),
        f"team is {service.team or 'none'}": Match(team=match.team),
        f"severity is {subject.severity}": Match(severity=match.severity),
        f"criticality is {service.criticality}": Match(criticality=match.criticality),
        f"environment is {service.environment}": Match(environment=match.environment),
        **{
            f"label {name}={value} is lacking": Match(labels={name: value})
            for name, value in match.labels.items()
        },
    }
    for why_not, each in asked.items():
        if not matches(each, subject):
            return why_not
    if match.active is not None and not is_open(match.active):
        return f"{match.active} is closed"
    return f"{match.not_active} is open" if match.not_active and is_open(match.not_active) else ""


def words(match: RouteMatch) -> str:
    """What a route is for, as people would say it."""
    said = match.model_dump(exclude_defaults=True)
    hours = [f"while {said.pop('active')} is open"] if "active" in said else []
    hours += [f"while {said.pop('not_active')} is closed"] if "not_active" in said else []
    labels = [f"{name}={value}" for name, value in said.pop("labels", {}).items()]
    listed = [f"{name} {' or '.join(values)}" for name, values in said.items()]
    return ", ".join([*listed, *labels, *hours]) or "everything"


def _sooner(one: Way, other: Way) -> Way:
    repeats = [each.repeat for each in (one, other) if each.repeat is not None]
    return replace(other if other.delay < one.delay else one, repeat=min(repeats, default=None))
