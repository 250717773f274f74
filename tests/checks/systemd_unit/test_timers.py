"""Which run of a timer is owed: over reboots, edits, random delays, and looks that came too late."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.systemd_unit.systemctl import moment, number, span
from checks.systemd_unit.timers import Due, Schedule, overdue, owed, remembered, schedule, stored

DAY = 86400.0
AT = 1_800_000_000.0
DAILY = Schedule(last=AT, due=AT + DAY, begun=AT - 10 * DAY, slack=60.0)


def test_next_run_is_owed_and_not_late() -> None:
    due = owed(DAILY, None, AT + 10, "b1")
    assert due == Due(AT + DAY, "b1")
    assert overdue(due, 60, 60, AT + 10) == 0


def test_run_is_late_only_after_what_systemd_and_the_operator_allow() -> None:
    due = Due(AT, "b1")
    assert overdue(due, 60, 300, AT + 360) == 0
    assert overdue(due, 60, 300, AT + 361) == 361


def test_run_that_the_host_slept_through_stays_owed_until_the_next() -> None:
    known, next_day = Due(AT + DAY, "b1"), AT + DAY + 3600
    after = replace(DAILY, due=AT + 2 * DAY)
    assert owed(after, known, next_day, "b1") == known
    ran = replace(after, last=AT + 2 * DAY, due=AT + 3 * DAY)
    assert owed(ran, known, AT + 2 * DAY + 5, "b1") == Due(AT + 3 * DAY, "b1")


def test_run_that_was_missed_while_the_host_was_off_stays_owed() -> None:
    known = Due(AT + DAY, "b1")
    booted = Schedule(last=None, due=AT + 2 * DAY, begun=AT + DAY + 3600, slack=60.0)
    first = owed(booted, known, AT + DAY + 4000, "b2")
    assert first == known
    assert owed(booted, first, AT + DAY + 5000, "b2") == known


def test_job_started_by_hand_is_a_run() -> None:
    timer = {"NextElapseUSecRealtime": "Fri 2027-01-15 08:00:00 UTC", "LastTriggerUSec": "n/a"}
    job = {"InactiveExitTimestamp": "Wed 2027-01-13 10:00:00 UTC"}
    plan = schedule(timer, job, 0.0, 0.0)
    assert plan.last == moment("Wed 2027-01-13 10:00:00 UTC")
    known = Due(plan.last - 7200, "b1")  # type: ignore[operator]  # it is no None, as just seen
    assert owed(plan, known, known.at + 8000, "b1") == Due(plan.due, "b1")  # type: ignore[arg-type]


def test_timer_that_was_started_anew_owes_nothing_from_before() -> None:
    known = Due(AT + DAY, "b1")
    anew = replace(DAILY, begun=AT + DAY + 100, due=AT + 2 * DAY)
    assert owed(anew, known, AT + DAY + 200, "b1") == Due(AT + 2 * DAY, "b1")


def test_plan_that_was_changed_before_its_time_counts_as_changed() -> None:
    weekly = replace(DAILY, due=AT + 7 * DAY)
    assert owed(weekly, Due(AT + DAY, "b1"), AT + 600, "b1") == Due(AT + 7 * DAY, "b1")


def test_run_before_its_moment_by_another_random_delay_is_a_run() -> None:
    plan = Schedule(last=AT - 1000, due=AT + DAY, begun=None, slack=3600.0)
    assert owed(plan, Due(AT, "b1"), AT + 10, "b1") == Due(AT + DAY, "b1")


def test_job_that_still_runs_owes_nothing_yet() -> None:
    running = Schedule(last=AT, due=AT, begun=None, slack=0.0)
    assert owed(running, Due(AT, "b1"), AT + 5000, "b1") is None


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=20),
    st.floats(0, 3600),
)
def test_timer_that_always_fires_in_time_is_never_late(pauses: list[float], slack: float) -> None:
    """However seldom one looks."""
    now, every, known = AT, 3600.0, None
    for pause in pauses:
        now += pause
        last = AT + (now - AT) // every * every
        plan = Schedule(last=last, due=last + every, begun=AT, slack=slack)
        known = owed(plan, known, now, "b1")
        assert overdue(known, slack, 0, now) == 0


@pytest.mark.parametrize("due", [None, Due(AT, "b1")])
def test_what_is_stored_is_what_comes_back(due: Due | None) -> None:
    assert remembered(stored(due)) == due


@pytest.mark.parametrize(
    "memo", [None, [], {"due": "x", "boot": "b"}, {"due": 1e400, "boot": "b"}, {"due": float("nan"), "boot": "b"},
             {"due": 5}, {"due": -5, "boot": "b"}], ids=repr,
)  # fmt: skip
def test_memo_of_another_shape_is_none(memo: Any) -> None:
    assert remembered(memo) is None


def test_moments_spans_and_counts_are_read_as_systemctl_writes_them() -> None:
    assert moment("Sun 2026-11-22 04:29:32 UTC") == 1795321772
    assert moment("n/a") is moment("") is moment(None) is None
    assert span("6h 49min 48.098102s") == pytest.approx(24588.098102)
    assert span("1month 2d 3ms 4us") == pytest.approx(2629800 + 2 * DAY + 0.003004)
    assert span("infinity") is span("") is span(None) is None
    assert number("18446744073709551615") is number("[not set]") is number(None) is None
    assert number("42") == 42
