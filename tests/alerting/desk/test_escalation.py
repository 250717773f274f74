"""Escalation by the rules: which step comes when, what it is, and what is never done twice."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.desk.escalation import Way, by_hand, lifted, settled_jumps, steps, way
from alerting.desk.parts import FollowUp, Pause, Reporter
from alerting.desk.plan import first
from alerting.desk.ticket import Move, Ticket, TicketState, moved
from config.policies import DEFAULT_POLICY, Jump, Policy, Rise, Term, TicketMatch

HOUR = 3600 * 1_000_000
START = 1_800_000_000 * 1_000_000


def ticket(priority: str = "high", **parts: object) -> Ticket:
    plain = Ticket(1, "shop", "", TicketState.NEW, "high", priority, "Slow", "", START, {})
    return replace(plain, **parts)  # type: ignore[arg-type]  # the names are fields of Ticket


def policy(*rises: Rise, **parts: object) -> Policy:
    plain = Policy("mine", rises={"high": rises})
    return replace(plain, **parts)  # type: ignore[arg-type]  # the names are fields of Policy


def lived(of: Ticket, rules: Policy, hours: float) -> Ticket:
    """The ticket when the desk has worked on it until then, looking every quarter of an hour."""
    for now in range(START, START + int(hours * HOUR) + 1, HOUR // 4):
        while (step := first(steps(of, rules), of)) is not None and step.at <= now:
            leads = way(of, rules, step.key)
            assert leads is not None
            of = lifted(replace(of, steps={**of.steps, step.key: now}), leads, "tocsin", (), now)
    return of


def log(of: Ticket) -> list[tuple[float, int, int]]:
    """Each line of the escalation log: hours since the opening, from, to."""
    return [((each.at - START) / HOUR, each.from_tier, each.to_tier) for each in of.escalations]


@pytest.mark.parametrize(
    ("priority", "expected"),
    [
        ("high", [(24, 1, 2), (72, 2, 3), (144, 3, 3)]),
        ("medium", [(48, 1, 2), (96, 2, 3), (168, 3, 3)]),
        ("low", [(72, 1, 1)]),
        ("informational", []),
    ],
)
def test_each_priority_goes_up_at_its_own_hours(
    priority: str, expected: list[tuple[float, int, int]]
) -> None:
    assert log(lived(ticket(priority), DEFAULT_POLICY, 300)) == expected


@pytest.mark.parametrize(
    ("priority", "told"),
    [("high", [("lead",), ("manager",), ("manager",)]), ("medium", [("lead",), ("manager",), ("manager",)])],
)
def test_the_policy_says_who_hears_of_each_step(priority: str, told: list[tuple[str, ...]]) -> None:
    leads = [
        way(ticket(priority), DEFAULT_POLICY, step.key) for step in steps(ticket(priority), DEFAULT_POLICY)
    ]
    assert [each.tell for each in leads if each is not None] == told


def test_a_low_one_goes_to_the_supervisor_for_review_and_keeps_its_tier() -> None:
    (step,) = steps(ticket("low"), DEFAULT_POLICY)
    leads = way(ticket("low"), DEFAULT_POLICY, step.key)
    assert step.at == START + 72 * HOUR
    assert leads is not None
    assert (leads.tier, leads.tell, leads.review) == (1, ("supervisor",), "extend it, or add people")


def test_the_log_has_the_time_spent_on_the_tier_that_was_left() -> None:
    after = lived(ticket(), DEFAULT_POLICY, 100)
    assert [each.spent / 3600 for each in after.escalations] == [24, 48]
    assert after.escalations[0].reason == "not resolved within 24h"
    assert after.escalations[1].reason == "not resolved within another 48h"


@pytest.mark.parametrize("state", [TicketState.ACKNOWLEDGED, TicketState.IN_PROGRESS])
def test_that_a_person_has_taken_it_stops_nothing_unless_the_policy_says_so(state: TicketState) -> None:
    taken = ticket(state=state)
    assert log(lived(taken, DEFAULT_POLICY, 30)) == [(24, 1, 2)]
    assert log(lived(taken, replace(DEFAULT_POLICY, acknowledged_stops=True), 200)) == []


@pytest.mark.parametrize("state", [TicketState.RESOLVED, TicketState.CLOSED])
def test_what_has_ended_does_not_rise(state: TicketState) -> None:
    assert list(steps(ticket(state=state, urgent=True), DEFAULT_POLICY)) == []


def test_waiting_for_whom_the_policy_names_does_not_count() -> None:
    waited = ticket(pauses=(Pause(START + 10 * HOUR, "reporter", START + 15 * HOUR),))
    assert log(lived(waited, DEFAULT_POLICY, 40)) == [(29, 1, 2)]
    assert log(lived(waited, replace(DEFAULT_POLICY, pauses=("vendor",)), 40)) == [(24, 1, 2)]


def test_while_it_waits_nothing_is_to_come() -> None:
    waiting = ticket(state=TicketState.PENDING, pauses=(Pause(START + HOUR, "vendor"),))
    assert list(steps(waiting, DEFAULT_POLICY)) == []


def test_time_on_the_clock_starts_where_the_policy_says() -> None:
    told_late = ticket(stamps={"reported": START - 20 * HOUR})
    assert log(lived(told_late, replace(DEFAULT_POLICY, clock_starts="reported"), 5)) == [(4, 1, 2)]


def test_a_higher_priority_counts_from_the_start_and_repeats_nothing() -> None:
    raised = replace(lived(ticket("low"), DEFAULT_POLICY, 30), priority="high")
    assert log(lived(raised, DEFAULT_POLICY, 30))[0][1:] == (1, 2)
    after = lived(replace(lived(ticket("high"), DEFAULT_POLICY, 30), priority="medium"), DEFAULT_POLICY, 80)
    assert log(after) == [(24, 1, 2), (72, 2, 3)]


def test_what_a_person_raised_earlier_is_not_raised_again_and_the_next_tier_counts_from_then() -> None:
    early = lifted(ticket(), leads_to(2), "Agent One", (), START + HOUR)
    assert log(lived(early, DEFAULT_POLICY, 60)) == [(1, 1, 2), (49, 2, 3)]


def test_lowered_by_a_person_its_time_counts_anew() -> None:
    lowered = lifted(lived(ticket(), DEFAULT_POLICY, 25), leads_to(1), "Agent One", (), START + 26 * HOUR)
    assert log(lived(lowered, DEFAULT_POLICY, 60)) == [(24, 1, 2), (26, 2, 1), (50, 1, 2)]


def test_opened_again_it_keeps_its_tier_and_its_time_counts_anew() -> None:
    again = reopened(lived(ticket(), DEFAULT_POLICY, 25), 40)
    assert log(lived(again, DEFAULT_POLICY, 120)) == [(24, 1, 2), (88, 2, 3)]
    assert lived(again, DEFAULT_POLICY, 90).escalations[-1].spent == 48 * 3600


def test_opened_again_it_begins_at_the_first_tier_where_the_policy_says_so() -> None:
    again = reopened(lived(ticket(), DEFAULT_POLICY, 25), 40)
    anew = replace(DEFAULT_POLICY, on_reopen="anew")
    assert log(lived(again, anew, 120)) == [(24, 1, 2), (40, 2, 1), (64, 1, 2), (112, 2, 3)]


JUMPS: list[tuple[Jump, dict[str, Any], str]] = [
    (Jump(3, TicketMatch(category=("security",))), {"category": "security"}, "category security"),
    (Jump(3, TicketMatch(cause=("security",))), {"fields": {"cause": "security"}}, "cause security"),
    (Jump(2, TicketMatch(urgent=True)), {"urgent": True}, "urgent"),
    (Jump(2, unhappy=True), {"unhappy": True}, "the reporter is not satisfied"),
    (Jump(2, missed_follow_ups=1), {"follow_ups": (FollowUp(1, 0, missed=True),)}, "1 missed follow-up"),
    (Jump(2, TicketMatch(users=100)), {"fields": {"users": "250"}}, "250 users affected"),
    (
        Jump(2, TicketMatch(account_level=("gold",))),
        {"reporter": Reporter("A", level="gold")},
        "account level gold",
    ),
    (Jump(2), {}, "every ticket of this policy"),
]


@pytest.mark.parametrize(("jump", "parts", "reason"), JUMPS)
def test_a_jump_is_made_at_once_and_once(jump: Jump, parts: dict[str, Any], reason: str) -> None:
    after = lived(ticket(**parts), policy(jumps=(jump,)), 5)
    assert log(after) == [(0, 1, jump.tier)]
    assert after.escalations[0].reason == reason


@pytest.mark.parametrize(("jump", "parts"), [(jump, parts) for jump, parts, _ in JUMPS if parts])
def test_no_jump_without_its_cause(jump: Jump, parts: dict[str, Any]) -> None:
    assert log(lived(ticket(), policy(jumps=(jump,)), 5)) == []


def test_an_unhappy_reporter_brings_it_one_up_wherever_it_was() -> None:
    rules = policy(jumps=(Jump(2, unhappy=True),))
    assert log(lived(ticket(tier=2, unhappy=True), rules, 1)) == [(0, 2, 3)]
    assert log(lived(ticket(tier=3, unhappy=True), rules, 1)) == [(0, 3, 3)]


def test_who_lowers_a_ticket_is_not_overruled_by_a_jump() -> None:
    rules = policy(jumps=(Jump(3, TicketMatch(urgent=True)),))
    raised = lifted(ticket(), leads_to(3), "Agent One", (), START)
    marked = replace(raised, urgent=True)
    assert settled_jumps(marked, rules) == ["jump:1"]
    known = replace(marked, steps=dict.fromkeys(settled_jumps(marked, rules), START))
    lowered = lifted(known, leads_to(1), "Agent One", (), START)
    assert log(lived(lowered, rules, 5)) == [(0, 1, 3), (0, 3, 1)]


def test_by_hand_lead_and_manager_always_hear_of_it() -> None:
    rules = policy(Rise(Term(60), 2, ("team", "lead")))
    assert by_hand(ticket(), rules, 2) == ("team", "lead", "manager")
    assert by_hand(ticket(), rules, 3) == ("lead", "manager")


@given(
    hours=st.lists(st.integers(1, 30), min_size=1, max_size=4),
    from_last=st.lists(st.booleans(), min_size=4, max_size=4),
    look=st.integers(1, 50),
)
def test_whenever_the_desk_looks_every_step_is_done_once_and_none_too_early(
    hours: list[int], from_last: list[bool], look: int
) -> None:
    rises = [
        Rise(Term(3600.0 * hour), tier, from_last=last)
        for tier, (hour, last) in enumerate(zip(hours, from_last, strict=False), 2)
    ]
    rules, of = policy(*rises, highest_tier=9, predict=(Fraction(1, 2),)), ticket()
    for now in range(START, START + 200 * HOUR, look * HOUR):
        while (step := first(steps(of, rules), of)) is not None and step.at <= now:
            assert step.at <= now
            leads = way(of, rules, step.key)
            assert leads is not None
            of = lifted(replace(of, steps={**of.steps, step.key: now}), leads, "tocsin", (), now)
    tiers = [each.to_tier for each in of.escalations]
    assert tiers == sorted(set(tiers))
    assert of.tier == 1 + len(rises)


def leads_to(tier: int) -> Way:
    return Way(tier, (), "by hand")


def reopened(of: Ticket, hours: float) -> Ticket:
    resolved = moved(of, Move.RESOLVE, START + 30 * HOUR, "Agent One")
    return moved(resolved, Move.REOPEN, START + int(hours * HOUR), "tocsin")
