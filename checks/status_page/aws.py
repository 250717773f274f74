"""AWS Health Dashboard: public/currentevents, a list of what is open (its RSS feeds are read as any feed is).

The statuses are those of the dashboard's legend: 0 normal, 1 a message, 2 performance issues, 3 a disruption.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.status_page.fields import Fields, entries, fields, line, names
from checks.status_page.moments import first_moment
from checks.status_page.page import Component, Event, Indicator, Page, worst

_STATUSES: Mapping[str, Indicator] = {
    "0": Indicator.OPERATIONAL,
    "1": Indicator.OPERATIONAL,
    "2": Indicator.DEGRADED,
    "3": Indicator.MAJOR,
}


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect. An empty list says that nothing is open."""
    if not isinstance(document, list) or not all(_is_event(each) for each in document):
        return None
    open_now = [
        each for each in entries(document) if line(each.get("status")) != "0" and not each.get("end_time")
    ]
    events = [_event(each) for each in open_now]
    return Page(
        indicator=worst([Indicator.OPERATIONAL, *(each.impact for each in events)]),
        components=tuple(part for each in open_now for part in _components(each)),
        events=tuple(events),
        lists_all=False,
    )


def _is_event(each: object) -> bool:
    return isinstance(each, dict) and "service" in each and ("event_log" in each or "arn" in each)


def _indicator(status: object) -> Indicator:
    return _STATUSES.get(line(status), Indicator.DEGRADED)


def _components(known: Fields) -> list[Component]:
    """The services that it is about: of several each has its own status now."""
    place = line(known.get("region_name"))
    alone = {line(known.get("service")): {**known, "current": known.get("status")}}
    told = {key: fields(each) for key, each in (fields(known.get("impacted_services")) or alone).items()}
    return [
        Component(
            line(each.get("service_name"), key), _indicator(each.get("current")), "", place, (line(key),)
        )
        for key, each in told.items()
    ]


def _event(known: Fields) -> Event:
    arn = line(known.get("arn")).split(":")
    region = arn[3] if len(arn) > 3 else ""
    impacted = fields(known.get("impacted_services"))
    single = names(known.get("service_name"), known.get("service"), known.get("region_name"), region)
    several = names(*(fields(told).get("service_name") for told in impacted.values()), *impacted)
    return Event(
        title=line(known.get("summary")) or "an event without a summary",
        impact=_indicator(known.get("status")),
        since=first_moment(known.get("date"), known.get("start_time")),
        components=(*single, *several),
        counts=not impacted,
    )
