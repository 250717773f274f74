"""Routing: to which helpdesks and channels a ticket goes. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from alerting.incidents.suppression import Match, Subject, matches
from config.models import Route, RouteMatch


def destinations(routes: Iterable[Route], subject: Subject) -> tuple[str, ...]:
    """Those of the first route that matches; none when none does."""
    listed = list(routes)
    index = first_match(listed, subject)
    return tuple(dict.fromkeys(listed[index].send_to)) if index is not None else ()


def first_match(routes: Iterable[Route], subject: Subject) -> int | None:
    """The place of the first route that matches; None when none does."""
    return next((index for index, route in enumerate(routes) if matches(_match(route.match), subject)), None)


def _match(match: RouteMatch) -> Match:
    return Match(
        names=match.service,
        team=match.team,
        severity=match.severity,
        criticality=match.criticality,
        environment=match.environment,
        labels=match.labels,
    )
