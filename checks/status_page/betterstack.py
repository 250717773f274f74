"""Better Stack: /index.json, a JSON:API document with resources and reports.

https://betterstack.com/docs/uptime/status-pages/subscribing-to-status-updates/subscribing-to-api
"""

from __future__ import annotations

from checks.status_page.fields import Fields, entries, fields, line
from checks.status_page.moments import moment
from checks.status_page.page import Component, Event, Indicator, Page, worst
from checks.status_page.words import indicator_of, is_over, plain, state_of


def read(document: object, now: float) -> Page | None:
    """The page, or None if this is another dialect. `now` (seconds since 1970) tells which maintenance is under way."""
    known = fields(document)
    page = fields(known.get("data"))
    if page.get("type") != "status_page":
        return None
    state = fields(page.get("attributes")).get("aggregate_state")
    resources = _of_type(known, "status_page_resource")
    titles = {key: line(told.get("name")) for key, told in _of_type(known, "status_page_section") if key}
    called = {key: _name(told) for key, told in resources if key}
    reports = [told for _, told in _of_type(known, "status_report")]
    return Page(
        *state_of(state),
        components=tuple(_component(told, titles) for _, told in resources),
        events=tuple(_event(each, called) for each in reports if _is_open(each, now)),
    )


def _of_type(known: Fields, kind: str) -> list[tuple[str, Fields]]:
    """Id and attributes of each."""
    found = (each for each in entries(known.get("included")) if each.get("type") == kind)
    return [(line(each.get("id")), fields(each.get("attributes"))) for each in found]


def _name(known: Fields) -> str:
    return line(known.get("public_name"), known.get("name"))


def _component(known: Fields, sections: dict[str, str]) -> Component:
    state, section = known.get("status"), sections.get(line(known.get("status_page_section_id")), "")
    if plain(state) == "notmonitored":
        return Component(_name(known), None, group=section)
    return Component(_name(known), *state_of(state), section)


def _is_maintenance(known: Fields) -> bool:
    return plain(known.get("report_type")) == "maintenance"


def _is_open(known: Fields, now: float) -> bool:
    begins, ends = moment(known.get("starts_at")), moment(known.get("ends_at"))
    if is_over(known.get("aggregate_state")) or (ends is not None and ends <= now):
        return False
    return not _is_maintenance(known) or (begins is not None and begins <= now)


def _event(known: Fields, called: dict[str, str]) -> Event:
    affected = entries(known.get("affected_resources"))
    states = [found for each in affected if (found := indicator_of(each.get("status")))]
    told = indicator_of(known.get("aggregate_state"))
    impact = worst([*states, *([told] if told else [])]) or Indicator.DEGRADED
    touched = (called.get(line(each.get("status_page_resource_id")), "") for each in affected)
    return Event(
        title=line(known.get("title")) or "a report without a title",
        impact=Indicator.MAINTENANCE if _is_maintenance(known) else impact,
        since=moment(known.get("starts_at")),
        components=tuple(filter(None, touched)),
    )
