"""Events: what somebody else recorded of a service, moment by moment, and the spans that follow from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from alerting.slo.spans import Klass, Span, clip, merged

_EVER = -(2**63)


@dataclass(frozen=True, slots=True)
class Event:
    """From `at` (microseconds UTC) on the service was `klass`: until the next event, or `until` where that comes first.

    A state has no `until`; a reading is believed for as long as it said.
    """

    at: int
    klass: Klass
    until: int | None = None


def spans_of_events(events: Iterable[Event], end: int) -> list[Span]:
    """The spans up to `end`. Events may come in any order; of several at one moment the last one given counts.

    Time in which no event is in force stays a gap.
    """
    latest = {event.at: event for event in events}
    ordered = sorted(latest.values(), key=attrgetter("at"))
    spans = []
    for event, following in pairwise([*ordered, None]):
        assert event is not None  # only the last of them is
        until = end if following is None else min(end, following.at)
        if event.until is not None:
            until = min(until, event.until)
        if event.at < until:
            spans.append(Span(event.at, until, event.klass))
    return merged(spans)


def replaced(derived: Sequence[Span], events: Sequence[Event], end: int) -> list[Span]:
    """Our own spans up to `end`, with those of the events in their stead wherever the events reach."""
    if not events:
        return clip(derived, _EVER, end)
    first, last = reach(derived, events, end)
    told = clip(spans_of_events(events, end), first, last)
    return merged([*clip(derived, _EVER, first), *told, *clip(derived, last, end)])


def reach(derived: Iterable[Span], events: Iterable[Event], end: int) -> tuple[int, int]:
    """The time `[first, last)` before `end` for which the events stand and not our own spans; empty without events.

    It begins at the first event. Where the last one is a state, it ends where our own next span begins; where it is a
    reading, as soon as that is no longer believed.
    """
    ordered = sorted(events, key=attrgetter("at"))
    if not ordered or ordered[0].at >= end:
        return end, end
    until = ordered[-1].until
    if until is None:
        until = min((span.start for span in derived if span.start > ordered[-1].at), default=end)
    return ordered[0].at, max(ordered[0].at, min(until, end))
