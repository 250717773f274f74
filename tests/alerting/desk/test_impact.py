"""Impact in words: who is affected, requests, the month's budget; and which changes may be the cause."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from alerting.desk.impact import Impact, MonthsBudget, impact
from alerting.incidents.change import BEFORE, Change, suspects
from alerting.incidents.problem import Member, Problem
from checks.base import Requests, Status
from tests.readings import SECOND, reading

HOUR = 3600 * SECOND
PROBLEM = Problem("shop", "home", Status.DOWN, HOUR, HOUR + 5 * SECOND, "refused")
BUDGET = MonthsBudget("November 2026", HOUR, Fraction(10 * HOUR), Fraction(2 * HOUR))


def said(now: int = 2 * HOUR, **known: Any) -> list[str]:
    return impact(Impact(PROBLEM, **known), now)


def test_before_the_month_is_judged_only_the_cost_of_this_is_told() -> None:
    assert said() == [
        "Affected: shop (for 1h)",
        "Error budget: this costs no uptime so far; that of the month was not judged yet",
    ]
    assert said(bad_since=HOUR)[-1] == (
        "Error budget: this has cost 1h so far; that of the month was not judged yet"
    )


def test_the_month_is_reckoned_on_from_when_it_was_judged() -> None:
    assert said(bad_since=HOUR, budget=BUDGET)[-1] == (
        "Error budget of November 2026: 3h of 10h spent (30%); this has cost 1h (10% of it) so far"
    )
    judged_late = replace(BUDGET, at=HOUR + HOUR // 2)
    assert "2h30m of 10h spent (25%); this has cost 1h" in said(bad_since=HOUR, budget=judged_late)[-1]
    assert said(budget=BUDGET)[-1] == (
        "Error budget of November 2026: 2h of 10h spent (20%); this costs no uptime so far"
    )


def test_time_that_was_bad_before_this_problem_is_not_its_cost() -> None:
    assert "this has cost 1h" in said(bad_since=0, budget=BUDGET)[-1]


def test_a_target_that_allows_nothing_has_no_shares() -> None:
    nothing = replace(BUDGET, whole=Fraction(0), spent=Fraction(0))
    assert said(bad_since=HOUR, budget=nothing)[-1] == (
        "Error budget of November 2026: 1h of 0s spent; this has cost 1h so far"
    )


def test_affected_services_are_named_once_since_their_first_trouble_while_it_lasts() -> None:
    members = [
        Member("shop", "home", HOUR, Status.DOWN, "", cause=True),
        Member("cart", "pay", HOUR + HOUR // 2, Status.DOWN, ""),
        Member("cart", "add", HOUR // 2, Status.DOWN, ""),
        Member("mail", "smtp", HOUR, Status.DOWN, "", until=HOUR + SECOND),
    ]
    assert said(members=members)[0] == "Affected: cart (for 1h30m), shop (for 1h)"


def test_requests_are_told_where_they_are_counted() -> None:
    counted = replace(reading("g", 1), share=0.125, values={"requests": 400})
    assert said(readings=[counted])[1] == "Requests: 12.5% of 400 fail"
    looks = [
        replace(reading(word, at), requests=Requests({0: (1, good)}))
        for at, (word, good) in enumerate([("o", 1), ("d", 0), ("d", 0)])
    ]
    assert said(readings=looks)[1] == "Requests: 2 of our last 3 failed"
    summed = replace(reading("g", 1), requests=Requests({0: (9, 1)}, so_far=True))
    assert len(said(readings=[summed])) == 2


def test_changes_are_suspected_for_some_hours_and_only_where_they_were_made() -> None:
    def change(number: int, at: int, *services: str) -> Change:
        return Change(number, at, "deploy", services, None, "x", "ci")

    since, now = 10 * HOUR, 10 * HOUR + SECOND
    changes = [
        change(1, since - BEFORE - 1, "shop"),
        change(2, since - BEFORE, "shop"),
        change(3, since, "mail"),
        change(4, since),
        change(5, now, "shop", "mail"),
        change(6, now + 1, "shop"),
    ]
    assert [each.id for each in suspects(changes, ["shop"], since, now)] == ["C-5", "C-4", "C-2"]
