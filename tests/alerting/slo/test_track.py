"""Tracks, and what their changes make of the ledger."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.spans import DownWhen, Klass
from alerting.slo.track import (
    OF_STATE,
    SLACK,
    Track,
    TrackChange,
    backdated,
    change,
    first_change,
    pruned,
    service_track,
    spans_of,
    turned,
)
from alerting.state import Flip
from checks.base import Status
from tests.readings import SECOND

UP, DEGRADED, DOWN, UNKNOWN = Klass.UP, Klass.DEGRADED, Klass.DOWN, Klass.UNKNOWN
Rows = dict[int, tuple[int | None, Klass]]
HOUR = 3600


def track(*entries: tuple[float, Klass]) -> Track:
    return tuple((int(at * SECOND), klass) for at, klass in entries)


def after(old: Track, at: float, klass: Klass) -> Track:
    return turned(old, int(at * SECOND), klass)


def flip(since: float, at: float, status: Status = Status.DOWN) -> Flip:
    first = int(since * SECOND)
    return Flip(Status.OK, status, first, int(at * SECOND), "", ((first, status),))


def applied(rows: Rows, changes: TrackChange) -> Rows:
    """The ledger after a change: what the store has to do with it."""
    kept = {start: row for start, row in rows.items() if start not in changes.removed}
    cut = changes.cut
    if cut is not None:
        kept = {
            start: (cut if end is None or end > cut else end, klass)
            for start, (end, klass) in kept.items()
            if start < cut
        }
    return kept | {start: (end, klass) for start, end, klass in changes.written}


def test_a_class_that_goes_on_adds_nothing() -> None:
    assert after(track((0, UP)), 10, UP) == track((0, UP))
    assert after(track((0, UP)), 10, DOWN) == track((0, UP), (10, DOWN))


def test_a_moment_a_little_before_the_last_change_is_moved_up_to_it() -> None:
    assert after(track((0, UP), (500, DOWN)), 380, UNKNOWN) == track((0, UP), (500, UNKNOWN))
    assert after(track((0, UP), (500, DOWN)), 380, UP) == track((0, UP))


def test_after_the_clock_was_set_back_what_was_written_for_the_future_is_dropped() -> None:
    ahead = track((0, UP), (HOUR, UNKNOWN), (HOUR + 9, DOWN))
    assert after(ahead, 100, UP) == track((0, UP))
    assert after(ahead, 100, DOWN) == track((0, UP), (100, DOWN))
    assert after(ahead, HOUR, UP) == track((0, UP), (HOUR, UNKNOWN), (HOUR + 9, UP))


def test_the_slack_is_an_argument() -> None:
    failing = track((0, UP), (5, DOWN))
    assert turned(failing, 3 * SECOND, UNKNOWN, slack=SECOND) == track((0, UP), (3, UNKNOWN))


def test_a_track_that_lies_in_the_future_as_a_whole_begins_anew() -> None:
    assert after(track((HOUR, UP)), 60, UP) == track((60, UP))


def test_an_outage_after_the_clock_was_set_back_is_in_the_ledger_at_once() -> None:
    """The clock is an hour ahead at the start, is set right, and then the service fails for ten minutes."""
    now, rows = after((), HOUR, UP), applied({}, change((), after((), HOUR, UP)))
    for at, klass, flipped in ((60, UP, None), (150, UP, None), (160, DOWN, flip(150, 160)), (750, UP, None)):
        before = now
        now = turned(backdated(now, flipped) if flipped else now, at * SECOND, klass)
        rows = applied(rows, change(before, now))
    assert rows == {
        60 * SECOND: (150 * SECOND, UP),
        150 * SECOND: (750 * SECOND, DOWN),
        750 * SECOND: (None, UP),
    }


def test_setting_the_clock_back_shortens_rows_that_the_track_has_long_forgotten() -> None:
    whole = track((0, UP), (HOUR, DOWN), (2 * HOUR, UP))
    rows = applied({}, change((), whole))
    short = pruned(whole, 2 * HOUR * SECOND)
    now = after(short, 600, DOWN)
    changes = change(short, now)
    assert (short, now, changes.cut) == (track((2 * HOUR, UP)), track((600, DOWN)), 600 * SECOND)
    assert applied(rows, changes) == {0: (600 * SECOND, UP), 600 * SECOND: (None, DOWN)}


def test_entries_pruned_from_the_front_are_no_change() -> None:
    whole = track((0, UP), (10, DOWN), (20, UP))
    assert not change(whole, pruned(whole, 20 * SECOND))
    assert change(whole, after(pruned(whole, 20 * SECOND), 30, DOWN)) == TrackChange(
        (), ((20 * SECOND, 30 * SECOND, UP), (30 * SECOND, None, DOWN))
    )


def test_a_flip_is_backdated_over_what_was_seen_and_unknown_time_stays_unknown() -> None:
    seen = track((0, UP), (20, UNKNOWN), (30, UP))
    assert backdated(seen, flip(10, 40)) == track((0, UP), (10, DOWN), (20, UNKNOWN), (30, DOWN))


def test_a_flip_before_all_that_a_track_knows_leaves_it_as_it_is() -> None:
    assert backdated(track((HOUR, UP)), flip(10, 40)) == track((HOUR, UP))


def test_the_first_change_after_the_clock_was_set_back_is_the_moment_it_was_set_to() -> None:
    assert first_change(track((HOUR, UP)), track((60, UP))) == 60 * SECOND
    assert first_change(track((0, UP), (HOUR, DOWN)), track((0, UP), (60, DOWN))) == 60 * SECOND
    assert first_change(track((0, UP), (HOUR, DOWN)), track((0, UP))) == HOUR * SECOND


def test_a_service_follows_its_checks_back_before_its_own_beginning() -> None:
    service, one = track((HOUR, UP)), track((60, UP), (90, DOWN))
    judged = service_track(service, [one], DownWhen.parse("any"), 60 * SECOND, 90 * SECOND)
    assert judged == one
    assert change(service, judged).cut == 60 * SECOND


def test_a_row_that_stays_is_written_again_after_a_cut() -> None:
    begun, earlier = track((HOUR, UP)), track((60, UNKNOWN), (HOUR, UP))
    rows = applied(applied({}, change((), begun)), change(begun, earlier))
    assert rows == {60 * SECOND: (HOUR * SECOND, UNKNOWN), HOUR * SECOND: (None, UP)}


# Anything up to a few times the slack, so that both sides of it are met.
MOMENTS = st.integers(0, 5 * SLACK // SECOND)
TURNS = st.tuples(MOMENTS, st.sampled_from([UP, DEGRADED, DOWN, UNKNOWN]))
FLIPS = st.tuples(MOMENTS, MOMENTS, st.sampled_from([Status.OK, Status.DEGRADED, Status.DOWN])).map(
    lambda drawn: flip(min(drawn[:2]), max(drawn[:2]), drawn[2])
)


@given(st.lists(st.one_of(TURNS, FLIPS, MOMENTS), max_size=30))
def test_tracks_ascend_and_their_ledger_tiles_whatever_the_clock_does(
    steps: list[tuple[int, Klass] | Flip | int],
) -> None:
    """A step is a class from a moment on, a flip with its reading, or the pruning of what is older."""
    now: Track = ()
    rows: Rows = {}
    for step in steps:
        if isinstance(step, int):
            now = pruned(now, step * SECOND)
            continue
        before = now
        if isinstance(step, Flip):
            now, step = backdated(now, step), (step.at // SECOND, OF_STATE[step.after])
        now = after(now, *step)
        rows = applied(rows, change(before, now))
        starts = [start for start, _ in now]
        assert starts == sorted(set(starts))
        assert all(one[1] is not two[1] for one, two in pairwise(now))
        end = starts[-1] + SECOND
        assert [(span.start, span.klass) for span in spans_of(now, end)] == list(now)
        ledger = [(start, *rows[start]) for start in sorted(rows)]
        assert [row[1] for row in ledger] == [*(start for start, *_ in ledger[1:]), None]
        assert tuple((start, klass) for start, _, klass in ledger)[-len(now) :] == now


@given(st.lists(TURNS, min_size=1, max_size=20), TURNS)
def test_a_turn_is_believed_from_its_moment_on_give_or_take_the_slack(
    turns: list[tuple[int, Klass]], last: tuple[int, Klass]
) -> None:
    now: Track = ()
    for at, klass in turns:
        now = after(now, at, klass)
    at, klass = last[0] * SECOND, last[1]
    then = turned(now, at, klass)
    assert then[-1][1] is klass
    assert then[-1][0] <= max(at, now[-1][0])
    assert then[-1][0] - at <= SLACK
