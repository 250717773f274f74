"""A ticket's clocks over its life: what ends them, what stops them, what time makes of them, and its priority."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from alerting.desk.breaches import marks, steps
from alerting.desk.clocks import Clock, Outcome, clocks
from alerting.desk.figures import overdue
from alerting.desk.parts import Pause, Reporter
from alerting.desk.sla import BY_HAND, answered, clocked, priority_of
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState, moved
from config.policies import Policy, PriorityRule, Targets, Term, TicketMatch
from tests.alerting.desk.clock_words import HOUR, moment, policy, ticket

START = moment("2026-06-01T00:00Z")
AT = {
    hours: START + round(hours * HOUR) for hours in (0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 18, 20, 22, 24, 30, 48)
}


def clock(name: str, of: Ticket, under: Policy | None = None) -> Clock:
    return next(each for each in clocks(of, under or policy()) if each.name == name)


def kept(of: Ticket, now: int, under: Policy | None = None) -> Ticket:
    return clocked(of, under or policy(), now)


def test_a_clock_runs_is_met_or_missed_and_its_rest_is_told() -> None:
    new = kept(ticket(START), START)
    running = clock("resolve", new)
    assert (running.outcome(AT[6]), running.left(AT[6]), running.used(AT[6])) == (
        Outcome.RUNNING,
        18 * 3600,
        Fraction(1, 4),
    )
    assert (running.outcome(AT[24]), running.left(AT[30])) == (Outcome.BREACHED, -6 * 3600)
    for at, outcome in ((AT[24], Outcome.MET), (AT[24] + 1, Outcome.MISSED)):
        ended = clock("resolve", kept(moved(new, Move.RESOLVE, at, "ann"), at))
        assert (ended.outcome(AT[48]), ended.left(AT[48]), ended.ended_at) == (outcome, None, at)


def test_what_is_done_first_ends_each_clock_and_resolving_ends_all() -> None:
    taken = kept(moved(ticket(START), Move.ACK, AT[0.5], "ann"), AT[0.5])
    ended = {each.name: each.ended_at for each in clocks(taken, policy())}
    assert ended["acknowledge"] == ended["assign"] == AT[0.5]
    assert ended["begin"] is ended["resolve"] is None
    done = kept(moved(taken, Move.RESOLVE, AT[2], "ann"), AT[2])
    assert {each.ended_at for each in clocks(done, policy())} == {AT[0.5], AT[2]}


def test_due_keeps_what_was_promised_and_drops_other_clocks_as_they_end() -> None:
    new = kept(ticket(START), START)
    assert set(new.due) == {"acknowledge", "respond", "assign", "begin", "answer", "resolve", "update"}
    done = kept(moved(new, Move.RESOLVE, AT[2], "ann"), AT[2])
    assert done.due == {"acknowledge": AT[4], "resolve": AT[24]}


def test_without_a_reporter_nobody_waits_for_a_word() -> None:
    alone = kept(ticket(START, reporter=None), START)
    assert not {"respond", "update"} & set(alone.due)


def test_an_alert_that_is_nobodys_is_only_to_be_acknowledged_and_resolved() -> None:
    alert = ticket(START, reporter=None)
    assert set(kept(alert, START).due) == {"acknowledge", "resolve"}
    asked = policy(targets={"high": Targets(begin=Term(60.0), resolve=Term(3600.0))})
    assert set(kept(alert, START, asked).due) == {"acknowledge", "begin", "resolve"}
    of_people = {"acknowledge", "assign", "begin", "answer", "resolve"}
    assert set(kept(alert, START, policy(name="shops")).due) == of_people
    for somebodys in (replace(alert, team="web"), replace(alert, channel="inbound")):
        assert set(kept(somebodys, START).due) == of_people


def test_while_it_is_pending_it_keeps_its_due_moment_is_not_late_and_goes_on_afterwards() -> None:
    waits = kept(moved(ticket(START), Move.PEND, AT[6], "ann"), AT[6])
    paused = clock("resolve", waits)
    assert waits.due["resolve"] == paused.due == AT[24]
    assert set(waits.sure_due) == {"acknowledge", "respond", "assign", "begin", "answer"}
    assert not overdue(waits, AT[30])
    assert "breach:resolve" not in {step.key for step in steps(waits, policy())}
    assert (paused.outcome(AT[12]), paused.paused_since, paused.left(AT[12])) == (
        Outcome.PAUSED,
        AT[6],
        18 * 3600,
    )
    goes_on = kept(moved(waits, Move.START, AT[10], "ann"), AT[10])
    assert goes_on.due["resolve"] == goes_on.sure_due["resolve"] == START + 28 * HOUR
    again = kept(moved(goes_on, Move.PEND, AT[12], "ann"), AT[12])
    assert again.due["resolve"] == START + 28 * HOUR


def test_what_was_late_before_it_waits_stays_late() -> None:
    waits = kept(moved(ticket(START), Move.PEND, AT[30], "ann"), AT[30])
    assert clock("resolve", waits).outcome(AT[48]) is Outcome.BREACHED
    assert overdue(waits, AT[48])


def test_waiting_moves_nothing_that_was_done_before() -> None:
    taken = kept(moved(ticket(START), Move.ACK, AT[1], "ann"), AT[1])
    waits = kept(moved(taken, Move.PEND, AT[2], "ann"), AT[2])
    goes_on = kept(moved(waits, Move.START, AT[12], "ann"), AT[12])
    for each in (taken, waits, goes_on):
        assert each.due["acknowledge"] == clock("acknowledge", each).due == AT[4]


def test_a_ticket_that_recovers_while_it_waits_was_not_late() -> None:
    waits = kept(moved(ticket(START), Move.PEND, AT[6], "ann"), AT[6])
    done = kept(moved(waits, Move.RESOLVE, AT[48], "tocsin"), AT[48])
    assert clock("resolve", done).outcome(AT[48]) is Outcome.MET


def test_while_it_was_resolved_no_clock_ran() -> None:
    done = kept(moved(ticket(START), Move.RESOLVE, AT[6], "ann"), AT[6])
    again = kept(moved(done, Move.REOPEN, AT[30], "tocsin"), AT[30])
    assert again.due["resolve"] == START + 48 * HOUR
    assert clock("resolve", again).used(AT[30]) == Fraction(1, 4)
    twice = kept(moved(again, Move.CLOSE, START + 31 * HOUR, "ann"), START + 31 * HOUR)
    third = kept(moved(twice, Move.REOPEN, START + 41 * HOUR, "ann"), START + 41 * HOUR)
    assert third.due["resolve"] == START + 58 * HOUR
    assert [each.end is not None for each in third.pauses] == [True, True]


def test_reckoning_again_changes_nothing() -> None:
    once = kept(moved(ticket(START), Move.PEND, AT[6], "ann"), AT[6])
    assert kept(once, AT[30]) is once


def test_another_priority_is_reckoned_from_the_same_start() -> None:
    new = kept(ticket(START), START)
    lower = kept(replace(new, priority="low"), AT[2])
    assert lower.due["resolve"] == START + 72 * HOUR
    assert kept(replace(lower, priority="high"), AT[3]).due == new.due


@pytest.mark.parametrize(("starts", "at"), [("detected", AT[1]), ("reported", AT[2]), ("submitted", AT[3])])
def test_the_clocks_start_when_the_policy_says(starts: str, at: int) -> None:
    stamps = {"detected": AT[1], "reported": AT[2], "submitted": AT[3]}
    under = policy(clock_starts=starts)
    assert kept(ticket(START, stamps=stamps), AT[3], under).due["resolve"] == at + 24 * HOUR
    assert kept(ticket(START), START, under).due["resolve"] == AT[24]


def test_a_tier_answers_when_one_of_its_people_does_something() -> None:
    under, new = policy(), ticket(START)
    lines = [
        TicketEvent(1, AT[0.5], "tocsin", "note", "by itself"),
        TicketEvent(1, AT[0.5], "Buyer", "reply", "the reporter"),
        TicketEvent(1, AT[0.5], "ann", "opened", "who took the call"),
        TicketEvent(2, AT[0.5], "ann", "note", "another ticket"),
        TicketEvent(1, AT[1], "ann", "note", "looked at it"),
    ]
    assert answered(new, under, lines[:4]).answered_at is None
    first = answered(new, under, lines)
    assert clock("answer", first).ended_at == AT[1]
    risen = replace(first, tier=2, tier_since=AT[2])
    assert clock("answer", risen).outcome(AT[3]) is Outcome.BREACHED
    lines.append(TicketEvent(1, AT[2], "ann", "escalated", "who sends it up does not answer for those above"))
    assert answered(risen, under, lines).answered_at == AT[1]
    lines.append(TicketEvent(1, AT[3] - 1, "bob", "note", "tier 2 is on it"))
    assert clock("answer", answered(risen, under, lines)).outcome(AT[4]) is Outcome.MET


def test_marks_come_at_their_shares_and_have_names_that_stay() -> None:
    under = policy(targets={"high": Targets(acknowledge=None, resolve=Term(24 * 3600))})
    found = {step.key: step.at for step in steps(ticket(START), under)}
    assert found == {
        "foretell:resolve:75": AT[18],
        "foretell:resolve:90": START + round(21.6 * HOUR),
        "breach:resolve": AT[24],
    }
    again = moved(
        kept(moved(ticket(START), Move.RESOLVE, AT[6], "a"), AT[6], under), Move.REOPEN, AT[12], "a"
    )
    assert {step.key for step in steps(kept(again, AT[12], under), under)} == {
        "foretell:resolve:1:75",
        "foretell:resolve:1:90",
        "breach:resolve:1",
    }


def test_marks_wait_with_the_clock_and_end_with_it() -> None:
    under = policy(targets={"high": Targets(acknowledge=None, resolve=Term(24 * 3600))})
    waits = kept(moved(ticket(START), Move.PEND, AT[20], "ann"), AT[20], under)
    assert [step.key for step in steps(waits, under)] == ["foretell:resolve:75"]
    in_time = kept(moved(ticket(START), Move.RESOLVE, AT[20], "ann"), AT[20], under)
    late = kept(moved(ticket(START), Move.RESOLVE, AT[30], "ann"), AT[30], under)
    assert list(steps(in_time, under)) == []
    assert [(step.key, step.at) for step in steps(late, under)] == [("breach:resolve", AT[24])]


def test_nobody_is_warned_of_a_test_or_of_what_goes_on_elsewhere_or_of_updates() -> None:
    assert list(steps(ticket(START, test=True), policy())) == []
    assert list(steps(ticket(START, merged_into=7), policy())) == []
    assert "update" not in {mark.clock.name for mark in marks(ticket(START), policy())}


RULES = (
    PriorityRule("high", TicketMatch(users=50)),
    PriorityRule("high", TicketMatch(urgent=True, category=("billing",))),
    PriorityRule("medium", TicketMatch(account_level=("gold",))),
    PriorityRule("informational", TicketMatch(severity=("low",), category=("general",))),
)


@pytest.mark.parametrize(
    ("more", "priority", "why"),
    [
        ({"fields": {"users": "50"}}, "high", "rule 1 of policy default: 50 users affected"),
        ({"fields": {"users": "49"}}, "low", "default rule: everything else"),
        ({"fields": {"users": "many"}}, "low", "default rule: everything else"),
        ({"urgent": True}, "low", "default rule: everything else"),
        (
            {"urgent": True, "category": "billing"},
            "high",
            "rule 2 of policy default: category billing, urgent",
        ),
        ({"reporter": Reporter("B", level="gold")}, "medium", "rule 3 of policy default: account level gold"),
        (
            {"category": "general"},
            "informational",
            "rule 4 of policy default: severity low, category general",
        ),
        ({"severity": "critical"}, "high", "default rule: severity critical"),
        ({"steps": {BY_HAND: 1}, "fields": {"users": "50"}}, "medium", "set by hand"),
    ],
)
def test_the_first_rule_that_fits_gives_the_priority(
    more: dict[str, object], priority: str, why: str
) -> None:
    of = replace(ticket(START, "medium"), **{"severity": "low", "steps": {}, **more})  # type: ignore[arg-type]
    under = policy(priorities=RULES)
    assert priority_of(of, under) == (priority, why)
    assert kept(of, START, under).priority == priority


def test_a_pause_left_open_by_whoever_moved_the_ticket_ends_with_its_state() -> None:
    odd = ticket(START, pauses=(Pause(AT[1], "vendor"),), state=TicketState.IN_PROGRESS)
    assert kept(odd, AT[3]).pauses == (Pause(AT[1], "vendor", AT[3]),)
