"""Google Cloud, and Google's dashboards of the same make: incidents.json, a list of all incidents of some years.

https://status.cloud.google.com/incidents.schema.json: an incident with an `end` is over, whatever
`currently_affected_locations` still holds. Service information is a notice: evidence, and no trouble.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.status_page.fields import Fields, entries, line, names
from checks.status_page.moments import moment
from checks.status_page.page import Event, Indicator, Page
from checks.status_page.words import plain

_IMPACTS: Mapping[str, Indicator] = {
    "available": Indicator.OPERATIONAL,
    "serviceinformation": Indicator.OPERATIONAL,
    "servicemaintenance": Indicator.MAINTENANCE,
    "servicedisruption": Indicator.DEGRADED,
    "serviceoutage": Indicator.MAJOR,
    "low": Indicator.DEGRADED,
    "medium": Indicator.DEGRADED,
    "high": Indicator.MAJOR,
}


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect. An empty list says that there was no incident."""
    if not isinstance(document, list) or not all(_is_incident(each) for each in document):
        return None
    events = tuple(_event(each) for each in entries(document) if not each.get("end"))
    return Page(Indicator.OPERATIONAL, events=events, lists_all=False)


def _is_incident(each: object) -> bool:
    return isinstance(each, dict) and "begin" in each and ("external_desc" in each or "status_impact" in each)


def _event(known: Fields) -> Event:
    impact = _IMPACTS.get(plain(known.get("status_impact"))) or _IMPACTS.get(plain(known.get("severity")))
    places = known.get("currently_affected_locations")
    return Event(
        title=line(known.get("external_desc")) or "an incident without a description",
        impact=impact or Indicator.DEGRADED,
        since=moment(known.get("begin")),
        components=names(known.get("affected_products"), known.get("service_name"), places),
    )
