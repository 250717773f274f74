"""Events: what was recorded elsewhere becomes time, against somebody who writes down every second by hand."""

from __future__ import annotations

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.events import Event, replaced, spans_of_events
from alerting.slo.spans import Klass, Span, painted, union

UP, DOWN, UNKNOWN, MAINTENANCE = Klass.UP, Klass.DOWN, Klass.UNKNOWN, Klass.MAINTENANCE
HORIZON = 40

klasses = st.sampled_from([UP, Klass.DEGRADED, DOWN, UNKNOWN])
moments = st.integers(0, HORIZON + 5)
states = st.builds(Event, moments, klasses)
readings = st.builds(
    lambda at, klass, length: Event(at, klass, at + length), moments, klasses, st.integers(1, 9)
)
told = st.lists(st.one_of(states, readings), max_size=12)
windows = st.lists(st.tuples(moments, moments), max_size=6)
pictures = st.lists(st.one_of(st.none(), klasses), min_size=HORIZON, max_size=HORIZON)


def by_hand(events: list[Event], second: int) -> Klass | None:
    """The last event that had come by then, if it was still believed."""
    known = None
    for event in events:
        if event.at <= second and (known is None or event.at >= known.at):
            known = event
    return known.klass if known and (known.until is None or second < known.until) else None


def seconds(spans: list[Span], end: int = HORIZON) -> list[Klass | None]:
    return [next((span.klass for span in spans if span.start <= at < span.end), None) for at in range(end)]


def drawn(picture: list[Klass | None]) -> list[Span]:
    return [Span(at, at + 1, klass) for at, klass in enumerate(picture) if klass is not None]


@given(told)
def test_each_second_has_the_class_of_the_last_event_that_is_still_believed(events: list[Event]) -> None:
    assert seconds(spans_of_events(events, HORIZON)) == [by_hand(events, at) for at in range(HORIZON)]


@given(told, st.randoms(use_true_random=False))
def test_events_of_different_moments_may_come_in_any_order(events: list[Event], dice: Random) -> None:
    alone = list({event.at: event for event in events}.values())
    mixed = list(alone)
    dice.shuffle(mixed)
    assert spans_of_events(mixed, HORIZON) == spans_of_events(alone, HORIZON)


@given(told)
def test_spans_of_events_are_in_order_and_never_touch_with_one_class(events: list[Event]) -> None:
    spans = spans_of_events(events, HORIZON)
    for one, following in pairwise(spans):
        assert one.end <= following.start
        assert one.end < following.start or one.klass is not following.klass
    assert all(span.end <= HORIZON for span in spans)


@given(pictures, windows)
def test_a_window_is_laid_over_everything_and_nothing_else_changes(
    picture: list[Klass | None], covers: list[tuple[int, int]]
) -> None:
    expected = [
        MAINTENANCE if any(start <= at < end for start, end in covers) else klass
        for at, klass in enumerate(picture)
    ]
    assert seconds(painted(drawn(picture), covers, MAINTENANCE)) == expected


@given(windows)
def test_a_union_covers_the_same_seconds_with_windows_that_stand_apart(covers: list[tuple[int, int]]) -> None:
    joined = union(covers)
    for at in range(HORIZON + 6):
        inside = any(start <= at < end for start, end in covers)
        assert any(start <= at < end for start, end in joined) == inside
    assert all(one[1] < following[0] for one, following in pairwise(joined))


@given(pictures, told)
def test_outside_the_reach_of_the_events_our_own_spans_stand(
    picture: list[Klass | None], events: list[Event]
) -> None:
    result = seconds(replaced(drawn(picture), events, HORIZON))
    first = min((event.at for event in events), default=HORIZON)
    assert result[:first] == picture[:first]
    last = max((event.at for event in events), default=-1)
    for at in range(first, min(last + 1, HORIZON)):
        assert result[at] == by_hand(events, at)


def test_a_last_state_holds_until_we_saw_something_ourselves() -> None:
    own = [Span(20, 40, UP)]
    assert replaced(own, [Event(0, UP), Event(5, DOWN)], 40) == [
        Span(0, 5, UP),
        Span(5, 20, DOWN),
        Span(20, 40, UP),
    ]


def test_a_correction_within_our_own_time_holds_until_our_own_next_change() -> None:
    own = [Span(0, 30, UP), Span(30, 40, DOWN)]
    told_us = [Event(10, DOWN), Event(12, UP)]
    assert replaced(own, told_us, 40) == [
        Span(0, 10, UP),
        Span(10, 12, DOWN),
        Span(12, 30, UP),
        Span(30, 40, DOWN),
    ]


def test_a_last_reading_reaches_no_further_than_it_is_believed() -> None:
    assert replaced([Span(0, 40, UP)], [Event(10, DOWN, 15)], 40) == [
        Span(0, 10, UP),
        Span(10, 15, DOWN),
        Span(15, 40, UP),
    ]
