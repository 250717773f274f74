"""Incidents: opened, eased, watched, re-opened or new."""

from __future__ import annotations

import pytest

from alerting.incidents.incident import (
    Incident,
    IncidentSpec,
    IncidentState,
    Turn,
    changed,
    merged,
    recovered,
    removed,
    severity,
    taken_up,
    watch_ended,
)
from alerting.incidents.problem import Problem
from checks.base import Status
from config.models import Criticality
from tests.readings import SECOND

SPEC = IncidentSpec("high", watch_for=900, reopen_within=86400)


def problem(since: float, level: Status = Status.DOWN) -> Problem:
    first = int(since * SECOND)
    return Problem("web", "home", level, first, first + 2 * SECOND, "because")


def opened() -> Incident:
    incident, _ = taken_up(None, problem(10), 10 * SECOND, "high", SPEC)
    return incident


def watched() -> Incident:
    return recovered(opened(), 100 * SECOND, 102 * SECOND, SPEC)


def test_a_confirmed_problem_opens_an_incident() -> None:
    incident, turn = taken_up(None, problem(10), 10 * SECOND, "high", SPEC)
    assert turn is Turn.OPENED
    assert (incident.service, incident.rule, incident.occurrence) == ("web", "home", 1)
    assert (incident.opened_at, incident.severity, incident.state) == (
        10 * SECOND,
        "high",
        IncidentState.OPEN,
    )


def test_levels_change_severity_inside_one_incident() -> None:
    eased = changed(opened(), problem(10, Status.DEGRADED), "medium")
    assert eased is not None
    assert (eased[0].severity, eased[0].level, eased[1]) == ("medium", Status.DEGRADED, Turn.EASED)
    worse = changed(eased[0], problem(10), "high")
    assert worse is not None
    assert (worse[0].severity, worse[1]) == ("high", Turn.WORSENED)
    assert changed(worse[0], problem(10), "high") is None


def test_a_recovery_is_watched_and_dated_to_the_first_good_reading() -> None:
    incident = watched()
    assert (incident.state, incident.resolved_at) == (IncidentState.WATCHING, 100 * SECOND)
    assert incident.watch_until == (102 + 900) * SECOND
    assert incident.holds_key


def test_a_recurrence_while_watching_reopens_the_same_incident() -> None:
    again, turn = taken_up(watched(), problem(200), 200 * SECOND, "high", SPEC)
    assert (again.occurrence, again.reopened, again.flaps, turn) == (1, 1, 1, Turn.REOPENED)
    assert (again.state, again.resolved_at, again.opened_at) == (IncidentState.OPEN, None, 10 * SECOND)


@pytest.mark.parametrize(("after_watch", "turn"), [(86399, Turn.REOPENED), (86400, Turn.OPENED)])
def test_reopen_within_decides_between_the_same_and_a_new_incident(after_watch: int, turn: Turn) -> None:
    over = watch_ended(watched(), 1002 * SECOND)
    assert over is not None
    first_bad = 1002 + after_watch
    again, came = taken_up(over, problem(first_bad), first_bad * SECOND, "high", SPEC)
    assert came is turn
    assert again.occurrence == (1 if turn is Turn.REOPENED else 2)
    assert again.flaps == 0


def test_what_was_adopted_is_opened_again_when_its_cause_is_over_and_it_is_not() -> None:
    adopted = merged(opened(), 77, 50 * SECOND)
    assert (adopted.state, adopted.merged_into) == (IncidentState.RESOLVED, 77)
    again, turn = taken_up(adopted, problem(10), 10 * SECOND, "high", SPEC)
    assert (again.state, again.merged_into, turn) == (IncidentState.OPEN, None, Turn.REOPENED)


def test_the_watch_ends_by_time_alone() -> None:
    assert watch_ended(watched(), 1002 * SECOND - 1) is None
    over = watch_ended(watched(), 1002 * SECOND)
    assert over is not None
    assert over.state is IncidentState.RESOLVED
    assert not over.holds_key


def test_an_incident_of_a_removed_check_ends() -> None:
    over = removed(opened(), 50 * SECOND)
    assert (over.state, over.resolved_at) == (IncidentState.RESOLVED, 50 * SECOND)
    assert removed(watched(), 150 * SECOND).resolved_at == 100 * SECOND


@pytest.mark.parametrize(
    ("criticality", "down", "degraded"),
    [
        ("critical", "critical", "high"),
        ("high", "high", "medium"),
        ("medium", "medium", "low"),
        ("low", "low", "low"),
    ],
)
def test_degraded_is_one_step_less_severe_and_low_stays_low(
    criticality: Criticality, down: str, degraded: str
) -> None:
    assert severity(criticality, Status.DOWN) == down
    assert severity(criticality, Status.DEGRADED) == degraded
