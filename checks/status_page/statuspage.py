"""Statuspage v2, by Atlassian, and those that imitate it: summary, status, components and incidents.

https://developer.statuspage.io: the impact of an incident is no state: while it is watched its components may
work again. Where the document tells states, its incidents are evidence and no more.
"""

from __future__ import annotations

from checks.status_page.fields import Fields, are_objects, entries, fields, line, names
from checks.status_page.moments import first_moment
from checks.status_page.page import Component, Event, Indicator, Page
from checks.status_page.words import indicator_of, is_over, is_under_way, state_of


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect."""
    known = fields(document)
    status = fields(known.get("status"))
    listed = _lists_components(known)
    told = fields(known.get("page")) and any(
        are_objects(known.get(each)) for each in ("incidents", "scheduled_maintenances")
    )
    if "indicator" not in status and not listed and not told:
        return None
    states = "indicator" in status or listed
    untold = None if states else Indicator.OPERATIONAL
    return Page(
        *(state_of(status["indicator"]) if "indicator" in status else (untold, "")),
        components=components(known.get("components")),
        events=(*_incidents(known, counts=not states), *_maintenances(known)),
        lists_all=states,
    )


def components(listed: object) -> tuple[Component, ...]:
    """The components of a list with `name` and `status`, each with the name of its group if it has one."""
    found = entries(listed)
    titles = {line(each["id"]): line(each.get("name")) for each in found if each.get("id")}
    return tuple(
        Component(line(each.get("name")), *state_of(each.get("status")), titles.get(_group(each), ""))
        for each in found
    )


def _lists_components(known: Fields) -> bool:
    listed = known.get("components")
    return (
        bool(listed)
        and are_objects(listed)
        and all("name" in each and "status" in each for each in entries(listed))
    )


def _group(known: Fields) -> str:
    group = known.get("group_id") or known.get("group")
    return line(fields(group).get("id"), group)


def _incidents(known: Fields, *, counts: bool) -> list[Event]:
    return [
        Event(
            title=line(each.get("name")) or "an incident without a name",
            impact=indicator_of(each.get("impact")) or Indicator.DEGRADED,
            since=first_moment(each.get("started_at"), each.get("created_at")),
            components=_touched(each),
            counts=counts,
        )
        for each in entries(known.get("incidents"))
        if not is_over(each.get("status")) and not each.get("resolved_at") and not _is_maintenance(each)
    ]


def _maintenances(known: Fields) -> list[Event]:
    listed = [each for each in entries(known.get("incidents")) if _is_maintenance(each)]
    return [
        Event(
            title=line(each.get("name")) or "a maintenance without a name",
            impact=Indicator.MAINTENANCE,
            since=first_moment(each.get("started_at"), each.get("scheduled_for"), each.get("created_at")),
            components=_touched(each),
        )
        for each in (*entries(known.get("scheduled_maintenances")), *listed)
        if is_under_way(each.get("status"))
    ]


def _is_maintenance(known: Fields) -> bool:
    return indicator_of(known.get("impact")) is Indicator.MAINTENANCE


def _touched(known: Fields) -> tuple[str, ...]:
    updates = entries(known.get("incident_updates"))
    return names(known.get("components"), updates[0].get("affected_components") if updates else None)
