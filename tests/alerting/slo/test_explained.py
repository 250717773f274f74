"""Each piece of a service's time has one source, and the pieces are the time again."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.events import Event, reach, spans_of_events
from alerting.slo.exclusions import Exclusions
from alerting.slo.explained import MOST_NAMED, explained, imported, judged, left_out, planned
from alerting.slo.sources import UNRECORDED, Claim, Gap, Imported, LeftOut, Maker, Planned, Seen
from alerting.slo.spans import DownWhen, Klass, Span, combine, merged, tile, union

HORIZON = 40
UP, DEGRADED, DOWN, UNKNOWN = Klass.UP, Klass.DEGRADED, Klass.DOWN, Klass.UNKNOWN
WORK = Klass.MAINTENANCE
seen = st.sampled_from([UP, DEGRADED, DOWN, UNKNOWN])
tracks = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 9), seen), max_size=6)
MADE_BY = {UP: {UP, UNKNOWN}, DEGRADED: {DOWN, DEGRADED}, DOWN: {DOWN}, UNKNOWN: {UNKNOWN}}
windows = st.lists(
    st.tuples(st.integers(0, HORIZON), st.integers(1, 15)).map(lambda each: (each[0], sum(each))), max_size=4
)


def spans(drawn: list[tuple[int, int, Klass]]) -> list[Span]:
    at, found = 0, []
    for gap, length, klass in drawn:
        found.append(Span(at + gap, at + gap + length, klass))
        at += gap + length
    return found


def as_spans(claims: list[Claim]) -> list[Span]:
    return [Span(each.start, each.end, each.klass) for each in claims if each.klass is not None]


@given(tracks, st.lists(tracks, max_size=4))
def test_pieces_are_the_time_again_whatever_the_layers_claim(
    time: list[tuple[int, int, Klass]], layers: list[list[tuple[int, int, Klass]]]
) -> None:
    tiles = merged(spans(time))
    claims = [
        [Claim(each.start, each.end, each.klass, Gap(number, number + 1, "stopped")) for each in spans(layer)]
        for number, layer in enumerate(layers)
    ]
    pieces = explained(tiles, claims)
    assert merged(as_spans(pieces)) == tiles
    for piece in pieces:
        first = next(
            (
                claim.source
                for layer in claims
                for claim in layer
                if claim.klass is piece.klass and claim.start <= piece.start < claim.end
            ),
            UNRECORDED,
        )
        assert piece.source == first


@given(st.lists(tracks, min_size=1, max_size=4), st.sampled_from(["any", "all", "2 of 3"]))
def test_a_service_is_put_down_to_checks_that_were_so_at_the_time(
    drawn: list[list[tuple[int, int, Klass]]], rule: str
) -> None:
    checks = {f"c{number}": spans(each) for number, each in enumerate(drawn)}
    service = combine(list(checks.values()), DownWhen.parse(rule), 0, HORIZON)
    claims = judged(service, checks, checks)
    assert merged(as_spans(claims)) == merged(service)
    for claim in claims:
        assert isinstance(claim.source, Seen)
        for maker in claim.source.makers:
            if maker.span is None:
                assert all(s.end <= claim.start or s.start >= claim.end for s in checks[maker.check])
                continue
            assert maker.span in checks[maker.check]
            assert maker.span.start <= claim.start
            assert claim.end <= maker.span.end
            assert maker.span.klass in MADE_BY[claim.klass or WORK]


def test_a_check_that_was_never_looked_at_makes_its_service_unknown() -> None:
    checks = {"home": [Span(0, 9, UP)]}
    (claim,) = judged([Span(0, 9, UNKNOWN)], checks, ["home", "login"])
    assert claim.source == Seen((Maker("login", None),))


def test_a_check_that_runs_no_more_is_named_only_where_no_other_explains_the_time() -> None:
    checks = {"disk": [Span(0, 20, DOWN)], "home": [Span(0, 10, UP), Span(10, 20, DOWN)]}
    claims = judged([Span(0, 20, DOWN)], checks, ["home"])
    named = [
        [maker.check for maker in claim.source.makers] for claim in claims if isinstance(claim.source, Seen)
    ]
    assert named == [["disk"], ["home"]]


def test_of_very_many_checks_some_are_named_and_the_others_counted() -> None:
    checks = {f"c{number}": [Span(0, 9, UP)] for number in range(MOST_NAMED + 5)}
    (claim,) = judged([Span(0, 9, UP)], checks, checks)
    assert isinstance(claim.source, Seen)
    assert (len(claim.source.makers), claim.source.more) == (MOST_NAMED, 5)


@given(
    st.lists(
        st.builds(
            lambda at, klass, lasts: Event(at, klass, None if lasts is None else at + lasts),
            st.integers(0, HORIZON),
            seen,
            st.none() | st.integers(0, 20),
        ),
        unique_by=lambda event: event.at,
        max_size=6,
    ),
    tracks,
)
def test_imported_lines_claim_the_time_for_which_they_stand(
    events: list[Event], own: list[tuple[int, int, Klass]]
) -> None:
    first, last = reach(spans(own), events, HORIZON)
    claims = imported(events, first, last)
    assert all(before.end == after.start for before, after in pairwise(claims))
    if first < last:
        assert (claims[0].start, claims[-1].end) == (first, last)
        assert tile(as_spans(claims), first, last) == tile(spans_of_events(events, last), first, last)
    for claim in claims:
        assert isinstance(claim.source, Imported)
        assert claim.source.event in events


@given(st.dictionaries(st.integers(0, 5), windows.map(union), max_size=4))
def test_planned_work_claims_its_windows_with_every_work_that_covers_them(
    works: dict[int, list[tuple[int, int]]],
) -> None:
    claims = planned(works)
    for at in range(2 * HORIZON):
        covering = {number for number, each in works.items() if any(s <= at < e for s, e in each)}
        found = [claim.source for claim in claims if claim.start <= at < claim.end]
        assert found == ([Planned(tuple(sorted(covering)))] if covering else [])


@given(tracks, windows.map(union), windows.map(union), windows.map(union))
def test_what_an_agreement_leaves_out_is_told_with_its_cause(
    time: list[tuple[int, int, Klass]],
    closed: list[tuple[int, int]],
    first: list[tuple[int, int]],
    second: list[tuple[int, int]],
) -> None:
    tiles = [Span(s.start, s.end, WORK if s.klass is UNKNOWN else s.klass) for s in spans(time)]
    exclusions = Exclusions(tuple(closed), (("net", tuple(first)), ("dns", tuple(second))))
    kept, taken = exclusions.applied(tiles)
    claims = left_out(tiles, exclusions)
    assert union([*((s.start, s.end) for s in kept), *((c.start, c.end) for c in claims)]) == union(
        (s.start, s.end) for s in tiles
    )
    for cause in taken:
        source = LeftOut(cause.by, cause.promised)
        assert cause.length == sum(each.end - each.start for each in claims if each.source == source)
