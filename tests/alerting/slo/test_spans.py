"""Spans: cut, fill, back-date and combine agree with counting one unit of time after the other."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.spans import DownWhen, Klass, Span, clip, combine, repaint, tile

UP, DEGRADED, DOWN = Klass.UP, Klass.DEGRADED, Klass.DOWN
MAINTENANCE, UNKNOWN = Klass.MAINTENANCE, Klass.UNKNOWN
HORIZON = 24
LETTERS = {"u": UP, "g": DEGRADED, "d": DOWN, "m": MAINTENANCE, "?": UNKNOWN}

# A timeline has one class, or None for a gap, per unit of time: the form in which the oracle thinks.
Timeline = list[Klass | None]
runs = st.lists(st.tuples(st.sampled_from([*Klass, None]), st.integers(1, 9)), max_size=9)
bounds = st.integers(-3, HORIZON + 3)
rules = st.sampled_from(["any", "all", "1 of 2", "2 of 2", "2 of 3", "3 of 4"])


def stretched(drawn_runs: list[tuple[Klass | None, int]]) -> Timeline:
    timeline = [klass for klass, length in drawn_runs for _ in range(length)]
    return [*timeline, *[None] * HORIZON][:HORIZON]


timelines = runs.map(stretched)


def drawn(letters: str) -> list[Span]:
    """A picture such as `uud.?` as spans of one unit each; a dot is a gap."""
    return [Span(at, at + 1, LETTERS[letter]) for at, letter in enumerate(letters) if letter != "."]


@st.composite
def cut_at_random(draw: st.DrawFn) -> tuple[Timeline, list[Span]]:
    """A timeline and spans that say the same, with touching spans of one class merged or not by chance."""
    timeline = draw(timelines)
    spans: list[Span] = []
    for at, klass in enumerate(timeline):
        if klass is None:
            continue
        if spans and spans[-1].end == at and spans[-1].klass is klass and draw(st.booleans()):
            spans[-1] = Span(spans[-1].start, at + 1, klass)
        else:
            spans.append(Span(at, at + 1, klass))
    return timeline, spans


def seen(spans: list[Span]) -> dict[int, Klass]:
    """Each unit of time with its class; fails when two spans claim the same one."""
    units: dict[int, Klass] = {}
    for span in spans:
        for at in range(span.start, span.end):
            assert at not in units
            units[at] = span.klass
    return units


def told(timeline: Timeline, at: int) -> Klass | None:
    return timeline[at] if 0 <= at < len(timeline) else None


def judged_one_by_one(classes: list[Klass], rule: str) -> Klass:
    """The contract's words on `down_when`, written down by trying what the unknown checks could be."""
    counting = [klass for klass in classes if klass is not MAINTENANCE]
    if not counting:
        return MAINTENANCE if classes else UNKNOWN
    need = {"any": 1, "all": len(counting)}.get(rule) or int(rule[0])

    def down_if_unknown_were(guess: Klass) -> bool:
        return [guess if klass is UNKNOWN else klass for klass in counting].count(DOWN) >= need

    if down_if_unknown_were(UP):
        return DOWN
    if down_if_unknown_were(DOWN):
        return UNKNOWN
    return DEGRADED if {DEGRADED, DOWN} & set(counting) else UP


def neighbours_differ(spans: list[Span]) -> bool:
    return all(one.end < two.start or one.klass is not two.klass for one, two in pairwise(spans))


@pytest.mark.parametrize("ends", [(5, 5), (6, 5)])
def test_a_span_is_never_empty(ends: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="end after it starts"):
        Span(*ends, UP)


@given(cut_at_random(), bounds, bounds)
def test_clip_keeps_what_lies_in_the_window_and_nothing_else(
    given_spans: tuple[Timeline, list[Span]], start: int, end: int
) -> None:
    timeline, spans = given_spans
    wanted = {at: klass for at in range(start, end) if (klass := told(timeline, at)) is not None}
    assert seen(clip(spans, start, end)) == wanted


@given(cut_at_random(), bounds, bounds)
def test_tiles_cover_the_window_to_the_unit_and_gaps_are_unknown(
    given_spans: tuple[Timeline, list[Span]], start: int, end: int
) -> None:
    timeline, spans = given_spans
    tiles = tile(spans, start, end)
    assert seen(tiles) == {at: told(timeline, at) or UNKNOWN for at in range(start, end)}
    assert neighbours_differ(tiles)


def test_an_empty_window_has_no_tiles() -> None:
    assert tile(drawn("uu"), 1, 1) == tile(drawn("uu"), 2, 1) == []


def test_touching_spans_of_one_class_become_one() -> None:
    assert tile(drawn("uudd"), 0, 4) == [Span(0, 2, UP), Span(2, 4, DOWN)]


@pytest.mark.parametrize("spans", [[Span(0, 3, UP), Span(2, 4, DOWN)], [Span(2, 3, UP), Span(0, 1, UP)]])
def test_time_told_twice_or_out_of_order_is_refused(spans: list[Span]) -> None:
    with pytest.raises(ValueError, match="overlap or are out of order"):
        tile(spans, 0, 5)


@given(cut_at_random(), bounds, bounds, st.sampled_from(Klass), st.frozensets(st.sampled_from(Klass)))
def test_back_dating_changes_the_named_classes_within_the_stretch_and_no_gap(
    given_spans: tuple[Timeline, list[Span]], start: int, end: int, klass: Klass, over: frozenset[Klass]
) -> None:
    timeline, spans = given_spans
    wanted = {
        at: klass if start <= at < end and was in over else was
        for at, was in enumerate(timeline)
        if was is not None
    }
    painted = repaint(spans, start, end, klass, over)
    assert seen(painted) == wanted
    assert neighbours_differ(painted)


def test_a_confirmed_outage_is_back_dated_over_up_but_not_over_what_nobody_saw() -> None:
    painted = repaint(drawn("uuu?um"), 1, 6, DOWN, frozenset({UP, DEGRADED}))
    assert painted == [
        Span(0, 1, UP), Span(1, 3, DOWN), Span(3, 4, UNKNOWN), Span(4, 5, DOWN), Span(5, 6, MAINTENANCE)
    ]  # fmt: skip


@given(st.lists(cut_at_random(), max_size=4), rules, bounds, bounds)
def test_a_service_is_what_its_checks_make_it_at_every_single_moment(
    checks: list[tuple[Timeline, list[Span]]], rule: str, start: int, end: int
) -> None:
    combined = combine([spans for _, spans in checks], DownWhen.parse(rule), start, end)
    assert seen(combined) == {
        at: judged_one_by_one([told(timeline, at) or UNKNOWN for timeline, _ in checks], rule)
        for at in range(start, end)
    }
    assert neighbours_differ(combined)


@given(st.lists(cut_at_random(), min_size=1, max_size=4), rules, st.randoms())
def test_the_order_of_the_checks_does_not_matter(
    checks: list[tuple[Timeline, list[Span]]], rule: str, chance: Random
) -> None:
    spans = [each for _, each in checks]
    shuffled = spans[:]
    chance.shuffle(shuffled)
    down_when = DownWhen.parse(rule)
    assert combine(shuffled, down_when, 0, HORIZON) == combine(spans, down_when, 0, HORIZON)


@pytest.mark.parametrize(
    ("rule", "first", "second", "third", "service"),
    [
        ("any", "ddddd", "udg?m", "uuuuu", "ddddd"),
        ("any", "u?g?u", "uuu??", "uuuum", "u?g??"),
        ("all", "ddddd", "ddddd", "ud?gm", "gd?gd"),
        ("all", "?uuu?", "uuuu?", "uuud?", "uuug?"),
        ("2 of 3", "ddddd", "?udmm", "uu?mg", "?gdgg"),
    ],
)
def test_down_when_in_pictures(rule: str, first: str, second: str, third: str, service: str) -> None:
    checks = [drawn(first), drawn(second), drawn(third)]
    assert combine(checks, DownWhen.parse(rule), 0, 5) == tile(drawn(service), 0, 5)


def test_a_check_in_maintenance_does_not_count_and_all_of_them_make_the_service_so() -> None:
    checks = [drawn("mmmu"), drawn("dumm")]
    assert combine(checks, DownWhen.parse("any"), 0, 4) == tile(drawn("dumu"), 0, 4)


def test_a_service_without_counting_checks_is_unknown() -> None:
    assert combine([], DownWhen.parse("any"), 3, 9) == [Span(3, 9, UNKNOWN)]


def test_changes_a_microsecond_apart_are_kept_apart() -> None:
    second = 1_000_000
    checks = [
        [Span(0, second, UP), Span(second, 2 * second, DOWN)],
        [Span(0, second + 1, DOWN), Span(second + 1, 2 * second, UP)],
    ]
    assert combine(checks, DownWhen.parse("all"), 0, 2 * second) == [
        Span(0, second, DEGRADED),
        Span(second, second + 1, DOWN),
        Span(second + 1, 2 * second, DEGRADED),
    ]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("any", DownWhen(1)),
        ("all", DownWhen(None)),
        ("2 of 3", DownWhen(2, 3)),
        (" 3  of 3 ", DownWhen(3, 3)),
    ],
)
def test_down_when_is_read_from_the_operators_words(text: str, read: DownWhen) -> None:
    assert DownWhen.parse(text) == read


@pytest.mark.parametrize("text", ["", "some", "0 of 3", "4 of 3", "2of3", "2 of", "-1 of 3", "²of 3"])
def test_other_words_for_down_when_are_refused_with_the_right_ones(text: str) -> None:
    with pytest.raises(ValueError, match="any, all, or a share like 2 of 3"):
        DownWhen.parse(text)
