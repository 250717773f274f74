"""`confirm: 3 of 5` and `recover_after: 3m`: what they confirm, and which further looks they are worth."""

from __future__ import annotations

from dataclasses import replace

import pytest

from alerting.state import NEW, CheckState, Flip, StateSpec, look_in, step, wants_retry
from checks.base import Status
from config.conditions import Hold
from tests.readings import SECOND, reading

THREE_OF_FIVE = StateSpec(confirm=3, confirm_of=5, recover=2)
THREE_MINUTES = StateSpec(confirm=2, recover=2, recover_after=180.0)


def played(
    words: str, spec: StateSpec, every: float = 1.0, state: CheckState = NEW, start: float = 0
) -> tuple[CheckState, list[tuple[str, float, float]]]:
    """The state after readings so many seconds apart; of each flip to what, since when, and when."""
    flips: list[Flip] = []
    for number, word in enumerate(words):
        state, flip = step(state, reading(word, start + number * every), spec)
        flips += [flip] if flip else []
    return state, [(flip.after.value, flip.since / SECOND, flip.at / SECOND) for flip in flips]


@pytest.mark.parametrize(
    ("words", "flips"),
    [
        ("oodod", []),
        ("oododod", [("down", 2, 6)]),
        ("oddoooddo", []),  # two have left the window before the third comes
        ("oddod", [("down", 1, 4)]),
        ("ddd", [("down", 0, 2)]),
        ("oduuoudud", [("down", 1, 8)]),  # unknown ones take no place in the window
        ("ogdog", [("degraded", 1, 4)]),  # a down reading also confirms degraded
        ("gdgdd", [("degraded", 0, 2), ("down", 1, 4)]),
        ("dddoodd", [("down", 0, 2), ("ok", 3, 4)]),  # what was before a recovery is over
        ("dddoodod", [("down", 0, 2), ("ok", 3, 4)]),
        ("dddooddod", [("down", 0, 2), ("ok", 3, 4), ("down", 5, 8)]),
        ("dddododod", [("down", 0, 2)]),  # no recovery in between
    ],
)
def test_three_of_the_latest_five_confirm(words: str, flips: list[tuple[str, float, float]]) -> None:
    assert played(words, THREE_OF_FIVE)[1] == flips


def test_as_many_of_as_many_are_readings_in_a_row() -> None:
    for words in ("odod", "odd", "gdog", "ddoodod", "dgdo"):
        assert played(words, StateSpec(2, 2, confirm_of=2))[1] == played(words, StateSpec(2, 2))[1]


def test_readings_before_a_gap_are_not_among_the_latest() -> None:
    spec = replace(THREE_OF_FIVE, valid_for=130.0)
    state, _ = played("dd", spec, every=60)
    assert played("d", spec, state=state, start=1000)[1] == []


def test_only_what_needs_no_holding_time_counts_for_confirm() -> None:
    """`down: latency > 1s for 10m` is true five times, then the port is refused three times."""
    spec = replace(THREE_OF_FIVE, holds=(None, Hold(seconds=600.0)))
    state = CheckState()
    for at in range(5):
        state, flip = step(state, reading("d", at, firm="o"), spec)
        assert flip is None
    assert played("dd", spec, state=state, start=5)[1] == []
    assert played("ddd", spec, state=state, start=5)[1] == [("down", 0, 7)]


def test_after_a_blip_that_was_refuted_the_window_empties_itself() -> None:
    state, _ = played("odooooo", THREE_OF_FIVE)
    assert state.recent == ()
    assert state.unsettled_since is None


@pytest.mark.parametrize(
    ("words", "wanted"), [("od", True), ("odd", True), ("oddd", False), ("odo", False), ("odod", True)]
)
def test_a_bad_reading_asks_for_a_quick_look_until_it_is_confirmed(words: str, wanted: bool) -> None:
    assert wants_retry(played(words, THREE_OF_FIVE)[0], THREE_OF_FIVE) is wanted


def test_a_recovery_must_have_lasted() -> None:
    _, flips = played("dd" + "o" * 5, THREE_MINUTES, every=60)
    assert flips == [("down", 0, 60), ("ok", 120, 300)]


def test_any_failing_reading_begins_the_recovery_anew() -> None:
    _, flips = played("dd" + "ooo" + "d" + "oooo", THREE_MINUTES, every=60)
    assert flips == [("down", 0, 60), ("ok", 360, 540)]
    _, flips = played("dd" + "ooo" + "g" + "oo", THREE_MINUTES, every=60)
    assert flips == [
        ("down", 0, 60),
        ("degraded", 120, 300),
    ]  # it was no worse than degraded for three minutes


def test_an_unknown_reading_does_not_begin_it_anew() -> None:
    assert played("dd" + "ouuo", THREE_MINUTES, every=60)[1][-1] == ("ok", 120, 300)


def test_time_alone_does_not_make_a_recovery() -> None:
    spec = replace(THREE_MINUTES, recover=5)
    assert played("dd" + "oooo", spec, every=100)[1] == [("down", 0, 100)]
    assert played("dd" + "ooooo", spec, every=100)[1][-1] == ("ok", 200, 600)


def test_waiting_for_the_time_of_a_recovery_asks_for_no_quick_looks() -> None:
    state, _ = played("ddo", THREE_MINUTES, every=5)
    assert wants_retry(state, THREE_MINUTES)
    state, _ = played("o", THREE_MINUTES, state=state, start=15)
    assert not wants_retry(state, THREE_MINUTES)
    assert look_in(state, THREE_MINUTES) == 175.0


@pytest.mark.parametrize("words", ["oo", "dd", "ddo", "ddoou", "ddood", "ddoo" + "o" * 40])
def test_no_look_is_asked_for_where_time_is_not_all_that_is_lacking(words: str) -> None:
    assert look_in(played(words, THREE_MINUTES, every=5)[0], THREE_MINUTES) is None


def test_a_bad_reading_that_is_not_yet_confirmed_shows_as_unstable() -> None:
    assert played("od", THREE_OF_FIVE)[0].unstable
    assert played("od", THREE_OF_FIVE)[0].state is Status.OK
    assert not played("oddd", THREE_OF_FIVE)[0].unstable
    assert played("odddo", THREE_OF_FIVE)[0].unstable
