"""The state machine of one check."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.state import CheckState, Flip, StateSpec, dump, restore, step, wants_retry
from checks.base import Status
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
