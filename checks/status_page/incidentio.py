"""incident.io: the widget API (/api/v1/summary), which names what is open, and the page's own summary, which names all.

https://docs.incident.io/status-pages/embedding
"""

from __future__ import annotations

from checks.status_page.fields import Fields, entries, fields, line, names
from checks.status_page.moments import first_moment
from checks.status_page.page import Component, Event, Indicator, Page, worst
from checks.status_page.words import indicator_of, is_over

_LISTS = ("ongoing_incidents", "in_progress_maintenances")


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect."""
    known = fields(document)
    if isinstance(known.get("summary"), dict):
        known = fields(known["summary"])
    if not any(isinstance(known.get(each), list) for each in _LISTS):
        return None
    called = {
        line(each.get("id")): line(each.get("name"))
        for each in entries(known.get("components"))
        if each.get("id")
    }
    incidents = [each for each in entries(known.get("ongoing_incidents")) if not is_over(each.get("status"))]
    planned = entries(known.get("in_progress_maintenances"))
    return Page(
        Indicator.OPERATIONAL,
        components=_components(known, called),
        events=(
            *(_event(each, called, _impact(each)) for each in incidents),
            *(_event(each, called, Indicator.MAINTENANCE) for each in planned),
        ),
        lists_all=bool(called),
    )


def _components(known: Fields, called: dict[str, str]) -> tuple[Component, ...]:
    affected = {
        line(each.get("component_id"), each.get("id")): indicator_of(
            each.get("status") or each.get("current_status")
        )
        for each in entries(known.get("affected_components"))
    }
    return tuple(Component(name, affected.get(key, Indicator.OPERATIONAL)) for key, name in called.items())


def _impact(known: Fields) -> Indicator:
    if told := indicator_of(known.get("current_worst_impact") or known.get("impact")):
        return told
    parts = [*entries(known.get("component_impacts")), *entries(known.get("affected_components"))]
    states = [each.get("status") or each.get("current_status") for each in parts if not each.get("end_at")]
    return worst([found for each in states if (found := indicator_of(each))]) or Indicator.DEGRADED


def _event(known: Fields, called: dict[str, str], impact: Indicator) -> Event:
    affected = entries(known.get("affected_components"))
    by_id = [called.get(line(each.get("component_id")), "") for each in affected]
    groups = [each.get("group_name") for each in affected]
    return Event(
        title=line(known.get("name")) or "an event without a name",
        impact=impact,
        since=first_moment(known.get("started_at"), known.get("created_at"), known.get("published_at")),
        components=names([*affected], [*by_id], [*groups]),
    )
