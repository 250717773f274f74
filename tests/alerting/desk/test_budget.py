"""What a ticket says of a budget: where the rate leads, in the zone of the agent, and what is left."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

import pytest

from agent.uptime import retired
from alerting.desk.budget import Burnt, Month, calm, description, forecast, reason, title
from alerting.incidents.incident import Incident, IncidentState
from alerting.slo.burn import Judged, Standing
from alerting.slo.periods import parse_period
from alerting.slo.spans import Klass, Span
from alerting.slo.uptime import Outage, UptimePolicy, account
from checks.base import Status
from config.burn import default_rules

SECOND = 1_000_000
HOUR = 3600 * SECOND
RULES = default_rules(30 * 86400)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * SECOND


def month(
    *outages: tuple[str, float], lost: tuple[str | None, str | None] = (None, None), zone: str = "UTC"
) -> Month:
    """November 2026 as of the 20th, down for so many hours from each moment on; `lost` since when, and when."""
    now = at("2026-11-20T00:00Z")
    spans = [Span(at(start), at(start) + int(hours * HOUR), Klass.DOWN) for start, hours in outages]
    period = parse_period("2026-11", zone, now)
    since, until = (None if text is None else at(text) for text in lost)
    policy = UptimePolicy(unknown="up")
    return Month(account(spans, period, policy, now, period.start), since, until)


@pytest.mark.parametrize(
    ("lost", "zone", "said"),
    [
        ((None, "2026-11-21T14:05Z"), "UTC", "At this rate the month is lost on the 21st (Saturday 14:05 UTC)"),
        ((None, "2026-11-22T23:30Z"), "Europe/Berlin", "At this rate the month is lost on the 23rd (Monday 00:30 CET)"),
        ((None, "2026-11-22T00:00Z"), "UTC", "At this rate the month is lost on the 22nd (Sunday 00:00 UTC)"),
        ((None, "2026-11-30T00:30Z"), "US/Eastern", "At this rate the month is lost on the 29th (Sunday 19:30 EST)"),
        ((None, None), "UTC", "At this rate the month is not lost"),
        (("2026-11-12T04:00Z", None), "UTC", "The month's budget has been used up since the 12th (Thursday 04:00 UTC)"),
    ],
)  # fmt: skip
def test_where_the_rate_leads(lost: tuple[str | None, str | None], zone: str, said: str) -> None:
    assert forecast(month(lost=lost, zone=zone)) == said


def judged(long: Fraction, short: Fraction, which: int = 0) -> Judged:
    return Judged(RULES[which], Standing.FIRES, long, short)


def test_a_ticket_says_how_fast_it_goes_what_is_left_and_what_cost_most() -> None:
    service = retired("shop")
    first, second = (
        Outage(at("2026-11-19T22:00Z"), at("2026-11-19T22:20Z")),
        Outage(at("2026-11-19T23:00Z"), at("2026-11-20T00:00Z")),
    )
    incident = Incident(
        7,
        "shop",
        "home",
        1,
        IncidentState.OPEN,
        "medium",
        Status.DOWN,
        second.start,
        12,
        "connection refused",
    )
    found = month(("2026-11-19T22:00Z", 1 / 3), ("2026-11-19T23:00Z", 1), lost=(None, "2026-11-21T14:05Z"))
    fired = [judged(Fraction(200, 3), Fraction(100)), judged(Fraction(45, 7), Fraction(10), 1)]
    assert title(service) == "shop: the error budget is used up too fast"
    assert description(service, fired, found, [Burnt(first, None), Burnt(second, incident)]).split("\n") == [
        "shop (shop) uses up its error budget too fast; its target is 99%.",
        "Page: burn rate 66.66 over 1h and 100 over 5m, at 14.4 this is a page.",
        "Page: burn rate 6.42 over 6h and 10 over 30m, at 6 this is a page.",
        "Budget of November 2026: 7h12m, 5h52m left.",
        "At this rate the month is lost on the 21st (Saturday 14:05 UTC).",
        "",
        "Worst outages in the last 1h:",
        "  2026-11-19 23:00:00 UTC to 2026-11-20 00:00:00 UTC (1h)  incident 7, T-12: connection refused",
        "  2026-11-19 22:00:00 UTC to 2026-11-19 22:20:00 UTC (20m)  no incident",
    ]  # fmt: skip
    assert reason(fired[0], found) == (
        "burn rate 66.66 over 1h and 100 over 5m, at 14.4 this is a page. "
        "At this rate the month is lost on the 21st (Saturday 14:05 UTC)"
    )


def test_a_budget_that_is_overspent_says_by_how_much() -> None:
    found = month(("2026-11-10T00:00Z", 8), lost=("2026-11-10T07:12Z", None))
    said = description(retired("shop"), [judged(Fraction(20), Fraction(20))], found, [])
    assert "Budget of November 2026: 7h12m, overspent by 48m." in said
    assert "The month's budget has been used up since the 10th (Tuesday 07:12 UTC)." in said


def test_many_outages_are_told_by_the_worst_of_them_and_a_number() -> None:
    burnt = [Burnt(Outage(start * HOUR, start * HOUR + (start + 1) * SECOND), None) for start in range(8)]
    said = description(retired("shop"), [judged(Fraction(20), Fraction(20))], month(), burnt)
    assert [f"({seconds}s)" in said for seconds in range(1, 9)] == [False] * 3 + [True] * 5
    assert said.endswith("  and 3 more")


def test_an_end_without_data_is_told_as_such() -> None:
    quiet, mute = (
        Judged(RULES[1], Standing.QUIET, Fraction(1), Fraction(0)),
        Judged(RULES[0], Standing.NO_DATA, Fraction(1), None),
    )
    assert calm([quiet]) == ""
    assert calm([mute, quiet]) == "no data over 5m"
