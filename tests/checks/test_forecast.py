"""The forecast follows the trend, ignores odd samples and says nothing when it knows too little."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from checks.forecast import MOST, WINDOW, forecast, remembered, with_sample


def _line(count: int, *, per_second: float, every: float = 75.0) -> list[tuple[float, float]]:
    return [(index * every, 1000 + per_second * index * every) for index in range(count)]


def _full_in(samples: list[tuple[float, float]], free: float = 7200) -> float | None:
    return forecast(samples, free)["full_in"]


def test_steady_growth_gives_the_time_left_and_bounds_that_agree() -> None:
    assert dict(forecast(_line(10, per_second=2.0), free=7200)) == pytest.approx(
        {"full_in": 3600, "full_in_least": 3600, "full_in_most": 3600}
    )


def test_a_few_odd_samples_do_not_bend_the_line() -> None:
    samples = _line(20, per_second=2.0)
    for odd in (3, 11, 19):
        samples[odd] = (samples[odd][0], 9e9)
    assert _full_in(samples) == pytest.approx(3600, rel=0.05)


@pytest.mark.parametrize("per_second", [0.0, -5.0])
def test_no_growth_has_no_end(per_second: float) -> None:
    assert set(forecast(_line(10, per_second=per_second), free=7200).values()) == {None}


def test_what_is_full_is_full_now_also_when_it_cannot_grow_any_more() -> None:
    for samples in (_line(10, per_second=0.0), _line(1, per_second=0.0)):
        assert set(forecast(samples, free=0).values()) == {0.0}


def test_four_samples_or_less_than_five_minutes_are_too_few() -> None:
    assert _full_in(_line(4, per_second=1.0, every=1000)) is None
    assert _full_in(_line(5, per_second=1.0, every=74)) is None
    assert _full_in(_line(5, per_second=1.0, every=75)) == pytest.approx(7200)


def test_who_looks_often_has_a_forecast_after_a_minute() -> None:
    assert _full_in(_line(19, per_second=1.0, every=60 / 18)) is None
    assert _full_in(_line(20, per_second=1.0, every=3.1)) is None
    assert _full_in(_line(20, per_second=1.0, every=3.2)) == pytest.approx(7200)


def test_what_comes_and_goes_has_a_lower_bound_alone() -> None:
    samples = [(minute * 60.0, 1000.0 + minute % 20) for minute in range(60)]
    seen = forecast(samples, free=7200)
    assert (seen["full_in"], seen["full_in_most"]) == (None, None)
    assert seen["full_in_least"] is not None


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e15)), max_size=60), st.floats(0, 1e15))
@example([(0.0, 0.0), (0.0, 0.0), (0.0, 0.0), (4.0, 2.2250738585072014e-308), (300.0, 1.0)], 1.0)
def test_bounds_are_in_order_whatever_was_seen(pairs: list[tuple[float, float]], free: float) -> None:
    seen = forecast(sorted(pairs), free)
    told = [seen[name] for name in ("full_in_least", "full_in", "full_in_most")]
    known = [end for end in told if end is not None]
    assert known == sorted(known)
    assert all(end >= 0 for end in known)
    assert (seen["full_in"] is None) == (seen["full_in_most"] is None)


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
def test_memory_stays_small_and_spans_the_last_hour(gaps: list[float]) -> None:
    at, moments, samples = 0.0, [], remembered([], 0.0)
    for gap in gaps:
        at += gap
        moments.append(at)
        samples = with_sample(samples, at, 1.0)
    assert len(samples) <= MOST
    assert all(later[0] > earlier[0] for earlier, later in pairwise(samples))
    if moments:
        last_hour = [moment for moment in moments if at - moment <= WINDOW]
        assert samples[-1][0] == at
        assert samples[0][0] <= last_hour[0]


def test_samples_that_come_every_second_are_thinned_out_evenly() -> None:
    samples = remembered([], 0.0)
    for second in range(7200):
        samples = with_sample(samples, float(second), 1.0)
    gaps = [later[0] - earlier[0] for earlier, later in pairwise(samples)]
    assert len(samples) == MOST
    assert samples[-1][0] - samples[0][0] > 0.9 * WINDOW
    assert max(gaps) < 4 * WINDOW / MOST


def test_a_check_that_looks_once_an_hour_keeps_ten_samples() -> None:
    samples = remembered([], 0.0)
    for hour in range(50):
        samples = with_sample(samples, hour * 3600.0, hour * 10.0)
    assert len(samples) == 11
    assert forecast(samples, 100.0)["full_in"] == pytest.approx(36000)
