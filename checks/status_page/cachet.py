"""Cachet 2 (/api/v1/…) and 3 (/api/…, JSON:API): components, incidents or schedules, a list in each document.

https://docs.cachethq.io: states are numbers, which version 3 wraps as `{value, human}`.
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.status_page.fields import Fields, are_objects, entries, fields, line
from checks.status_page.moments import first_moment
from checks.status_page.page import Component, Event, Indicator, Page
from checks.status_page.words import state_of

_STATES: Mapping[str, Indicator] = {
    "1": Indicator.OPERATIONAL,
    "2": Indicator.DEGRADED,
    "3": Indicator.PARTIAL,
    "4": Indicator.MAJOR,
    "5": Indicator.MAINTENANCE,
}
_OF_INCIDENTS = frozenset(
    {"is_resolved", "latest_status", "occurred_at", "stickied", "human_status", "notifications"}
)
_FIXED, _UNDER_WAY = "4", "1"


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect."""
    known = fields(document)
    listed = known.get("data")
    if not are_objects(listed) or not (listed or "pagination" in fields(known.get("meta"))):
        return None
    told = [_bare(each) for each in entries(listed)]
    kind = _kind_of(entries(listed), told)
    if kind == "schedules":
        return Page(Indicator.OPERATIONAL, events=_schedules(told), lists_all=False)
    if kind == "incidents":
        return Page(Indicator.OPERATIONAL, events=_incidents(told), lists_all=False)
    if kind != "components":
        return None
    return Page(components=tuple(_component(each) for each in told if each.get("enabled") is not False))


def _kind_of(listed: list[Fields], told: list[Fields]) -> str:
    types = {line(each.get("type")) for each in listed if "attributes" in each}
    if len(types) == 1:
        return types.pop()
    if any("scheduled_at" in each or "completed_at" in each for each in told):
        return "schedules"
    if not told or any(_OF_INCIDENTS & each.keys() for each in told):
        return "incidents"
    return "components" if all("name" in each and "status" in each for each in told) else ""


def _bare(known: Fields) -> Fields:
    return fields(known.get("attributes")) or known


def _value(state: object) -> str:
    """The number, written any way."""
    return line(fields(state).get("value") if isinstance(state, dict) else state)


def _component(known: Fields) -> Component:
    state = known.get("status")
    by_number = _STATES.get(_value(state))
    told = (by_number, "") if by_number else state_of(fields(state).get("human") or known.get("status_name"))
    return Component(line(known.get("name")), *told)


def _incidents(told: list[Fields]) -> tuple[Event, ...]:
    return tuple(
        Event(
            title=line(each.get("name")) or "an incident without a name",
            impact=_STATES.get(_value(each.get("component_status")), Indicator.DEGRADED),
            since=first_moment(*_written(each, "occurred_at", "occurred", "created_at", "created")),
        )
        for each in told
        if not each.get("is_resolved")
        and _FIXED not in (_value(each.get("latest_status")), _value(each.get("status")))
        and _value(each.get("status")) != "0"  # in version 2 a maintenance to come, in 3 not known
    )


def _schedules(told: list[Fields]) -> tuple[Event, ...]:
    return tuple(
        Event(
            title=line(each.get("name")) or "a maintenance without a name",
            impact=Indicator.MAINTENANCE,
            since=first_moment(*_written(each, "scheduled_at", "scheduled")),
        )
        for each in told
        if _value(each.get("status")) == _UNDER_WAY and not any(_written(each, "completed_at"))
    )


def _written(known: Fields, *wanted: str) -> list[object]:
    """Moments as text: version 3 wraps them as `{human, string}`."""
    return [fields(each).get("string") if isinstance(each, dict) else each for each in map(known.get, wanted)]
