"""Heroku's status API v4, and Salesforce Trust, which follows it: instances, incidents and maintenances.

https://devcenter.heroku.com/articles/heroku-status, https://api.status.salesforce.com/v1/docs
"""

from __future__ import annotations

from checks.status_page.fields import Fields, are_objects, entries, fields, line, names
from checks.status_page.moments import first_moment, moment
from checks.status_page.page import Component, Event, Indicator, Page, worst
from checks.status_page.words import indicator_of, is_over, is_under_way, state_of


def read(document: object) -> Page | None:
    """Heroku's page, or None if this is another dialect."""
    known = fields(document)
    systems = known.get("status")
    if not systems or not are_objects(systems) or not all("system" in each for each in entries(systems)):
        return None
    return Page(
        components=tuple(_system(each) for each in entries(systems)),
        events=(*_incidents(known), *_scheduled(known)),
    )


def read_trust(document: object) -> Page | None:
    """Salesforce Trust's page, or None if this is another dialect."""
    listed = document if isinstance(document, list) else [document]
    if not are_objects(listed):
        return None
    if all("IncidentImpacts" in each or "MaintenanceImpacts" in each for each in entries(listed)):
        return Page(Indicator.OPERATIONAL, events=_trust_events(entries(listed)), lists_all=False)
    if all("key" in each and "status" in each and "environment" in each for each in entries(listed)):
        events = _trust_events([told for each in entries(listed) for told in _told(each)])
        return Page(components=tuple(_instance(each) for each in entries(listed)), events=events)
    return None


def _system(known: Fields) -> Component:
    return Component(line(known.get("system")), *state_of(known.get("status")))


def _incidents(known: Fields) -> list[Event]:
    return [
        Event(
            title=line(each.get("title"), each.get("name")) or "an incident without a title",
            impact=indicator_of(each.get("severity")) or Indicator.DEGRADED,
            since=first_moment(each.get("created_at")),
            components=names(each.get("systems")),
            counts=False,
        )
        for each in entries(known.get("incidents"))
        if not _is_over(each)
    ]


def _is_over(known: Fields) -> bool:
    return known.get("resolved") is True or any(is_over(known.get(name)) for name in ("state", "status"))


def _scheduled(known: Fields) -> list[Event]:
    return [
        Event(
            line(each.get("title")),
            Indicator.MAINTENANCE,
            first_moment(each.get("scheduled_start"), each.get("created_at")),
        )
        for each in entries(known.get("scheduled"))
        if is_under_way(each.get("state"))
    ]


def _instance(known: Fields) -> Component:
    """`OK`, `MAJOR_INCIDENT_CORE`, `MINOR_INCIDENT_NONCORE`, `MAINTENANCE_CORE`, `INFORMATIONAL_CORE`."""
    state = state_of(line(known.get("status")).partition("_")[0])
    return Component(line(known.get("key")), *state, line(known.get("location")))


def _told(instance: Fields) -> list[Fields]:
    return [*entries(instance.get("Incidents")), *entries(instance.get("Maintenances"))]


def _trust_events(listed: list[Fields]) -> tuple[Event, ...]:
    return tuple(_trust_event(each) for each in listed if _is_open(each))


def _is_open(known: Fields) -> bool:
    state = fields(known.get("message")).get("eventStatus")
    if "MaintenanceImpacts" in known:
        return is_under_way(state)
    if is_over(state) or is_over(known.get("status")):
        return False
    return any(not each.get("endTime") for each in entries(known.get("IncidentImpacts")))


def _trust_event(known: Fields) -> Event:
    planned = "MaintenanceImpacts" in known
    impacts = entries(known.get("IncidentImpacts"))
    bad = [
        indicator_of(each.get("severity")) or Indicator.DEGRADED
        for each in impacts
        if not each.get("endTime")
    ]
    updates = entries(known.get("IncidentEvents"))
    newest = max(updates, key=lambda each: moment(each.get("createdAt")) or 0.0, default={})
    starts = [at for each in impacts if (at := moment(each.get("startTime"))) is not None]
    return Event(
        title=line(known.get("name"), newest.get("message"), known.get("externalId"))
        or "an incident without a name",
        impact=Indicator.MAINTENANCE if planned else worst(bad) or Indicator.DEGRADED,
        since=first_moment(known.get("plannedStartTime"), min(starts, default=None), known.get("createdAt")),
        components=names(known.get("serviceKeys"), known.get("instanceKeys")),
    )
