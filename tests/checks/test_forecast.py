"""The forecast follows the trend, ignores odd samples and says nothing when it knows too little."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.forecast import MOST, SPACING, full_in, remembered, slope, with_sample


def _line(count: int, *, per_second: float, every: float = 75.0) -> list[tuple[float, float]]:
    return [(index * every, 1000 + per_second * index * every) for index in range(count)]


def test_steady_growth_gives_the_time_left() -> None:
    assert full_in(_line(10, per_second=2.0), free=7200) == pytest.approx(3600)


def test_a_few_odd_samples_do_not_bend_the_line() -> None:
    samples = _line(20, per_second=2.0)
    for odd in (3, 11, 19):
        samples[odd] = (samples[odd][0], 9e9)
    assert full_in(samples, free=7200) == pytest.approx(3600, rel=0.05)


@pytest.mark.parametrize("per_second", [0.0, -5.0])
def test_no_growth_has_no_end(per_second: float) -> None:
    assert full_in(_line(10, per_second=per_second), free=7200) is None


def test_four_samples_or_less_than_five_minutes_are_too_few() -> None:
    assert slope(_line(4, per_second=1.0, every=1000)) is None
    assert slope(_line(5, per_second=1.0, every=74)) is None
    assert slope(_line(5, per_second=1.0, every=75)) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "memo",
    [
        None,
        {},
        "x",
        5,
        [1, 2],
        [[1]],
        [[1, 2, 3]],
        [["1", "2"]],
        [[1, None]],
        [[True, 2]],
        [[1, float("nan")]],
        [{}],
    ],
)
def test_memo_of_another_shape_is_ignored(memo: Any) -> None:
    assert remembered(memo, 1e9) == ()


def test_samples_from_the_future_are_dropped_after_the_clock_went_back() -> None:
    assert remembered([[10, 1], [30, 3], [20, 2]], at=25) == ((10.0, 1.0), (20.0, 2.0))


@given(st.lists(st.floats(0.1, 500), max_size=200))
def test_memory_stays_small_and_spans_an_hour_when_it_is_full(gaps: list[float]) -> None:
    at, samples = 0.0, remembered([], 0.0)
    for gap in gaps:
        at += gap
        samples = with_sample(samples, at, 1.0)
    assert len(samples) <= MOST
    assert all(later[0] - earlier[0] >= SPACING for earlier, later in pairwise(samples))
    assert len(samples) < MOST or samples[-1][0] - samples[0][0] >= 3600
