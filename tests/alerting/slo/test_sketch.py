"""Sketches: at most 1 % off, added up in any order, small, and never misread."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from alerting.slo.bits import MOST, Bits, coded, plain, series, to_bytes
from alerting.slo.sketch import (
    ERROR,
    LOWEST,
    bucket_of,
    merged,
    packed,
    sketched,
    unpacked,
    value_of,
)

durations = st.floats(0, 1e9) | st.sampled_from([0.0, 5e-324, 2.2e-308, 1e-9, 0.1, 1.0, 60.0, 1e300])
many = st.lists(durations, max_size=200)
shares = st.fractions(0, 1)


@given(many.filter(bool), shares)
@example([0.1, 0.2, 0.3], Fraction(1, 2))
def test_every_quantile_is_at_most_one_per_cent_off(values: list[float], share: Fraction) -> None:
    exact = sorted(values)[int(share * (len(values) - 1))]
    found = sketched(values).quantile(share)
    assert found is not None
    assert abs(Fraction(found) - Fraction(exact)) <= Fraction(1, 100) * Fraction(exact) + Fraction(LOWEST)


def test_of_nothing_there_is_no_quantile_and_shares_are_shares() -> None:
    assert sketched([]).quantile(Fraction(1, 2)) is None
    assert sketched([0.0, -1.0, 4.0]).quantile(0) == 0
    with pytest.raises(ValueError, match="a share is 0 to 1"):
        sketched([1.0]).quantile(2)


@given(many, many, many)
def test_merged_in_any_order_it_is_the_sketch_of_all(
    one: list[float], two: list[float], three: list[float]
) -> None:
    a, b, c = sketched(one), sketched(two), sketched(three)
    assert merged([merged([a, b]), c]) == merged([a, merged([b, c])]) == sketched([*one, *two, *three])
    assert merged([a, b]) == merged([b, a])
    assert merged([a, sketched([])]) == a
    assert merged([a, b]).count == len(one) + len(two)


@given(st.dictionaries(st.integers(0, 1000), many, min_size=1, max_size=9))
def test_their_bytes_give_them_back(values: dict[int, list[float]]) -> None:
    sketches = {number: sketched(each) for number, each in values.items()}
    assert unpacked(packed(sketches)) == sketches


@given(st.binary(max_size=60))
def test_any_bytes_are_sketches_or_refused(some: bytes) -> None:
    try:
        found = unpacked(some)
    except ValueError:
        return
    assert unpacked(packed(found)) == found


def test_an_hour_of_a_check_takes_a_few_dozen_bytes_and_a_day_hardly_more() -> None:
    looks = random.Random(7)
    hours = [sketched(looks.lognormvariate(-2.5, 0.3) for _ in range(120)) for _ in range(24)]
    assert len(packed(dict(enumerate(hours)))) <= 24 * 40
    assert len(packed({0: merged(hours)})) <= 120


@given(durations.filter(lambda value: value >= LOWEST))
def test_what_a_bucket_stands_for_lies_in_it(value: float) -> None:
    assert bucket_of(value_of(bucket_of(value))) == bucket_of(value)
    assert abs(value_of(bucket_of(value)) / value - 1) <= ERROR


signed = st.lists(st.integers(-MOST, MOST) | st.integers(-9, 9), min_size=1, max_size=40)


@given(signed, st.lists(st.integers(0, 4 * MOST) | st.integers(0, 9), max_size=40), st.integers(0, MOST))
def test_numbers_come_back_from_their_bits(some: list[int], others: list[int], one: int) -> None:
    bits = Bits(to_bytes(series(some) + coded(others) + plain(one)))
    assert (bits.series(len(some)), bits.coded(len(others)), bits.plain()) == (some, others, one)
    bits.end()
