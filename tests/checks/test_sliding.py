"""Counts over a sliding window, against counting them again each time."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.sliding import Sliding

NOW = 1_800_000_000.0
moments = st.floats(NOW - 2000, NOW + 50, allow_nan=False)
marks = st.lists(st.tuples(moments, st.sampled_from("abc")), max_size=60)


@given(marks, st.sampled_from([1.0, 7.5, 300.0, 600.0, 1500.0]))
def test_counts_are_those_of_the_slices_that_the_window_touches(
    added: list[tuple[float, str]], window: float
) -> None:
    sliding = Sliding(window)
    for at, name in added:
        sliding.add(at, name)
    sliding.slide(NOW)
    first, last = math.floor((NOW - window) / sliding.step), math.floor(NOW / sliding.step)
    for name in "abc":
        wanted = sum(known == name and first <= math.floor(at / sliding.step) <= last for at, known in added)
        assert sliding.count(name) == wanted


@given(marks, marks)
def test_what_is_remembered_counts_as_before(
    before: list[tuple[float, str]], after: list[tuple[float, str]]
) -> None:
    whole, first = Sliding(300), Sliding(300)
    for at, name in before:
        whole.add(at, name)
        first.add(at, name)
    second = Sliding(300, json.loads(json.dumps(first.memo())))
    for at, name in after:
        whole.add(at, name)
        second.add(at, name)
    assert second.memo() == whole.memo()
    assert [second.count(name) for name in "abc"] == [whole.count(name) for name in "abc"]


def test_what_is_taken_back_leaves_nothing() -> None:
    sliding = Sliding(300)
    sliding.add(NOW, "a", 2)
    sliding.add(NOW, "a", -1)
    assert sliding.count("a") == 1
    sliding.add(NOW, "a", -1)
    assert sliding.starting("") == {}


def test_names_are_bounded_and_what_exceeds_them_is_told() -> None:
    sliding = Sliding(300, names=10)
    for number in range(100):
        sliding.add(NOW, f"name {number}")
    assert len(sliding.starting("name ")) <= 11
    assert sliding.lost >= 89


@pytest.mark.parametrize(
    "memo",
    [
        0,
        "x",
        {"step": 1, "slices": 7},
        {"step": 1, "slices": {"x": {"a": 1}}},
        {"step": 1, "slices": {"5": ["a"]}},
        {"step": 1, "slices": {"5": {"a": -1, "b": True, "c": "x", "d": 1e400}}},
        {"step": 9, "slices": {"5": {"a": 1}}},
    ],
    ids=repr,
)
def test_memo_that_is_none_counts_nothing(memo: Any) -> None:
    assert Sliding(300, memo).starting("") == {}
