"""Follow-ups and status updates: due by the policy's terms, moved by priority and delay, and what reporters read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerting.desk.followup import (
    delayed,
    estimate,
    replanned,
    steps,
    waiting,
    with_done,
    with_follow_up,
)
from alerting.desk.parts import Escalation, FollowUp, Pause, Reporter
from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket, TicketState
from alerting.desk.updates import heard_by, next_update, update
from alerting.desk.updates import steps as update_steps
from config.policies import DEFAULT_POLICY, Term

HOUR = 3600 * 1_000_000
REPORTER = Reporter("Agent Nobody", "reporter@example.org")


def ticket(priority: str = "high", **more: object) -> Ticket:
    plain = Ticket(1, "shop", "", TicketState.IN_PROGRESS, "high", priority, "No orders", "", 0, {})
    return replace(plain, **more)  # type: ignore[arg-type]


def planned() -> Ticket:
    bare = ticket()
    return replace(bare, follow_ups=replanned(bare, DEFAULT_POLICY))


def keys(of: Ticket) -> dict[str, int]:
    return {step.key: step.at // HOUR for step in steps(of, DEFAULT_POLICY)}


def test_a_ticket_without_its_follow_ups_is_planned_first() -> None:
    assert keys(ticket()) == {"plan:1": 0}


def test_follow_ups_are_due_24_and_48_hours_after_the_clocks_began_and_missed_4_hours_later() -> None:
    assert keys(planned()) == {"remind:1": 24, "remind:2": 48}
    assert keys(replace(planned(), steps={"remind:1": 24 * HOUR}))["missed:1"] == 28


@pytest.mark.parametrize(("reopened_at", "missed"), [(None, 44), (30, 44), (60, 64)])
def test_one_is_missed_only_when_somebody_was_reminded_and_it_is_open(
    reopened_at: int | None, missed: int
) -> None:
    """The daemon was away until 40 hours after the opening; or the ticket was resolved for a while."""
    late = replace(planned(), steps={"remind:1": 40 * HOUR})
    if reopened_at is not None:
        late = replace(late, reopened_at=reopened_at * HOUR)
    assert keys(late)["missed:1"] == missed


def test_they_count_from_the_stamp_that_the_policy_names() -> None:
    policy = replace(DEFAULT_POLICY, clock_starts="reported")
    found = replanned(ticket(stamps={"reported": -2 * HOUR}), policy)
    assert [each.due_at // HOUR for each in found] == [22, 46]


def test_another_priority_moves_those_nobody_was_reminded_of() -> None:
    policy = replace(DEFAULT_POLICY, follow_ups={"high": (Term(3600), Term(7200)), "low": (Term(3 * 3600),)})
    first = replace(ticket(), follow_ups=replanned(ticket(), policy), steps={"remind:1": HOUR})
    after = replanned(replace(first, priority="low"), policy)
    assert [(each.number, each.due_at // HOUR) for each in after] == [(1, 1)]
    unreminded = replace(first, priority="low", steps={})
    assert [(each.number, each.due_at // HOUR) for each in replanned(unreminded, policy)] == [(1, 3)]


def test_a_ticket_that_is_opened_again_has_its_follow_ups_anew() -> None:
    done = with_done(planned(), [1, 2], "Agent One", 50 * HOUR)
    again = replanned(replace(done, reopened=1, reopened_at=100 * HOUR), DEFAULT_POLICY)
    assert [each.due_at // HOUR for each in again] == [24, 48, 124, 148]
    assert [each.number for each in again] == [1, 2, 3, 4]


def test_one_that_is_done_or_a_ticket_that_is_over_is_reminded_of_no_more() -> None:
    assert "remind:1" not in keys(with_done(planned(), [1], "Agent One", HOUR))
    assert keys(replace(planned(), state=TicketState.RESOLVED)) == {}
    assert keys(replace(planned(), merged_into=7)) == {}


def test_a_delay_ends_what_was_to_come_before_it_and_sets_the_next_look() -> None:
    late = delayed(planned(), 30 * HOUR, "a part must be ordered", "Agent One", HOUR)
    assert [(each.number, each.due_at // HOUR) for each in waiting(late)] == [(3, 30), (2, 48)]
    assert estimate(late) == 30 * HOUR
    assert "plan:1" not in keys(late)


@given(
    st.lists(
        st.sampled_from(["done", "own", "delay", "high", "medium", "informational", "again"]), max_size=12
    )
)
def test_numbers_are_never_given_twice_and_the_plan_settles(acts: list[str]) -> None:
    now, of = 0, ticket()
    for act in acts:
        now += 7 * HOUR
        if act == "done":
            of = with_done(of, [each.number for each in waiting(of)[:1]], "Agent One", now)
        elif act == "own":
            of = with_follow_up(of, now + HOUR, "call back")
        elif act == "delay":
            of = delayed(of, now + 20 * HOUR, "late", "Agent One", now)
        elif act == "again":
            of = replace(of, reopened=of.reopened + 1, reopened_at=now)
        else:
            of = replace(of, priority=act)
        of = replace(of, follow_ups=replanned(of, DEFAULT_POLICY))
        assert replanned(of, DEFAULT_POLICY) == of.follow_ups
        numbers = [each.number for each in of.follow_ups]
        assert len(set(numbers)) == len(numbers)


def test_updates_come_a_term_after_the_reporter_last_heard() -> None:
    heard = ticket(reporter=REPORTER)
    assert list(update_steps(heard, DEFAULT_POLICY)) == [Step(24 * HOUR, f"update:{24 * HOUR}")]
    assert next_update(replace(heard, heard_at=20 * HOUR), DEFAULT_POLICY) == 44 * HOUR
    assert next_update(replace(heard, priority="medium"), DEFAULT_POLICY) == 48 * HOUR


@pytest.mark.parametrize(
    "without",
    [
        {"reporter": None},
        {"reporter": Reporter("Agent Nobody", phone="+27 10 000 0000")},
        {"state": TicketState.RESOLVED},
        {"merged_into": 3},
    ],
)
def test_who_cannot_or_need_not_be_told_is_not(without: dict[str, object]) -> None:
    of = ticket(**{"reporter": REPORTER, "due": {"resolve": HOUR}, **without})  # type: ignore[arg-type]
    assert list(update_steps(of, DEFAULT_POLICY)) == []


def test_a_low_one_has_an_update_only_when_it_is_overdue() -> None:
    low = ticket("low", reporter=REPORTER, due={"resolve": 72 * HOUR})
    assert list(update_steps(low, DEFAULT_POLICY)) == [Step(72 * HOUR, "update:overdue:0")]


def test_the_rhythm_is_kept_but_what_was_missed_is_not_made_up_for() -> None:
    step = Step(24 * HOUR, "update:…")
    assert heard_by(ticket(), DEFAULT_POLICY, step, 24 * HOUR + 5) == 24 * HOUR
    assert heard_by(ticket(), DEFAULT_POLICY, step, 90 * HOUR) == 90 * HOUR


def test_an_update_says_what_everybody_may_know_and_no_name() -> None:
    of = ticket(
        reporter=REPORTER,
        assignee="Agent One",
        tier=2,
        heard_at=2 * HOUR,
        due={"resolve": 24 * HOUR},
        stamps={"begun": HOUR, "investigated": 3 * HOUR},
        escalations=(Escalation(5 * HOUR, "internal reason", 1, 2, "Lead", 0.0),),
        fields={"next_step": "the index is built anew", "cause_text": "secret cause"},
    )
    said = update(of, DEFAULT_POLICY, 10 * HOUR)
    assert "handed on to tier 2" in said
    assert "its cause was looked for" in said
    assert "work on it began" not in said  # they heard of that
    assert "Next: the index is built anew" in said
    assert "expected to be resolved by 1970-01-02 00:00:00 UTC" in said
    for hidden in ("Agent One", "Lead", "internal reason", "secret cause"):
        assert hidden not in said


def test_an_update_tells_of_the_new_estimate_and_of_being_late() -> None:
    of = ticket(reporter=REPORTER, due={"resolve": 24 * HOUR})
    assert "was to be resolved by 1970-01-02 00:00:00 UTC, and is late" in update(
        of, DEFAULT_POLICY, 25 * HOUR
    )
    late = replace(of, follow_ups=(FollowUp(1, 48 * HOUR, "parts", estimate=48 * HOUR),))
    assert "expected to be resolved by 1970-01-03 00:00:00 UTC" in update(late, DEFAULT_POLICY, 25 * HOUR)
    again = replace(late, reopened=1, reopened_at=50 * HOUR, due={"resolve": 74 * HOUR})
    assert "expected to be resolved by 1970-01-04 02:00:00 UTC" in update(again, DEFAULT_POLICY, 51 * HOUR)
    waits = replace(of, state=TicketState.PENDING, pauses=(Pause(0, "reporter"),))
    assert "waits for an answer from you" in update(waits, DEFAULT_POLICY, HOUR)
