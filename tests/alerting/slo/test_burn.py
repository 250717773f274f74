"""Burn rates: the table of firing and clearing times worked out by hand, both ways, and the laws behind it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.slo.burn import (
    Judged,
    Standing,
    burn,
    judged,
    micros,
    unbroken,
    used_up_at,
    used_up_since,
    windows,
)
from alerting.slo.periods import Period
from alerting.slo.spans import Klass, Span
from alerting.slo.uptime import Account, Outage, UptimePolicy, account
from config.burn import default_rules
from config.models import BurnRule

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86400 * SECOND
PAGE, SLOW_PAGE, TICKET, SLOW_TICKET = default_rules(30 * 86400)
RULES = (PAGE, SLOW_PAGE, TICKET, SLOW_TICKET)
LONG_AGO = -30 * DAY
POLICY = UptimePolicy()


def window(spans: list[Span], length: int, now: int, since: int | None = LONG_AGO) -> Account:
    return account(spans, Period("", now - length, now, "UTC"), POLICY, now, since)


def look(rule: BurnRule, spans: list[Span], now: int, since: int | None = LONG_AGO) -> Judged:
    long, short = (window(spans, micros(seconds), now, since) for seconds in (rule.long, rule.short))
    return judged(rule, long, short)


def outage(start: int, end: int) -> list[Span]:
    """Up for ever, but for one total outage."""
    return [
        Span(LONG_AGO, start, Klass.UP),
        Span(start, end, Klass.DOWN),
        Span(end, end + 30 * DAY, Klass.UP),
    ]


def test_built_in_rules_are_those_of_the_workbook() -> None:
    said = [(float(rule.factor), rule.long, rule.short, rule.level) for rule in RULES]
    assert said == [
        (14.4, 3600, 300, "page"),
        (6, 21600, 1800, "page"),
        (3, 86400, 7200, "ticket"),
        (1, 259200, 21600, "ticket"),
    ]


# A total outage of 99 %: fires when it has lasted factor x 1 % of the long window. Once it is over, the short window
# still holds what of it lies less than its length back: it clears when only factor x 1 % of the short window is left.
TABLE = [
    (PAGE, 8 * MINUTE + 38_400_000, 4 * MINUTE + 16_800_000),
    (SLOW_PAGE, 21 * MINUTE + 36 * SECOND, 28 * MINUTE + 12 * SECOND),
    (TICKET, 43 * MINUTE + 12 * SECOND, HOUR + 56 * MINUTE + 24 * SECOND),
    (SLOW_TICKET, 43 * MINUTE + 12 * SECOND, 5 * HOUR + 56 * MINUTE + 24 * SECOND),
]


@pytest.mark.parametrize(("rule", "fires", "clears"), TABLE)
def test_total_outage_fires_and_clears_to_the_microsecond(rule: BurnRule, fires: int, clears: int) -> None:
    lasting = outage(0, 10 * DAY)
    assert look(rule, lasting, fires - 1).standing is Standing.QUIET
    assert look(rule, lasting, fires).standing is Standing.FIRES
    over = outage(0, fires)
    assert look(rule, over, fires + clears).standing is Standing.FIRES
    assert look(rule, over, fires + clears + 1).standing is Standing.QUIET


@pytest.mark.parametrize(("rule", "fires", "_clears"), TABLE)
def test_the_budget_that_is_spent_when_it_fires_is_the_rules_share(
    rule: BurnRule, fires: int, _clears: int
) -> None:
    share = Fraction(fires, 30 * DAY) / (1 - POLICY.target)
    assert share == {PAGE: Fraction(2, 100), SLOW_PAGE: Fraction(5, 100)}.get(rule, Fraction(1, 10))


@pytest.mark.parametrize("days", [28, 30, 60, 90])
def test_rules_are_scaled_to_the_period_and_never_below_what_just_keeps_the_target(days: int) -> None:
    for rule, usual in zip(default_rules(days * 86400), RULES, strict=True):
        assert rule.factor == max(Fraction(1), usual.factor * days / 30)
        assert (rule.long, rule.short, rule.level) == (usual.long, usual.short, usual.level)


def test_unknown_time_and_planned_work_leave_both_windows() -> None:
    # Of the hour 30 minutes are unknown and 20 planned work: 10 count. 86.4 s of them bad are 14.4 %.
    bad = 86_400_000
    spans = [
        Span(LONG_AGO, 0, Klass.UP),
        Span(0, 30 * MINUTE, Klass.UNKNOWN),
        Span(30 * MINUTE, 50 * MINUTE, Klass.MAINTENANCE),
        Span(50 * MINUTE, HOUR - bad, Klass.UP),
        Span(HOUR - bad, HOUR, Klass.DOWN),
    ]
    assert burn(window(spans, HOUR, HOUR)) == PAGE.factor
    assert look(PAGE, spans, HOUR).standing is Standing.FIRES
    spans[-2:] = [Span(50 * MINUTE, HOUR - bad + 1, Klass.UP), Span(HOUR - bad + 1, HOUR, Klass.DOWN)]
    assert look(PAGE, spans, HOUR).standing is Standing.QUIET


def test_without_data_in_the_short_window_a_rule_does_not_fire_and_says_so() -> None:
    spans = [Span(LONG_AGO, 0, Klass.UP), Span(0, 30 * MINUTE, Klass.DOWN)]
    found = look(PAGE, spans, 36 * MINUTE)
    assert (found.standing, str(found.standing), found.short) == (Standing.NO_DATA, "no data", None)
    # Counted are the 24 minutes before and the 30 of the outage: 30/54 of 1 % is 55.55...
    assert found.long == Fraction(30, 54) * 100
    assert look(PAGE, [], 0, since=None) == Judged(PAGE, Standing.NO_DATA, None, None)


def test_a_service_seen_for_ten_minutes_does_not_page_for_one_bad_minute() -> None:
    spans = [Span(0, 9 * MINUTE, Klass.UP), Span(9 * MINUTE, 10 * MINUTE, Klass.DOWN)]
    for rule in RULES:
        assert look(rule, spans, 10 * MINUTE, since=0).standing is Standing.QUIET
    assert burn(window(spans, 6 * HOUR, 10 * MINUTE, since=0)) == 10  # by what was seen it would


@pytest.mark.parametrize(("rule", "fires", "_clears"), TABLE)
def test_a_service_that_is_new_needs_as_much_bad_time_as_any_other(
    rule: BurnRule, fires: int, _clears: int
) -> None:
    spans = [Span(0, 10 * DAY, Klass.DOWN)]
    enough = max(fires, micros(rule.short))
    assert look(rule, spans, enough - 1, since=0).standing is Standing.QUIET
    assert look(rule, spans, enough, since=0).standing is Standing.FIRES


def test_after_a_gap_a_rule_waits_until_as_much_was_counted_as_its_short_window_lasts() -> None:
    gap = [Span(LONG_AGO, 0, Klass.UP), Span(0, 12 * HOUR, Klass.UNKNOWN), Span(12 * HOUR, DAY, Klass.DOWN)]
    assert look(SLOW_PAGE, gap, 12 * HOUR + 30 * MINUTE - 1).standing is Standing.QUIET
    assert look(SLOW_PAGE, gap, 12 * HOUR + 30 * MINUTE).standing is Standing.FIRES


def test_windows_are_told_once_each_the_shortest_first() -> None:
    short = [300, 1800, 3600, 7200, 21600, 86400, 259200]
    assert windows(RULES) == [seconds * SECOND for seconds in short]


pieces = st.lists(st.tuples(st.sampled_from(list(Klass)), st.integers(1, 40)), min_size=1, max_size=12)


def laid(drawn: list[tuple[Klass, int]]) -> list[Span]:
    """The pieces one after another, in minutes, the last one ending at 0."""
    at, spans = -sum(length for _, length in drawn) * MINUTE, []
    for klass, length in drawn:
        spans.append(Span(at, at + length * MINUTE, klass))
        at += length * MINUTE
    return spans


@given(pieces, st.integers(1, 200), st.integers(1, 200))
def test_the_burn_of_two_windows_together_lies_between_theirs(
    drawn: list[tuple[Klass, int]], first: int, second: int
) -> None:
    spans, middle = laid(drawn), -second * MINUTE
    late = account(spans, Period("", middle, 0, "UTC"), POLICY, 0, LONG_AGO)
    early = account(spans, Period("", middle - first * MINUTE, middle, "UTC"), POLICY, 0, LONG_AGO)
    both = account(spans, Period("", middle - first * MINUTE, 0, "UTC"), POLICY, 0, LONG_AGO)
    counted = [each for each in (early, late) if each.counted]
    if not counted:
        assert burn(both) is None
        return
    parts = [burn(each) or Fraction(0) for each in counted]
    weighted = sum(part * each.counted for part, each in zip(parts, counted, strict=True))
    assert burn(both) == weighted / sum(each.counted for each in counted)
    assert min(parts) <= (burn(both) or 0) <= max(parts)


@given(pieces, st.sampled_from(RULES), st.integers(0, 600), st.integers(0, 11))
def test_more_bad_time_never_stops_a_rule_from_firing(
    drawn: list[tuple[Klass, int]], rule: BurnRule, known_for: int, which: int
) -> None:
    since = -known_for * MINUTE
    worse = [
        (Klass.DOWN if number == which % len(drawn) and klass is Klass.UP else klass, length)
        for number, (klass, length) in enumerate(drawn)
    ]
    before, after = look(rule, laid(drawn), 0, since), look(rule, laid(worse), 0, since)
    assert before.standing is not Standing.FIRES or after.standing is Standing.FIRES
    assert (before.standing is Standing.NO_DATA) == (after.standing is Standing.NO_DATA)


@given(pieces, st.sampled_from(RULES))
def test_a_rule_fires_exactly_when_both_windows_burn_at_its_factor(
    drawn: list[tuple[Klass, int]], rule: BurnRule
) -> None:
    spans = laid([(Klass.UP, 4320), *drawn])  # the longest window is fully known
    found = look(rule, spans, 0)
    both = min((rate for rate in (found.long, found.short) if rate is not None), default=None)
    enough = window(spans, micros(rule.long), 0).counted >= micros(rule.short)
    fires = found.short is not None and both is not None and both >= rule.factor and enough
    assert (found.standing is Standing.FIRES) == fires


# A month of 30 days has 7 h 12 min at 99 %.
MONTH = Period("2026-11", 0, 30 * DAY, "UTC")


def month(spans: list[Span], now: int) -> Account:
    return account(spans, MONTH, POLICY, now, LONG_AGO)


def running(now: int) -> tuple[list[Span], Account]:
    """Down for one hour on the second day, and now for half an hour of the last hour."""
    spans = [
        Span(LONG_AGO, DAY, Klass.UP),
        Span(DAY, DAY + HOUR, Klass.DOWN),
        Span(DAY + HOUR, now - HOUR // 2, Klass.UP),
        Span(now - HOUR // 2, now, Klass.DOWN),
    ]
    return spans, window(spans, HOUR, now)


def test_the_month_is_lost_when_what_is_left_is_used_up_at_the_present_rate() -> None:
    now = 10 * DAY
    spans, hour = running(now)
    # Left are 7 h 12 min - 1 h - 30 min = 5 h 42 min; at half of the time bad that lasts 11 h 24 min.
    assert used_up_at(month(spans, now), hour, now, lambda at: Fraction(at - now)) == now + 684 * MINUTE


def test_planned_work_puts_off_the_loss_by_as_long_as_it_lasts() -> None:
    now = 10 * DAY
    spans, hour = running(now)
    work = Span(now + HOUR, now + 3 * HOUR, Klass.MAINTENANCE)

    def countable(at: int) -> Fraction:
        return Fraction(at - now - max(0, min(at, work.end) - work.start))

    # Two hours less count, so the budget is 1.2 min smaller, which lasts 2.4 min less: 681.6 min, and 120 of work.
    planned = month([*spans, work], now)
    assert used_up_at(planned, hour, now, countable) == now + 801 * MINUTE + 36 * SECOND


@pytest.mark.parametrize(("later", "lost"), [(0, False), (1, True)])
def test_a_month_whose_budget_lasts_exactly_to_its_end_is_not_lost(later: int, lost: bool) -> None:
    now = MONTH.end - 684 * MINUTE - later
    spans, hour = running(now)
    assert (used_up_at(month(spans, now), hour, now, lambda at: Fraction(at - now)) is not None) == lost


def test_a_month_without_bad_time_in_the_window_is_not_lost() -> None:
    spans = [Span(LONG_AGO, DAY, Klass.UP)]
    assert used_up_at(month(spans, DAY), window(spans, HOUR, DAY), DAY, lambda at: Fraction(at - DAY)) is None


def test_a_budget_was_used_up_at_the_moment_that_the_bad_time_reached_it() -> None:
    # 7 h 12 min: seven hours in the first outage, twelve minutes into the second one.
    spans = [
        Span(LONG_AGO, 0, Klass.UP),
        Span(0, 7 * HOUR, Klass.DOWN),
        Span(7 * HOUR, DAY, Klass.UP),
        Span(DAY, DAY + HOUR, Klass.DOWN),
    ]
    assert used_up_since(month(spans, DAY + 12 * MINUTE)) == DAY + 12 * MINUTE
    assert used_up_since(month(spans, DAY + HOUR)) == DAY + 12 * MINUTE
    assert used_up_since(month(spans, DAY + 12 * MINUTE - 1)) is None


def test_outages_are_one_when_no_good_time_lies_between_them() -> None:
    first, second = Outage(0, 5), Outage(9, 12)
    asked: list[tuple[int, int]] = []

    def good(start: int, end: int) -> bool:
        asked.append((start, end))
        return False

    assert unbroken([first, second], good) == Outage(0, 12)
    assert asked == [(0, 12)]
    assert unbroken([first, second], lambda _start, _end: True) is None
    assert unbroken([], good) is None
