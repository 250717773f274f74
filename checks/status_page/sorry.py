"""Sorry (sorryapp.com): the page, its components and its notices, a document each under /api/v1/."""

from __future__ import annotations

from checks.status_page.fields import Fields, are_objects, entries, fields, line, names
from checks.status_page.moments import first_moment
from checks.status_page.page import Component, Event, Indicator, Page
from checks.status_page.words import is_over, is_under_way, plain, state_of


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect."""
    known = fields(document)
    state = fields(known.get("page")).get("state")
    parts, notices = known.get("components"), known.get("notices")
    lists_parts = bool(parts) and are_objects(parts) and all("state" in each for each in entries(parts))
    if not isinstance(state, str) and not lists_parts and not are_objects(notices):
        return None
    told = isinstance(state, str) or lists_parts
    of_page = state_of(state) if isinstance(state, str) else (None if told else Indicator.OPERATIONAL, "")
    return Page(
        *of_page,
        components=tuple(_component(each) for each in entries(parts)),
        events=tuple(_notice(each) for each in entries(notices) if _is_open(each)),
        lists_all=told,
    )


def _component(known: Fields) -> Component:
    return Component(line(known.get("name")), *state_of(known.get("state")))


def _is_planned(known: Fields) -> bool:
    return plain(known.get("type")) == "planned"


def _is_open(known: Fields) -> bool:
    return is_under_way(known.get("state")) if _is_planned(known) else not is_over(known.get("state"))


def _notice(known: Fields) -> Event:
    return Event(
        title=line(known.get("subject")) or "a notice without a subject",
        impact=Indicator.MAINTENANCE if _is_planned(known) else Indicator.DEGRADED,
        since=first_moment(known.get("began_at"), known.get("begins_at"), known.get("created_at")),
        components=names(known.get("components")),
    )
