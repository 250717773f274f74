"""The state machine of one check."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.state import CheckState, Flip, StateSpec, dump, restore, step, wants_retry
from checks.base import LEVEL, Status
from config.conditions import Hold
from tests.readings import SECOND, reading

TWO = StateSpec(confirm=2, recover=2)


def run(words: str, spec: StateSpec = TWO, every: float = 1.0) -> tuple[CheckState, list[Flip]]:
    """The state after readings a second apart, and the flips on the way."""
    state, flips = CheckState(), []
    for number, word in enumerate(words):
        state, flip = step(state, reading(word, number * every), spec)
        if flip is not None:
            flips.append(flip)
    return state, flips


def seconds(flip: Flip) -> list[tuple[float, str]]:
    return [(since / SECOND, state.value) for since, state in flip.segments]


def test_a_first_good_reading_is_ok_at_once() -> None:
    state, flips = run("o")
    assert (state.state, flips) == (Status.OK, [])


def test_one_bad_reading_is_not_enough() -> None:
    state, flips = run("odo")
    assert (state.state, flips) == (Status.OK, [])


def test_unconfirmed_trouble_shows_as_unstable() -> None:
    assert run("od")[0].unstable
    assert not run("odo")[0].unstable


def test_a_confirmed_problem_is_backdated_to_the_first_bad_reading() -> None:
    state, flips = run("oodd")
    assert state.state is Status.DOWN
    assert [(flip.before, flip.after, flip.since / SECOND, flip.at / SECOND) for flip in flips] == [
        (Status.OK, Status.DOWN, 2.0, 3.0)
    ]


def test_a_recovery_is_backdated_to_the_first_good_reading() -> None:
    _, flips = run("ddoo")
    assert [(flip.after, flip.since / SECOND) for flip in flips] == [(Status.DOWN, 0.0), (Status.OK, 2.0)]


def test_unknown_neither_counts_nor_resets() -> None:
    _, flips = run("oduduuoo")
    assert [seconds(flip) for flip in flips] == [[(1.0, "down")], [(6.0, "ok")]]


def test_unknown_alone_never_flips() -> None:
    state, flips = run("u" * 20)
    assert (state.state, flips, state.unknown_since) == (None, [], 0)


def test_a_good_reading_between_two_bad_ones_starts_the_count_anew() -> None:
    assert run("dodododo")[1] == []


def test_a_down_reading_also_confirms_degraded() -> None:
    _, flips = run("ogd")
    assert [seconds(flip) for flip in flips] == [[(1.0, "degraded")]]


def test_degraded_worsens_to_down_by_the_same_confirmation() -> None:
    _, flips = run("ggdd")
    assert [(flip.before, flip.after, flip.since / SECOND) for flip in flips] == [
        (Status.OK, Status.DEGRADED, 0.0),
        (Status.DEGRADED, Status.DOWN, 2.0),
    ]


def test_down_eases_to_degraded_before_it_is_ok() -> None:
    _, flips = run("ddgooo")
    assert [(flip.after, flip.since / SECOND) for flip in flips] == [
        (Status.DOWN, 0.0),
        (Status.DEGRADED, 2.0),
        (Status.OK, 3.0),
    ]


def test_a_held_condition_flips_only_when_it_held_long_enough() -> None:
    spec = StateSpec(confirm=2, recover=2, holds=(Hold(seconds=5.0, count=None, of=None), None))
    state, flips = CheckState(), []
    for at in range(8):
        state, flip = step(state, reading("g", at, firm="o"), spec)
        flips += [flip] if flip else []
    assert [(flip.since / SECOND, flip.at / SECOND) for flip in flips] == [(0.0, 5.0)]


def test_a_failed_probe_does_not_wait_for_the_holding_time_of_a_condition() -> None:
    spec = StateSpec(confirm=2, recover=2, holds=(None, Hold(seconds=300.0, count=None, of=None)))
    _, flips = run("odd", spec)
    assert [(flip.after, flip.at / SECOND) for flip in flips] == [(Status.DOWN, 2.0)]


def test_three_of_five_counts_failures_with_successes_between() -> None:
    spec = StateSpec(confirm=1, recover=2, holds=(None, Hold(seconds=None, count=3, of=5)))
    state, flips = CheckState(), []
    for at, word in enumerate("ododod"):
        state, flip = step(state, reading(word, at, firm="o"), spec)
        flips += [flip] if flip else []
    assert [(flip.after, flip.since / SECOND, flip.at / SECOND) for flip in flips] == [
        (Status.DOWN, 1.0, 5.0)
    ]


def test_a_confirmed_down_also_confirms_the_degraded_stretch_before_it() -> None:
    spec = StateSpec(confirm=2, recover=2, holds=(Hold(seconds=600.0, count=None, of=None), None))
    state, flips = CheckState(), []
    for at, (word, firm) in enumerate([("o", "o"), ("g", "o"), ("g", "o"), ("d", "d"), ("d", "d")]):
        state, flip = step(state, reading(word, at, firm=firm), spec)
        flips += [flip] if flip else []
    assert [seconds(flip) for flip in flips] == [[(1.0, "degraded"), (3.0, "down")]]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [("o", False), ("od", True), ("odd", False), ("oddo", True), ("oddoo", False), ("odu", False)],
)
def test_a_quick_look_is_wanted_while_a_flip_is_being_confirmed(words: str, wanted: bool) -> None:
    assert wants_retry(run(words)[0], TWO) is wanted


def test_waiting_for_a_holding_time_asks_for_no_quick_looks() -> None:
    spec = StateSpec(confirm=2, recover=2, holds=(Hold(seconds=300.0, count=None, of=None), None))
    state = CheckState()
    for at in range(4):
        state, _ = step(state, reading("g", at, firm="o"), spec)
    assert not wants_retry(state, spec)


DAY = 86_400.0
THREE_OF_SIX = StateSpec(confirm=2, recover=2, holds=(None, Hold(count=3, of=6)))
FIVE_MINUTES = StateSpec(confirm=2, recover=2, holds=(None, Hold(seconds=300.0)), valid_for=150.0)


def held(looks: list[tuple[str, float]], spec: StateSpec) -> tuple[CheckState, list[Flip]]:
    """The state after readings at given seconds, none of them bad without the holding time, and the flips."""
    state, flips = CheckState(), []
    for word, at in looks:
        state, flip = step(state, reading(word, at, firm="u" if word == "u" else "o"), spec)
        flips += [flip] if flip else []
    return state, flips


def each_second(words: str) -> list[tuple[str, float]]:
    return [(word, float(at)) for at, word in enumerate(words)]


def test_good_readings_after_a_recovery_confirm_nothing() -> None:
    spec = StateSpec(confirm=2, recover=2, holds=(None, Hold(count=3, of=10)))
    state, flips = held(each_second("ooddd" + "o" * 12), spec)
    assert [(flip.after, flip.since / SECOND) for flip in flips] == [(Status.DOWN, 2.0), (Status.OK, 5.0)]
    assert state.state is Status.OK


def test_hits_from_before_a_recovery_do_not_count_with_those_after_it() -> None:
    _, flips = held(each_second("dddoodd"), THREE_OF_SIX)
    assert [flip.after for flip in flips] == [Status.DOWN, Status.OK]
    _, flips = held(each_second("dddooddod"), THREE_OF_SIX)
    assert [seconds(flip) for flip in flips] == [[(0.0, "down")], [(3.0, "ok")], [(5.0, "down")]]


def test_a_reading_confirms_nothing_worse_than_itself() -> None:
    """Two hits of six are in when the rule becomes two of six; only the next bad reading makes use of them."""
    state, _ = held(each_second("dod"), THREE_OF_SIX)
    eased = StateSpec(confirm=2, recover=2, holds=(None, Hold(count=2, of=6)))
    for word, at in (("o", 3), ("g", 4)):
        state, flip = step(state, reading(word, at, firm="o"), eased)
        assert flip is None
    state, flip = step(state, reading("d", 5, firm="o"), eased)
    assert flip is not None
    assert seconds(flip) == [(0.0, "down")]


def test_the_first_of_scattered_hits_is_where_a_flip_may_begin() -> None:
    looks = [("o", 0.0), ("d", 10.0), ("u", 20.0), ("o", 30.0)]
    state, _ = held(looks, THREE_OF_SIX)
    assert state.unsettled_since == 10 * SECOND
    _, flips = held([*looks, ("d", 40.0), ("o", 50.0), ("d", 60.0)], THREE_OF_SIX)
    assert [seconds(flip) for flip in flips] == [[(10.0, "down")]]


def test_an_old_hit_neither_shows_as_unstable_nor_asks_for_quick_looks() -> None:
    state, _ = held(each_second("do"), THREE_OF_SIX)
    assert state.unsettled_since == 0
    assert not state.unstable
    assert not wants_retry(state, THREE_OF_SIX)


def test_hits_that_left_the_window_or_are_over_leave_nothing_unsettled() -> None:
    assert held(each_second("d" + "o" * 6), THREE_OF_SIX)[0].unsettled_since is None
    assert held(each_second("ddd"), THREE_OF_SIX)[0].unsettled_since is None
    assert held(each_second("dddoo"), THREE_OF_SIX)[0].unsettled_since is None


def test_failures_with_a_long_time_of_no_readings_between_are_not_in_a_row() -> None:
    spec = StateSpec(confirm=2, recover=2, valid_for=130.0)
    state, _ = step(CheckState(), reading("d", 0), spec)
    state, flip = step(state, reading("d", 10 * DAY), spec)
    assert flip is None
    _, flip = step(state, reading("d", 10 * DAY + 60), spec)
    assert flip is not None
    assert flip.since == int(10 * DAY * SECOND)


@pytest.mark.parametrize(("gap", "confirmed"), [(130.0, True), (130.1, False)])
def test_readings_are_in_a_row_as_long_as_one_is_believed(gap: float, confirmed: bool) -> None:
    spec = StateSpec(confirm=2, recover=2, valid_for=130.0)
    assert bool(run("dd", spec, every=gap)[1]) is confirmed


def test_a_condition_does_not_hold_over_a_time_of_no_readings() -> None:
    assert held([("d", 0.0), ("d", DAY)], FIVE_MINUTES)[1] == []
    _, flips = held([("d", 0.0), *(("d", DAY + at) for at in range(0, 400, 100))], FIVE_MINUTES)
    assert [(flip.since / SECOND, flip.at / SECOND) for flip in flips] == [(DAY, DAY + 300)]


def test_hits_do_not_count_over_a_time_of_no_readings() -> None:
    spec = StateSpec(holds=THREE_OF_SIX.holds, valid_for=25.0)
    state, flips = held([("d", 0.0), ("d", 10.0), ("d", DAY)], spec)
    assert (flips, state.unsettled_since) == ([], int(DAY * SECOND))


def test_an_unknown_reading_bridges_a_gap_because_somebody_did_look() -> None:
    spec = StateSpec(confirm=2, recover=2, valid_for=130.0)
    assert len(run("dud", spec, every=100)[1]) == 1
    assert run("dud", spec, every=140)[1] == []


def test_a_confirmed_state_outlasts_any_gap_and_recovers_by_readings_in_a_row() -> None:
    spec = StateSpec(confirm=2, recover=2, valid_for=130.0)
    state, _ = run("ddo", spec)
    state, flip = step(state, reading("o", DAY), spec)
    assert (state.state, flip) == (Status.DOWN, None)
    state, flip = step(state, reading("o", DAY + 60), spec)
    assert flip is not None
    assert (state.state, flip.since) == (Status.OK, int(DAY * SECOND))


def test_readings_from_before_the_clock_was_set_far_back_are_not_in_a_row_with_those_after() -> None:
    spec = StateSpec(confirm=2, recover=2, valid_for=130.0)
    state, _ = step(CheckState(), reading("d", DAY), spec)
    state, flip = step(state, reading("d", 0), spec)
    assert flip is None
    _, flip = step(state, reading("d", 60), spec)
    assert flip is not None
    assert flip.since == 0


@given(st.lists(st.tuples(st.sampled_from("ogdu"), st.integers(0, 300)), max_size=40))
def test_no_flip_begins_after_it_was_confirmed_however_the_clock_moves(looks: list[tuple[str, int]]) -> None:
    for hold in (None, Hold(count=2, of=4), Hold(seconds=60.0)):
        spec = StateSpec(holds=(hold, hold), valid_for=130.0)
        for flip in held([(word, float(at)) for word, at in looks], spec)[1]:
            moments = [since for since, _ in flip.segments]
            assert moments == sorted(set(moments))
            assert flip.since == moments[0]
            assert moments[-1] <= flip.at


@given(st.text("ogdu", max_size=60), st.integers(1, 3), st.integers(1, 6), st.integers(1, 3))
def test_every_flip_begins_no_earlier_than_what_was_said_to_be_unsettled(
    words: str, count: int, of: int, recover: int
) -> None:
    """Whoever prunes by `unsettled_since` loses nothing; and trouble is confirmed by a bad reading only."""
    hold = Hold(count=min(count, of), of=of)
    spec = StateSpec(confirm=2, recover=recover, holds=(hold, hold))
    state = CheckState()
    for number, word in enumerate(words):
        before = state.unsettled_since
        state, flip = step(state, reading(word, number, firm="o" if word != "u" else "u"), spec)
        if flip is not None:
            assert flip.since >= (before if before is not None else flip.at)
            seen = LEVEL[reading(word, number).status]
            assert LEVEL[flip.after] < LEVEL[flip.before] or seen >= LEVEL[flip.after]


@given(st.text("ogdu", max_size=60), st.integers(1, 4), st.integers(1, 4))
def test_flips_alternate_and_never_follow_an_unknown_reading(words: str, confirm: int, recover: int) -> None:
    state, before = CheckState(), Status.OK
    for number, word in enumerate(words):
        state, flip = step(state, reading(word, number), StateSpec(confirm, recover))
        if flip is not None:
            assert word != "u"
            assert flip.before is before
            assert flip.after is not before
            assert flip.since <= flip.at == number * SECOND
            before = flip.after


@given(st.text("odu", max_size=80), st.integers(1, 4), st.integers(1, 4))
def test_up_and_down_follow_the_plain_rule_of_readings_in_a_row(
    words: str, confirm: int, recover: int
) -> None:
    """An oracle that looks at the known readings only."""
    expected, down = [], False
    known = [(at, word) for at, word in enumerate(words) if word != "u"]
    for here in range(len(known)):
        wanted, need = ("o", recover) if down else ("d", confirm)
        last = known[max(0, here - need + 1) : here + 1]
        if len(last) == need and all(word == wanted for _, word in last):
            down = not down
            expected.append((last[0][0], known[here][0], down))
    _, flips = run(words, StateSpec(confirm, recover))
    seen = [(flip.since // SECOND, flip.at // SECOND, flip.after is Status.DOWN) for flip in flips]
    assert seen == expected


@given(st.text("ogdu", max_size=40), st.integers(0, 40))
def test_a_state_survives_being_stored(words: str, cut: int) -> None:
    """Stored as JSON and restored in the middle, the rest goes on as if nothing had happened."""
    whole, flips = run(words)
    state, seen = CheckState(), []
    for number, word in enumerate(words):
        if number == cut:
            state = restore(json.loads(json.dumps(dump(state))))
        state, flip = step(state, reading(word, number), TWO)
        seen += [flip] if flip else []
    assert (state, seen) == (whole, flips)
