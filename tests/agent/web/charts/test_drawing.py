"""Scales and axes: round, in order, within their box."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.web.charts.drawing import Scale, number, round_steps, time_steps

ZONE = ZoneInfo("Europe/Berlin")


def us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZONE).timestamp()) * 1_000_000


@pytest.mark.parametrize(
    ("most", "steps"),
    [
        (0.9, [0, 0.5, 1.0]),
        (4.0, [0, 1, 2, 3, 4]),
        (0.037, [0, 0.01, 0.02, 0.03, 0.04]),
        (17.0, [0, 5, 10, 15, 20]),
        (0.0, [0, 1]),
        (float("inf"), [0, 1]),
    ],
)
def test_values_are_marked_by_round_steps(most: float, steps: list[float]) -> None:
    assert round_steps(most) == pytest.approx(steps)


@given(st.floats(1e-6, 1e9))
def test_the_steps_reach_the_greatest_value_and_are_few(most: float) -> None:
    steps = round_steps(most)
    assert steps[-1] >= most * (1 - 1e-9)
    assert 2 <= len(steps) <= 7
    assert all(one < other for one, other in pairwise(steps))


@given(st.floats(-1e12, 1e12), st.floats(-1e6, 1e6), st.floats(0.001, 1e6))
def test_nothing_is_drawn_outside_of_its_box(value: float, low: float, length: float) -> None:
    assert 10 <= Scale(low, low + length, 10, 90)(value) <= 90


def test_days_begin_at_midnight_on_both_sides_of_a_change_of_the_hour() -> None:
    found = time_steps(us("2026-10-23T12:00"), us("2026-10-28T12:00"), "Europe/Berlin")
    assert [label for _, label in found] == ["24 Oct", "25 Oct", "26 Oct", "27 Oct", "28 Oct"]
    assert [at for at, _ in found] == [us(f"2026-10-{day}T00:00") for day in range(24, 29)]


def test_numbers_take_few_signs() -> None:
    assert [number(each) for each in (3.0, 3.14, 0.04)] == ["3", "3.1", "0"]
