"""Rates come from two looks of one boot, never from counters that began anew, and never below zero."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.base import Context
from checks.boot import since_boot
from checks.network import Network
from checks.rates import Counters, Look, Meter, Passed, known_before, passed, passed_blocking, remembered

WRAP = 1 << 32


def _passed(
    before: Mapping[str, float], after: Mapping[str, float], **meter: Any
) -> Mapping[str, float] | None:
    return Passed(Meter(dict, **meter), Look(0.0, {"a": before}), Look(10.0, {"a": after})).moved("a")


def _context(memo: Any = None) -> Context:
    return Context(timeout=5, network=Network(), now=1_800_000_000.0, memo=memo)


class Counting:
    """Counters that grow by 10 at every look."""

    def __init__(self) -> None:
        self.looks = 0

    def __call__(self) -> Counters:
        self.looks += 1
        return {"disk": {"reads": self.looks * 10}}


def test_growth_is_what_came_between() -> None:
    assert _passed({"n": 5, "m": 1}, {"n": 9, "m": 1}) == {"n": 4, "m": 0}


def test_thing_whose_counters_began_anew_gives_no_rates() -> None:
    assert _passed({"n": 5, "m": 1}, {"n": 9, "m": 0}) is None


def test_thing_that_came_or_went_gives_no_rates() -> None:
    between = Passed(Meter(dict), Look(0.0, {"a": {"n": 1}}), Look(10.0, {"b": {"n": 1}}))
    assert (between.moved("a"), between.moved("b")) == (None, None)
    assert between.gone == ("a has gone since the last look",)


def test_counter_that_wraps_goes_on_while_the_others_do() -> None:
    wraps = {"ms": WRAP}
    assert _passed({"n": 5, "ms": WRAP - 10}, {"n": 6, "ms": 30}, wraps=wraps) == {"n": 1, "ms": 40}
    assert _passed({"n": 5, "ms": WRAP - 10}, {"n": 1, "ms": 30}, wraps=wraps) is None


def test_counter_that_may_fall_counts_as_unmoved() -> None:
    assert _passed({"n": 5, "wait": 3}, {"n": 6, "wait": 2}, may_fall=frozenset({"wait"})) == {
        "n": 1,
        "wait": 0,
    }


amounts = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 2**64), min_size=1)


@given(amounts, amounts, st.sets(st.sampled_from("abcd")), st.sets(st.sampled_from("abcd")))
def test_no_growth_is_ever_negative(
    before: dict[str, int], after: dict[str, int], wrapping: set[str], falling: set[str]
) -> None:
    moved = _passed(before, after, wraps=dict.fromkeys(wrapping, WRAP), may_fall=frozenset(falling))
    assert moved is None or all(change >= 0 for change in moved.values())


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=20))
def test_what_was_counted_in_all_is_the_sum_of_the_intervals(steps: list[int]) -> None:
    """However often a counter of 32 bits wrapped around, as long as no interval is longer than that."""
    real, total = WRAP - 5, 0.0
    for step in (each % WRAP for each in steps):
        grown = _passed(
            {"ms": real % WRAP, "n": real}, {"ms": (real + step) % WRAP, "n": real + step}, wraps={"ms": WRAP}
        )
        assert grown is not None
        real, total = real + step, total + grown["ms"]
    assert total == real - (WRAP - 5)


def test_first_run_looks_twice_and_the_next_compares_with_it() -> None:
    meter = Meter(Counting())
    first = asyncio.run(passed(meter, _context()))
    assert (first.moved("disk"), meter.read.looks) == ({"reads": 10}, 2)  # type: ignore[attr-defined]
    memo = json.loads(json.dumps(first.memo))
    memo["at"] -= 60
    second = asyncio.run(passed(meter, _context(memo)))
    assert (second.moved("disk"), meter.read.looks) == ({"reads": 10}, 3)  # type: ignore[attr-defined]
    assert second.seconds == pytest.approx(60, abs=5)


@pytest.mark.parametrize("run", [lambda *given: asyncio.run(passed(*given)), passed_blocking])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda memo: {**memo, "boot": "another"},
        lambda memo: {**memo, "at": since_boot()},
        lambda memo: {**memo, "at": since_boot() + 1000},
        lambda memo: {**memo, "at": True},
        lambda memo: {**memo, "counters": {"disk": {"reads": 1e300}}},
        lambda memo: {**memo, "counters": {"other": {"reads": 1}}},
        lambda memo: {**memo, "counters": {"disk": {"reads": "1"}}},
        lambda memo: {**memo, "counters": {"disk": [1]}},
        lambda memo: {**memo, "counters": [1]},
        lambda memo: {**memo, "counters": {str(n): {} for n in range(5000)}},
        lambda _memo: None,
        lambda _memo: [1],
        lambda memo: {**memo, "at": 10**400},
    ],
    ids=range(13),
)
def test_memo_that_does_not_fit_has_it_look_twice(spoil: Any, run: Any) -> None:
    meter = Meter(Counting())
    memo = spoil({"boot": asyncio.run(passed(meter, _context())).memo["boot"], "at": 1.0, "counters": {}})
    seen = run(meter, _context(memo))
    assert seen.moved("disk") == {"reads": 10}
    assert seen.seconds > 0.1


def test_names_are_known_from_any_boot_and_from_no_other_shape() -> None:
    assert known_before({"boot": "another", "counters": {"sda": {}}}) == {"sda"}
    nothing: tuple[Any, ...] = (None, 5, [], {}, {"counters": None}, {"counters": 5})
    for memo in nothing:
        assert known_before(memo) == frozenset()
        assert remembered(memo) is None
