"""Apple's system_status_en_US.js, a JSONP document: events under each service."""

from __future__ import annotations

from checks.status_page.fields import Fields, are_objects, entries, fields, line
from checks.status_page.moments import first_moment
from checks.status_page.page import Component, Event, Indicator, Page, worst
from checks.status_page.words import indicator_of, is_over, is_under_way


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect."""
    services = fields(document).get("services")
    listed = entries(services)
    if (
        not listed
        or not are_objects(services)
        or not all("serviceName" in each and "events" in each for each in listed)
    ):
        return None
    events = [
        (line(each.get("serviceName")), told)
        for each in listed
        for told in entries(each["events"])
        if _is_open(told)
    ]
    return Page(
        components=tuple(_component(each) for each in listed),
        events=tuple(_event(name, told) for name, told in events),
    )


def _is_open(known: Fields) -> bool:
    state = known.get("eventStatus")
    return is_under_way(state) or not (is_over(state) or line(state) == "upcoming")


def _impact(known: Fields) -> Indicator:
    return indicator_of(known.get("statusType")) or Indicator.DEGRADED


def _component(known: Fields) -> Component:
    impacts = [_impact(each) for each in entries(known.get("events")) if _is_open(each)]
    return Component(line(known.get("serviceName")), worst([Indicator.OPERATIONAL, *impacts]))


def _event(service: str, known: Fields) -> Event:
    return Event(
        title=f"{service}: {line(known.get('message')) or line(known.get('statusType'))}",
        impact=_impact(known),
        since=first_moment(known.get("epochStartDate"), known.get("startDate")),
        components=(service,),
    )
