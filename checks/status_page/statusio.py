"""Status.io, public status API 1.0: codes for states, and other codes for the progress of an incident.

https://kb.status.io/developers/public-status-api, https://kb.status.io/developers/status-codes
"""

from __future__ import annotations

from collections.abc import Mapping

from checks.status_page.fields import Fields, entries, fields, line, names
from checks.status_page.moments import first_moment
from checks.status_page.page import Component, Event, Indicator, Page
from checks.status_page.words import state_of

_CODES: Mapping[object, Indicator] = {
    100: Indicator.OPERATIONAL,
    200: Indicator.MAINTENANCE,
    300: Indicator.DEGRADED,
    400: Indicator.PARTIAL,
    500: Indicator.MAJOR,
    600: Indicator.DEGRADED,  # a security event, which says nothing of what works
}
_RESOLVED = 400  # of 100 investigating, 200 identified, 300 monitoring


def read(document: object) -> Page | None:
    """The page, or None if this is another dialect."""
    known = fields(fields(document).get("result"))
    overall = fields(known.get("status_overall"))
    if not overall:
        return None
    return Page(
        *_state(overall),
        components=tuple(each for part in entries(known.get("status")) for each in _components(part)),
        events=(*_incidents(known), *_maintenances(known)),
    )


def _state(known: Fields) -> tuple[Indicator | None, str]:
    """By its code, or by its word where the code is not known."""
    code = known.get("status_code")
    by_code = _CODES.get(code) if isinstance(code, int) else None
    return (by_code, "") if by_code else state_of(known.get("status") or code)


def _components(known: Fields) -> list[Component]:
    """A component, and the places it runs at under its name."""
    name = line(known.get("name"))
    return [
        Component(name, *_state(known)),
        *(
            Component(line(each.get("name")), *_state(each), name)
            for each in entries(known.get("containers"))
        ),
    ]


def _incidents(known: Fields) -> list[Event]:
    return [_event(each, _impact(each)) for each in entries(known.get("incidents")) if not _is_over(each)]


def _maintenances(known: Fields) -> list[Event]:
    active = fields(known.get("maintenance")).get("active")
    return [_event(each, Indicator.MAINTENANCE) for each in entries(active) if not _is_over(each)]


def _event(known: Fields, impact: Indicator) -> Event:
    started = known.get("datetime_planned_start") if impact is Indicator.MAINTENANCE else None
    return Event(
        title=line(known.get("name")) or "an event without a name",
        impact=impact,
        since=first_moment(started, known.get("datetime_open")),
        components=names(known.get("components_affected")),
        counts=impact is Indicator.MAINTENANCE,
    )


def _impact(known: Fields) -> Indicator:
    code = _last_message(known).get("status")
    return (_CODES.get(code) if isinstance(code, int) else None) or Indicator.DEGRADED


def _is_over(known: Fields) -> bool:
    """By the progress its last message tells, or where there is none its own. A message's `status` is no progress."""
    message = _last_message(known)
    return (message.get("state") if "state" in message else known.get("status_code")) == _RESOLVED


def _last_message(known: Fields) -> Fields:
    """The newest: messages stand in the order they were written."""
    messages = entries(known.get("messages"))
    dated = [(first_moment(each.get("datetime")) or 0.0, place) for place, each in enumerate(messages)]
    return messages[max(dated)[1]] if dated else {}
