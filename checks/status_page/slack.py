"""Slack's own status API, versions 2.0.0 and 1: https://docs.slack.dev/reference/slack-status-api"""

from __future__ import annotations

from checks.status_page.fields import Fields, entries, fields, line, names
from checks.status_page.moments import moment
from checks.status_page.page import Event, Indicator, Page
from checks.status_page.words import indicator_of, is_over, plain


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect."""
    known = fields(document)
    if not isinstance(known.get("status"), str) or not (
        "active_incidents" in known or "date_updated" in known
    ):
        return None
    listed = entries(known["active_incidents"]) if "active_incidents" in known else [known]
    events = tuple(_event(each) for each in listed if "title" in each and _is_open(each))
    well = plain(known["status"]) == "ok" or bool(events)  # an incident says by its type how bad it is
    return Page(Indicator.OPERATIONAL if well else Indicator.DEGRADED, events=events, lists_all=False)


def _is_open(known: Fields) -> bool:
    return not is_over(known.get("status")) and plain(known.get("status")) not in ("scheduled", "ok")


def _event(known: Fields) -> Event:
    return Event(
        title=line(known.get("title")) or "an incident without a title",
        impact=indicator_of(known.get("type")) or Indicator.DEGRADED,
        since=moment(known.get("date_created")),
        components=names(known.get("services")),
    )
