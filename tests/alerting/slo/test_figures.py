"""Figures: exact text for exact numbers, and percentages that never flatter."""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.figures import as_json, exact_decimal, exact_seconds, percent, rfc3339
from alerting.slo.periods import explicit
from alerting.slo.spans import Klass, Span
from alerting.slo.uptime import UptimePolicy, account

SECOND = 1_000_000
fractions = st.fractions(min_value=-3, max_value=3)


@pytest.mark.parametrize(
    ("us", "text"),
    [
        (600 * SECOND, "600"),
        (SECOND // 2, "0.5"),
        (0, "0"),
        (1, "0.000001"),
        (-1, "-0.000001"),
        (-90 * SECOND, "-90"),
        (Fraction(2, 3), "0"),
        (Fraction(-2, 3), "0"),
        (Fraction(-5, 2), "-0.000002"),
        (123_456_789 * SECOND + 120_000, "123456789.12"),
    ],
)
def test_seconds_are_written_without_loss_or_padding(us: int | Fraction, text: str) -> None:
    assert exact_seconds(us) == text


@given(st.integers(-(10**18), 10**18))
def test_whole_microseconds_survive_the_way_through_text(us: int) -> None:
    assert Decimal(exact_seconds(us)) * SECOND == us


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(99), "99"),
        (Fraction(9995, 100), "99.95"),
        (Fraction(100), "100"),
        (Fraction(-1, 10**8), "-0.00000001"),
        (Fraction(1, 64), "0.015625"),
        (Fraction(200, 3), "66.666666"),
        (Fraction(0), "0"),
    ],
)
def test_a_decimal_is_the_shortest_exact_one(value: Fraction, text: str) -> None:
    assert exact_decimal(value) == text


@given(st.integers(-(10**15), 10**15), st.integers(0, 12), st.integers(0, 12))
def test_whatever_a_decimal_can_hold_is_held_exactly(numerator: int, twos: int, fives: int) -> None:
    value = Fraction(numerator, 2**twos * 5**fives)
    assert Fraction(exact_decimal(value)) == value


@pytest.mark.parametrize(
    ("fraction", "places", "text"),
    [
        (Fraction(9_999_996, 10_000_000), 2, "99.99"),
        (Fraction(4313, 4314), 6, "99.976819"),
        (Fraction(1), 2, "100.00"),
        (Fraction(1), 0, "100"),
        (Fraction(0), 6, "0.000000"),
        (Fraction(-12_345, 1_000_000), 2, "-1.23"),
        (Fraction(-1, 10**9), 2, "0.00"),
    ],
)
def test_percentages_are_cut_off_never_rounded(fraction: Fraction, places: int, text: str) -> None:
    assert percent(fraction, places) == text


def test_no_fraction_gives_no_percentage() -> None:
    assert percent(None, 2) is None


@given(fractions, st.integers(0, 8))
def test_a_percentage_is_off_by_less_than_its_last_place_and_toward_nought(
    fraction: Fraction, places: int
) -> None:
    shown = Fraction(percent(fraction, places) or "")
    assert 0 <= abs(100 * fraction) - abs(shown) < Fraction(1, 10**places)
    assert shown * fraction >= 0


@given(st.fractions(min_value=0, max_value=1).filter(lambda fraction: fraction < 1))
def test_what_is_not_whole_never_shows_as_a_hundred(fraction: Fraction) -> None:
    assert Fraction(percent(fraction, 2) or "") < 100


def test_moments_are_rfc3339_with_a_fraction_only_where_there_is_one() -> None:
    assert rfc3339(0) == "1970-01-01T00:00:00Z"
    assert rfc3339(1_500_000) == "1970-01-01T00:00:01.500000Z"
    assert rfc3339(-1) == "1969-12-31T23:59:59.999999Z"


def test_the_json_of_an_account_word_for_word() -> None:
    # A day of 86,400 s: 100 s down, 300 s degraded, 700 s maintenance, 1000.5 s unknown, the rest up.
    period = explicit("2026-11-21", "2026-11-22", "Europe/Berlin")
    lengths = [
        (Klass.DOWN, 100_000_000), (Klass.DEGRADED, 300_000_000), (Klass.MAINTENANCE, 700_000_000),
        (Klass.UNKNOWN, 1_000_500_000), (Klass.UP, 84_299_500_000),
    ]  # fmt: skip
    spans, at = [], period.start
    for klass, length in lengths:
        spans.append(Span(at, at + length, klass))
        at += length
    assert at == period.end
    policy = UptimePolicy(target=Fraction(9995, 10_000))
    shown = as_json(
        account(spans, period, policy, period.end, 0), "shop", {period.start: (7, "connection refused")}
    )
    # Counted 84,699.5 s, good 84,599.5 s: 169199/169399. The budget is 0.0005 x 84,699.5 = 42.34975 s.
    assert shown == {
        "service": "shop",
        "period": {"from": "2026-11-20T23:00:00Z", "to": "2026-11-21T23:00:00Z", "zone": "Europe/Berlin"},
        "seconds": {
            "up": "84299.5", "degraded": "300", "down": "100", "maintenance": "700", "unknown": "1000.5",
        },
        "counted": "84699.5",
        "uptime": "169199/169399",
        "uptime_percent": "99.881935",
        "target_percent": "99.95",
        "met": False,
        "budget_seconds": "42.34975",
        "budget_left_seconds": "-57.65025",
        "coverage_percent": "98.031828",
        "outages": [
            {
                "from": "2026-11-20T23:00:00Z", "to": "2026-11-20T23:01:40Z",
                "incident": 7, "cause": "connection refused",
            }
        ],
    }  # fmt: skip
    assert json.loads(json.dumps(shown)) == shown


def test_the_json_of_nothing_counted_has_nulls_and_no_percentage() -> None:
    period = explicit("2026-11-21", "2026-11-22", "UTC")
    shown = as_json(account([], period, UptimePolicy(), period.end, period.start), "shop")
    assert (shown["uptime"], shown["uptime_percent"], shown["met"]) == (None, None, None)
    assert (shown["counted"], shown["coverage_percent"]) == ("0", "0.000000")


def test_an_outage_without_a_known_incident_says_null() -> None:
    period = explicit("2026-11-21", "2026-11-22", "UTC")
    shown = as_json(
        account([Span(period.start, period.end, Klass.DOWN)], period, UptimePolicy(), period.end, 0), "shop"
    )
    assert shown["uptime"] == "0/1"
    assert shown["outages"] == [
        {"from": "2026-11-21T00:00:00Z", "to": "2026-11-22T00:00:00Z", "incident": None, "cause": None}
    ]


def test_a_budget_overdrawn_by_less_than_a_microsecond_is_not_written_as_nought() -> None:
    # 99.95 % of 1999 microseconds allows 0.9995 of one; one was bad.
    period = explicit("2026-11-21T00:00:00Z", "2026-11-21T00:00:00.001999Z", "UTC")
    policy = UptimePolicy(target=Fraction(9995, 10_000))
    spans = [Span(period.start, period.start + 1, Klass.DOWN), Span(period.start + 1, period.end, Klass.UP)]
    shown = as_json(account(spans, period, policy, period.end, 0), "shop")
    assert (shown["met"], shown["budget_left_seconds"]) == (False, "-0.0000000005")
