"""Pages that one vendor or program alone serves: Fedora, Stripe, Gatus."""

from __future__ import annotations

from collections.abc import Mapping

from checks.status_page.fields import Fields, are_objects, entries, fields, line
from checks.status_page.moments import moment
from checks.status_page.page import Component, Event, Indicator, Page
from checks.status_page.words import indicator_of, state_of

_STALE_AFTER = 86400.0


def read_fedora(document: object) -> Page | None:
    """status.fedoraproject.org: a state for each service; the global one does not tell of maintenance."""
    known = fields(document)
    services = fields(known.get("services"))
    if "global_status" not in known or not services:
        return None
    told = [(key, fields(each)) for key, each in services.items()]
    return Page(
        *state_of(known["global_status"]),
        components=tuple(_fedora(key, each) for key, each in told),
        events=tuple(
            _trouble(key, each) for key, each in told if indicator_of(each.get("status")) not in _WELL
        ),
    )


_WELL = (Indicator.OPERATIONAL, None)


def _fedora(key: str, known: Fields) -> Component:
    return Component(line(known.get("name"), key), *state_of(known.get("status")), also=(line(key),))


def _trouble(key: str, known: Fields) -> Event:
    impact = indicator_of(known.get("status")) or Indicator.DEGRADED
    name = line(known.get("name"), key)
    return Event(
        line(known.get("message")) or f"{name} has trouble", impact, components=(name,), counts=False
    )


def read_stripe(document: object, now: float) -> Page | None:
    """status.stripe.com/current: one word, and the minute in which it was written; a day later it is stale."""
    known = fields(document)
    if "largestatus" not in known:
        return None
    indicator, made = indicator_of(known["largestatus"]), moment(known.get("time"))
    title = line(known.get("message")) or "an incident without a name"
    open_now = () if indicator in _WELL else (Event(title, indicator, counts=False),)
    return Page(
        *state_of(known["largestatus"]),
        events=open_now,
        stale_since=made if made is not None and now - made > _STALE_AFTER else None,
    )


def read_gatus(document: object) -> Page | None:
    """Gatus' /api/v1/endpoints/statuses: results of each endpoint, the newest last."""
    if not document or not are_objects(document):
        return None
    listed = entries(document)
    if not all("key" in each and "results" in each for each in listed):
        return None
    return Page(components=tuple(_endpoint(each) for each in listed))


_BY_SUCCESS: Mapping[object, Indicator] = {True: Indicator.OPERATIONAL, False: Indicator.MAJOR}


def _endpoint(known: Fields) -> Component:
    results = entries(known.get("results"))
    success = results[-1].get("success") if results else None
    indicator = _BY_SUCCESS[success] if isinstance(success, bool) else None
    name, group = line(known.get("name")), line(known.get("group"))
    also = (name, f"{group} / {name}", group)
    return Component(line(known.get("key")), indicator, said="" if indicator else "no result", also=also)
