"""Uptime: every rule of the arithmetic, worked out by hand and against a count of unit after unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.periods import Period, parse_period
from alerting.slo.spans import Klass, Span
from alerting.slo.uptime import Account, Outage, UptimePolicy, account

UP, DEGRADED, DOWN = Klass.UP, Klass.DEGRADED, Klass.DOWN
MAINTENANCE, UNKNOWN = Klass.MAINTENANCE, Klass.UNKNOWN
HORIZON = 30
HOUR = 3_600_000_000
DAY = 24 * HOUR
LETTERS = {"u": UP, "g": DEGRADED, "d": DOWN, "m": MAINTENANCE, "?": UNKNOWN}

Timeline = list[Klass | None]
runs = st.lists(st.tuples(st.sampled_from([*Klass, None]), st.integers(1, 9)), max_size=9)
bounds = st.integers(-2, HORIZON + 2)
policies = st.builds(
    UptimePolicy,
    degraded=st.sampled_from(["up", "down"]),
    unknown=st.sampled_from(["exclude", "down", "up"]),
    maintenance=st.sampled_from(["exclude", "down"]),
    target=st.sampled_from([Fraction(0), Fraction(1, 2), Fraction(9, 10), Fraction(99, 100), Fraction(1)]),
)


def stretched(drawn_runs: list[tuple[Klass | None, int]]) -> Timeline:
    timeline = [klass for klass, length in drawn_runs for _ in range(length)]
    return [*timeline, *[None] * HORIZON][:HORIZON]


timelines = runs.map(stretched)


def period(start: int, end: int) -> Period:
    return Period("by hand", start, end, "UTC")


def drawn(letters: str) -> list[Span]:
    """A picture such as `uud.?` as spans of one unit each; a dot is a gap."""
    return [Span(at, at + 1, LETTERS[letter]) for at, letter in enumerate(letters) if letter != "."]


def whole(letters: str, policy: UptimePolicy | None = None) -> Account:
    """The account of an ended period that is exactly the picture."""
    return account(drawn(letters), period(0, len(letters)), policy or UptimePolicy(), len(letters), 0)


@dataclass
class Count:
    """What somebody with a stopwatch and a tally sheet would have written down."""

    good: int = 0
    bad: int = 0
    observed: int = 0
    base: int = 0


def tally(timeline: Timeline, window: tuple[int, int], policy: UptimePolicy, as_of: int, since: int) -> Count:
    count = Count()
    for at in range(*window):
        if at < since:
            continue
        klass = (timeline[at] if 0 <= at < len(timeline) else None) or UNKNOWN
        excused = klass is MAINTENANCE and policy.maintenance == "exclude"
        if at >= as_of:
            count.base += not excused
            continue
        count.observed += 1
        if excused or (klass is UNKNOWN and policy.unknown == "exclude"):
            continue
        count.base += 1
        good = (
            klass is UP
            or (klass is DEGRADED and policy.degraded == "up")
            or (klass is UNKNOWN and policy.unknown == "up")
        )
        count.good, count.bad = count.good + good, count.bad + (not good)
    return count


@given(timelines, st.tuples(bounds, bounds).map(sorted), policies, bounds, bounds)
def test_every_figure_agrees_with_counting_unit_by_unit(
    timeline: Timeline, window: list[int], policy: UptimePolicy, as_of: int, since: int
) -> None:
    start, end = window
    spans = [Span(at, at + 1, klass) for at, klass in enumerate(timeline) if klass is not None]
    got = account(spans, period(start, end), policy, as_of, since)
    count = tally(timeline, (start, end), policy, as_of, since)
    counted = count.good + count.bad
    assert (got.good, got.bad, got.counted, got.observed) == (count.good, count.bad, counted, count.observed)
    assert got.uptime == (Fraction(count.good, counted) if counted else None)
    assert got.coverage == (Fraction(counted, count.observed) if count.observed else None)
    assert got.budget == (1 - policy.target) * count.base
    assert got.budget_left == got.budget - count.bad


@given(timelines, policies, st.integers(0, HORIZON), st.integers(0, HORIZON))
def test_the_classes_add_up_to_the_observed_part_and_the_outages_to_the_bad_time(
    timeline: Timeline, policy: UptimePolicy, as_of: int, since: int
) -> None:
    spans = [Span(at, at + 1, klass) for at, klass in enumerate(timeline) if klass is not None]
    got = account(spans, period(0, HORIZON), policy, as_of, since)
    assert sum(got.by_class.values()) == got.observed == max(as_of - since, 0)
    assert sum(outage.end - outage.start for outage in got.outages) == got.bad
    assert all(one.end < two.start for one, two in pairwise(got.outages))


@given(timelines, policies, st.integers(0, HORIZON))
def test_at_the_end_budget_is_left_exactly_when_the_target_is_met(
    timeline: Timeline, policy: UptimePolicy, since: int
) -> None:
    spans = [Span(at, at + 1, klass) for at, klass in enumerate(timeline) if klass is not None]
    got = account(spans, period(0, HORIZON), policy, HORIZON, since)
    assert got.met == (None if got.uptime is None else got.budget_left >= 0)


@given(timelines, policies, st.lists(st.integers(1, HORIZON - 1), max_size=5))
def test_sums_of_parts_are_the_sum_of_the_whole(
    timeline: Timeline, policy: UptimePolicy, cuts: list[int]
) -> None:
    spans = [Span(at, at + 1, klass) for at, klass in enumerate(timeline) if klass is not None]
    edges = [0, *sorted(set(cuts)), HORIZON]
    parts = [account(spans, period(start, end), policy, HORIZON, 0) for start, end in pairwise(edges)]
    got = account(spans, period(0, HORIZON), policy, HORIZON, 0)
    assert got.good == sum(part.good for part in parts)
    assert got.bad == sum(part.bad for part in parts)
    assert got.budget == sum(part.budget for part in parts)


def test_time_before_the_first_moment_of_monitoring_is_in_no_figure() -> None:
    got = account(drawn("ddddduuuuu"), period(0, 10), UptimePolicy(), 10, 5)
    assert (got.uptime, got.observed, got.outages) == (Fraction(1), 5, ())
    assert got.budget == Fraction(5, 100)


def test_a_service_never_monitored_has_no_figures() -> None:
    got = account([], period(0, 10), UptimePolicy(), 5, None)
    assert (got.observed, got.counted, got.uptime, got.met, got.coverage) == (0, 0, None, None, None)
    assert got.budget == got.budget_left == 0


def test_monitored_time_without_a_span_is_unknown_and_costs_coverage_not_uptime() -> None:
    got = whole("uuu.....uu")
    assert got.by_class[UNKNOWN] == 5
    assert (got.uptime, got.coverage, got.met) == (Fraction(1), Fraction(1, 2), True)


def test_when_nothing_was_counted_uptime_is_neither_nought_nor_all() -> None:
    for picture in ("????", "mmmm", "...."):
        got = whole(picture)
        assert (got.uptime, got.met, got.coverage) == (None, None, Fraction(0))


def test_maintenance_leaves_both_parts_of_the_fraction_but_stays_in_what_was_observed() -> None:
    # 6 up, 2 down, 2 in maintenance: 6 of 8 counted units were good, 8 of 10 passed units were counted.
    got = whole("uuummddguu", UptimePolicy())
    assert (got.uptime, got.coverage) == (Fraction(6, 8), Fraction(8, 10))


def test_maintenance_is_bad_time_where_the_agreement_says_so() -> None:
    got = whole("uuuummuuuu", UptimePolicy(maintenance="down"))
    assert (got.uptime, got.outages) == (Fraction(8, 10), (Outage(4, 6),))


@pytest.mark.parametrize(("degraded", "uptime"), [("up", Fraction(1)), ("down", Fraction(3, 4))])
def test_degraded_is_up_unless_the_policy_says_down(degraded: str, uptime: Fraction) -> None:
    policy = UptimePolicy(degraded="up" if degraded == "up" else "down")
    assert whole("uugu", policy).uptime == uptime


def test_unknown_is_excluded_unless_the_policy_says_otherwise() -> None:
    assert whole("uud?").uptime == Fraction(2, 3)
    assert whole("uud?", UptimePolicy(unknown="down")).uptime == Fraction(2, 4)
    assert whole("uud?", UptimePolicy(unknown="up")).uptime == Fraction(3, 4)


def test_an_outage_is_an_unbroken_stretch_of_bad_time() -> None:
    assert whole("uddu?dmdd").outages == (Outage(1, 3), Outage(5, 6), Outage(7, 9))
    assert whole("ugdgu", UptimePolicy(degraded="down")).outages == (Outage(1, 4),)


def test_an_outage_over_the_edge_is_cut_there() -> None:
    got = account([Span(0, 100, DOWN)], period(10, 20), UptimePolicy(), 15, 0)
    assert got.outages == (Outage(10, 15),)


def test_a_running_period_is_neither_met_nor_missed() -> None:
    spans = [Span(0, 50, UP)]
    assert account(spans, period(0, 50), UptimePolicy(), 49, 0).met is None
    assert account(spans, period(0, 50), UptimePolicy(), 50, 0).met is True


def test_exactly_the_target_is_met_and_a_microsecond_less_is_not() -> None:
    spans = [Span(0, DAY // 100, DOWN), Span(DAY // 100, DAY, UP)]
    exact = account(spans, period(0, DAY), UptimePolicy(), DAY, 0)
    assert (exact.uptime, exact.met, exact.budget_left) == (Fraction(99, 100), True, Fraction(0))
    worse = [Span(0, DAY // 100 + 1, DOWN), Span(DAY // 100 + 1, DAY, UP)]
    missed = account(worse, period(0, DAY), UptimePolicy(), DAY, 0)
    assert (missed.met, missed.budget_left) == (False, Fraction(-1))


def test_the_budget_of_a_running_period_counts_on_the_time_still_to_come() -> None:
    # 10 days, 4 gone: 3 up and 1 unknown. To come are 6, one of them announced maintenance.
    # The base is 3 + 5 days; a target of 99 % allows a hundredth of it: 1.92 hours.
    spans = [Span(0, 3 * DAY, UP), Span(6 * DAY, 7 * DAY, MAINTENANCE)]
    got = account(spans, period(0, 10 * DAY), UptimePolicy(), 4 * DAY, 0)
    assert got.budget == got.budget_left == Fraction(192, 100) * HOUR


def test_announced_maintenance_is_working_time_where_it_counts_as_down() -> None:
    spans = [Span(0, 4, UP), Span(6, 8, MAINTENANCE)]
    got = account(spans, period(0, 10), UptimePolicy(maintenance="down"), 4, 0)
    assert got.budget == Fraction(10, 100)


def test_before_the_period_begins_its_whole_budget_is_left() -> None:
    got = account([], period(100, 200), UptimePolicy(), 50, 0)
    assert (got.budget_left, got.uptime, got.coverage, got.met) == (Fraction(1), None, None, None)


def test_what_spans_say_of_the_future_is_not_uptime() -> None:
    got = account([Span(0, 5, UP), Span(5, 10, DOWN)], period(0, 10), UptimePolicy(), 5, 0)
    assert (got.uptime, got.outages) == (Fraction(1), ())


def test_a_quarter_is_not_the_mean_of_its_months() -> None:
    # First quarter of 2026 in UTC: 31, 28 and 31 days. The service is first watched on 31 January and
    # down for half of that day; February and March are up throughout. The months are 1/2, 1 and 1, and
    # their mean is 5/6. The quarter has half a bad day in 60: 119/120.
    first = (datetime(2026, 1, 31, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days * DAY
    spans = [Span(first, first + DAY // 2, DOWN), Span(first + DAY // 2, first + 60 * DAY, UP)]

    def uptime(name: str) -> Fraction:
        got = account(spans, parse_period(name, "UTC", first), UptimePolicy(), first + 60 * DAY, first).uptime
        assert got is not None
        return got

    months = [uptime(name) for name in ("2026-01", "2026-02", "2026-03")]
    assert sum(months) / 3 == Fraction(5, 6)
    assert uptime("2026-Q1") == Fraction(119, 120)


@pytest.mark.parametrize(
    ("month", "zone", "hours"),
    [
        ("2026-03", "Europe/Berlin", Fraction(743)),
        ("2026-10", "Europe/Berlin", Fraction(745)),
        ("2026-11", "America/New_York", Fraction(721)),
        ("2026-04", "Australia/Lord_Howe", Fraction(1441, 2)),
        ("2026-10", "Australia/Lord_Howe", Fraction(1487, 2)),
    ],
)
def test_an_hour_down_weighs_what_the_real_length_of_the_month_says(
    month: str, zone: str, hours: Fraction
) -> None:
    ends = parse_period(month, zone, 0)
    spans = [Span(ends.start - DAY, ends.start + HOUR, DOWN), Span(ends.start + HOUR, ends.end + DAY, UP)]
    got = account(spans, ends, UptimePolicy(), ends.end, ends.start - DAY)
    assert got.counted == hours * HOUR
    assert got.uptime == 1 - 1 / hours


def test_an_outage_at_new_years_eve_in_utc_is_of_the_new_year_where_the_zone_is_ahead() -> None:
    # Down from 31 December 2019 23:00 UTC, which in Riga (UTC+2) is 01:00 of 1 January, for 14 days 1 hour.
    start = 18_261 * DAY + 23 * HOUR
    spans = [Span(start - 40 * DAY, start, UP), Span(start, start + 14 * DAY + HOUR, DOWN)]
    as_of = start + 14 * DAY + HOUR

    def down(month: str) -> int:
        return account(spans, parse_period(month, "Europe/Riga", as_of), UptimePolicy(), as_of, 0).bad

    assert (down("2019-12"), down("2020-01")) == (0, 1_213_200_000_000)
