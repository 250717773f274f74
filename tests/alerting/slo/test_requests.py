"""Uptime by requests: exact shares, cut and never rounded up, and nothing where nothing is known."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.requests import by_requests

counts = st.tuples(st.integers(0, 10**15), st.integers(0, 10**15)).map(lambda pair: (max(pair), min(pair)))


def figure(**checks: tuple[int, int]) -> Any:
    return by_requests(checks)["requests"]


def test_the_sum_of_all_checks_and_each_of_them() -> None:
    assert figure(log=(100, 99), api=(23, 21)) == {
        "valid": 123,
        "good": 120,
        "uptime": "40/41",
        "uptime_percent": "97.560975",
        "checks": [
            {"check": "api", "valid": 23, "good": 21},
            {"check": "log", "valid": 100, "good": 99},
        ],
    }


def test_where_no_request_is_known_nothing_is_said() -> None:
    assert by_requests({}) == {}
    assert by_requests({"log": (0, 0)}) == {}


def test_one_failure_among_a_hundred_million_is_not_rounded_away() -> None:
    assert figure(log=(100_000_000, 99_999_999))["uptime_percent"] == "99.999999"
    assert figure(log=(10**12, 10**12 - 1))["uptime_percent"] == "99.999999"
    assert figure(log=(7, 7))["uptime_percent"] == "100.000000"
    assert figure(log=(7, 0))["uptime"] == "0/1"


@given(st.dictionaries(st.sampled_from("abcd"), counts, min_size=1))
def test_the_share_is_that_of_the_sums_and_lies_among_those_of_the_checks(
    checks: dict[str, tuple[int, int]],
) -> None:
    shares = [Fraction(good, valid) for valid, good in checks.values() if valid]
    if not shares:
        assert by_requests(checks) == {}
        return
    told = figure(**checks)
    assert Fraction(told["uptime"]) == Fraction(told["good"], told["valid"])
    assert min(shares) <= Fraction(told["uptime"]) <= max(shares)
    assert Fraction(told["uptime_percent"]) <= 100 * Fraction(told["uptime"])
    assert 100 * Fraction(told["uptime"]) - Fraction(told["uptime_percent"]) < Fraction(1, 10**6)
