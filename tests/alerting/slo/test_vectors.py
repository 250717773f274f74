"""Figures against answers worked out by hand, rule after rule; the arithmetic stands with each vector."""

from __future__ import annotations

from fractions import Fraction

import pytest

from agent.uptime import Alive, Ledger, accounted, retired
from alerting.plans import Edition
from alerting.slo.periods import Period
from alerting.slo.spans import Klass
from tests.alerting.slo.vectors import (
    quarters,
    rule_1_time,
    rule_2_periods,
    rule_3_events,
    rule_4_belief,
    rule_6_maintenance,
    rule_7_agreements,
    rule_8_budgets,
    rule_9_percentages,
)
from tests.alerting.slo.vectors.vector import Vector, answered, off_windows


def each(vectors: list[Vector]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("vector", vectors, ids=lambda vector: vector.name)


@each(rule_1_time.VECTORS)
def test_rule_1_time_is_half_open_and_exact_to_the_microsecond(vector: Vector) -> None:
    assert vector.settled(answered(vector)) == vector.gives, vector.words


@each(rule_2_periods.VECTORS)
def test_rule_2_periods_begin_and_end_with_the_clocks_of_their_zone(vector: Vector) -> None:
    assert vector.settled(answered(vector)) == vector.gives, vector.words


@each(rule_3_events.VECTORS)
def test_rule_3_the_latest_event_holds_and_nothing_before_the_first_counts(vector: Vector) -> None:
    assert vector.settled(answered(vector)) == vector.gives, vector.words


@each(rule_4_belief.VECTORS)
def test_rule_4_what_is_no_longer_believed_or_was_not_watched_is_unknown(vector: Vector) -> None:
    assert vector.settled(answered(vector, off_windows(rule_4_belief.VECTORS))) == vector.gives, vector.words


@each(rule_6_maintenance.VECTORS)
def test_rule_6_maintenance_is_a_union_that_hides_all_else(vector: Vector) -> None:
    assert vector.settled(answered(vector)) == vector.gives, vector.words


def test_rule_6_what_is_recorded_afterwards_never_changes_what_has_passed() -> None:
    """Hours of a day: planned at 8 for 10 to 12, at 11 made longer until 13, at 14 said to have begun at 9.

    At 14 also work from 6 to 7 is told of, which nobody had announced. Down from 6 to 7 and from 9 to 14: one hour
    at 6, 9 to 10 and 13 to 14 are down, 3 hours; 10 to 13 are maintenance.
    """
    hour = 3600 * 1_000_000
    states = ((0, 6, Klass.UP), (6, 7, Klass.DOWN), (7, 9, Klass.UP), (9, 14, Klass.DOWN), (14, 24, Klass.UP))
    spans = tuple((start * hour, end * hour, klass) for start, end, klass in states)
    plans = [[(8, 10, 12), (11, 10, 13), (14, 9, 13)], [(14, 6, 7)]]
    work = tuple(
        tuple(Edition(at * hour, start * hour, end * hour) for at, start, end in editions)
        for editions in plans
    )
    ledger = Ledger(spans, Alive(running=True, until=24 * hour), work=work)
    got = accounted(retired("web"), ledger, Period("a day", 0, 24 * hour, "UTC"), 24 * hour)
    assert {str(klass): us // hour for klass, us in got.by_class.items() if us} == {
        "up": 18,
        "down": 3,
        "maintenance": 3,
    }


@each(rule_7_agreements.VECTORS)
def test_rule_7_the_agreement_says_what_counts_and_nothing_counted_gives_no_figure(vector: Vector) -> None:
    assert vector.settled(answered(vector)) == vector.gives, vector.words


@each(rule_8_budgets.VECTORS)
def test_rule_8_the_budget_is_the_bad_time_that_the_target_allows(vector: Vector) -> None:
    assert vector.settled(answered(vector)) == vector.gives, vector.words


@each(rule_9_percentages.VECTORS)
def test_rule_9_percentages_are_cut_never_rounded_up(vector: Vector) -> None:
    assert vector.settled(answered(vector)) == vector.gives, vector.words


@each(quarters.VECTORS)
def test_a_quarter_weighs_its_months_by_what_was_counted(vector: Vector) -> None:
    assert vector.settled(answered(vector)) == vector.gives, vector.words


@pytest.mark.parametrize("months", [quarters.VECTORS[:3], quarters.VECTORS[4:7]])
def test_the_mean_of_the_months_would_be_another_figure(months: list[Vector]) -> None:
    quarter = quarters.VECTORS[quarters.VECTORS.index(months[-1]) + 1]
    uptimes = [Fraction(answered(month)["uptime"]) for month in months]
    mean: Fraction = sum(uptimes, Fraction(0)) / 3
    whole = Fraction(answered(quarter)["uptime"])
    assert max(mean - whole, whole - mean) > Fraction(1, 100)
