"""UptimeRobot's status pages: getMonitorList, with a colour for each monitor, as the page itself asks for it."""

from __future__ import annotations

from collections.abc import Mapping

from checks.status_page.fields import Fields, are_objects, entries, fields, line
from checks.status_page.page import Component, Indicator, Page

_COLOURS: Mapping[str, Indicator] = {
    "success": Indicator.OPERATIONAL,
    "warning": Indicator.DEGRADED,
    "danger": Indicator.MAJOR,
}


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect."""
    known = fields(document)
    listed = known.get("data", known.get("psp_monitors"))
    if not listed or not are_objects(listed) or not all("statusClass" in each for each in entries(listed)):
        return None
    return Page(components=tuple(_monitor(each) for each in entries(listed)))


def _monitor(known: Fields) -> Component:
    """A paused one (`black`) is not watched."""
    colour = line(known.get("statusClass"))
    indicator = _COLOURS.get(colour)
    return Component(
        line(known.get("name")), indicator, "" if indicator or colour == "black" else colour or "nothing"
    )
