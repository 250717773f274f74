"""Instatus: summary.json, with the page and what is open; /v2/components.json is read as Statuspage's is."""

from __future__ import annotations

from checks.status_page import statuspage
from checks.status_page.fields import Fields, entries, fields, line, names
from checks.status_page.moments import first_moment
from checks.status_page.page import Event, Indicator, Page
from checks.status_page.words import indicator_of, is_over, is_under_way, state_of


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect."""
    known = fields(document)
    state = fields(known.get("page")).get("status")
    if not isinstance(state, str) and "activeIncidents" not in known and "activeMaintenances" not in known:
        return None
    return Page(
        *state_of(state),
        components=statuspage.components(known.get("components")),
        events=(*_incidents(known), *_maintenances(known)),
    )


def _incidents(known: Fields) -> list[Event]:
    return [
        Event(
            title=line(each.get("name")) or "an incident without a name",
            impact=indicator_of(each.get("impact")) or Indicator.DEGRADED,
            since=first_moment(each.get("started"), each.get("createdAt")),
            components=names(each.get("components")),
        )
        for each in entries(known.get("activeIncidents"))
        if not is_over(each.get("status"))
    ]


def _maintenances(known: Fields) -> list[Event]:
    return [
        Event(
            title=line(each.get("name")) or "a maintenance without a name",
            impact=Indicator.MAINTENANCE,
            since=first_moment(each.get("start")),
            components=names(each.get("components")),
        )
        for each in entries(known.get("activeMaintenances"))
        if is_under_way(each.get("status"))
    ]
