"""Flapping: the ring of the last readings, and when a check begins and ends to flap."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import cycle, islice

import pytest

from alerting.state import NEW, CheckState, StateSpec, dump, restore, step
from checks.base import Status
from config.confirming import Thresholds
from tests.readings import reading

USUAL = StateSpec(confirm=2, recover=2)
OFF = StateSpec(confirm=2, recover=2, flapping=Thresholds(Fraction(1), Fraction(1)))


def played(words: str, spec: StateSpec = USUAL, state: CheckState = NEW) -> CheckState:
    for at, word in enumerate(words):
        state, _ = step(state, reading(word, at), spec)
    return state


def test_the_worked_example_of_icinga() -> None:
    """Icinga 2, "Advanced Topics", flapping: of 21 results 8 changed, which weighs 39.1 %; then it stays critical."""
    example = "dddgdgooooggggooogggd"
    state = played(example)
    assert state.flap_share == 0.391
    assert state.flapping
    calm = played("ddddddd", state=state)
    assert calm.flap_share < 0.25
    assert not calm.flapping


def test_a_check_that_changes_at_every_look_flaps_with_the_sixth_change() -> None:
    """5.7 by 20 are 28.5 %, and 6.78 by 20 are 33.9 %."""
    assert not played("ododod").flapping
    assert played("odododo").flapping
    assert played("".join(islice(cycle("od"), 60))).flap_share == 0.99


def test_the_first_reading_of_all_is_no_change() -> None:
    assert played("d").flap_share == 0.0
    assert played("ddd").flap_share == 0.0
    assert played("od").flap_share == 0.059


def test_degraded_and_down_are_two_levels() -> None:
    assert played("gdgdgdgd").flapping


def test_unknown_readings_are_not_in_the_ring() -> None:
    assert played("uoududuoud").ring == played("oddod").ring
    assert not played("udududududududu").flapping


@pytest.mark.parametrize(("enter", "flapping"), [(Fraction(59, 1000), False), (Fraction(58, 1000), True)])
def test_a_share_must_be_above_the_bound_to_begin(enter: Fraction, flapping: bool) -> None:
    spec = StateSpec(flapping=Thresholds(enter, Fraction(1, 100)))
    assert played("od", spec).flapping is flapping


@pytest.mark.parametrize(("leave", "flapping"), [(Fraction(58, 1000), True), (Fraction(581, 10000), False)])
def test_a_share_must_be_below_the_bound_to_end(leave: Fraction, flapping: bool) -> None:
    """One change back among good ones: 1.18 weighed 5.9 %, a reading later it is 5.8 %."""
    state = played("od", StateSpec(flapping=Thresholds(Fraction(1, 100), Fraction(1, 100))))
    assert state.flapping
    assert played("d", StateSpec(flapping=Thresholds(Fraction(1, 2), leave)), state).flapping is flapping


def test_between_the_bounds_it_stays_what_it_was() -> None:
    between = [count for count in range(40) if 0.25 < played("ododod" + "d" * count).flap_share < 0.3]
    assert between
    for count in between:
        assert not played("ododod" + "d" * count).flapping  # it never was above
    busy = played("ododododo")
    for _ in range(25):
        assert busy.flapping is (busy.flap_share >= 0.25)
        busy = played("o", state=busy)
    assert busy.flap_share == 0.0


def test_switched_off_nothing_flaps_and_the_pattern_is_kept_all_the_same() -> None:
    state = played("od" * 20, OFF)
    assert not state.flapping
    assert state.flap_pattern == "x" + ".x" * 10
    assert played("d", OFF, played("od" * 20)).flapping is False


def test_the_pattern_shows_the_last_readings_from_the_first_bad_one_on() -> None:
    assert played("ooo").flap_pattern == ""
    assert played("oodugoo").flap_pattern == "x-.."
    assert played("d").flap_pattern == "x"
    assert played("d" + "o" * 30).flap_pattern == ""
    assert played("d" * 30).flap_pattern == "x" * 21


def test_when_all_has_been_well_for_long_the_ring_is_at_rest_and_good_readings_change_nothing() -> None:
    state = played("od" * 10 + "o" * 21)
    assert (state.ring, state.flapping, state.recent) == (0, False, ())
    after = played("o", state=state)
    assert (after.ring, after.better) == (state.ring, state.better)


def test_flips_go_on_while_it_flaps() -> None:
    flips = []
    state = CheckState()
    for at, word in enumerate("oodd" * 10):
        state, flip = step(state, reading(word, at), USUAL)
        flips += [flip] if flip else []
    assert state.flapping
    assert [flip.after for flip in flips] == [Status.DOWN, Status.OK] * 9 + [Status.DOWN]


@pytest.mark.parametrize("kept", [7, 8])
def test_what_older_versions_kept_can_be_read(kept: int) -> None:
    """Neither doubts nor ring, and recent readings of two numbers: of their past nothing is made up."""
    state = played("oodoodd")
    older = json.loads(json.dumps(dump(state)))[:kept]
    older[3] = [[5, 2], [6, 2]]
    again = restore(older)
    assert (again.state, again.since, again.recent) == (Status.DOWN, state.since, ((5, 2, 0), (6, 2, 0)))
    assert (again.flap_share, again.flap_pattern, again.flapping) == (0.0, "", False)
    assert played("d", state=again).flap_share == 0.0
    assert restore(dump(played("oo"))[:kept]).ring == played("oo").ring
