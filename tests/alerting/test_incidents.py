"""Incidents: opened, eased, watched, re-opened or new."""

from __future__ import annotations

import pytest

from alerting.incidents.incident import (
    Incident,
    IncidentSpec,
    IncidentState,
    NewIds,
    Turn,
    decide,
    removed,
    severity,
    watch_ended,
)
from alerting.state import Flip
from checks.base import Status
from config.models import Criticality
from tests.readings import SECOND, WORDS

SPEC = IncidentSpec("high", watch_for=900, reopen_within=86400)
WHERE = ("web", "home")
IDS = NewIds(7, 9)


def flip(before: str, after: str, since: float, at: float) -> Flip:
    segments = ((int(since * SECOND), WORDS[after]),)
    return Flip(WORDS[before], WORDS[after], int(since * SECOND), int(at * SECOND), "because", segments)


def opened() -> Incident:
    decided = decide(None, flip("o", "d", 10, 12), WHERE, SPEC, IDS)
    assert decided is not None
    return decided[0]


def recovered() -> Incident:
    decided = decide(opened(), flip("d", "o", 100, 102), WHERE, SPEC, IDS)
    assert decided is not None
    return decided[0]


def test_a_confirmed_problem_opens_an_incident_dated_to_its_first_failing_reading() -> None:
    decided = decide(None, flip("o", "d", 10, 12), WHERE, SPEC, IDS)
    assert decided is not None
    incident, turn = decided
    assert turn is Turn.OPENED
    assert (incident.id, incident.ticket, incident.occurrence) == (7, 9, 1)
    assert (incident.opened_at, incident.severity, incident.state) == (
        10 * SECOND,
        "high",
        IncidentState.OPEN,
    )


def test_levels_change_severity_inside_one_incident() -> None:
    eased = decide(opened(), flip("d", "g", 20, 22), WHERE, SPEC, NewIds(8, 10))
    assert eased is not None
    assert (eased[0].id, eased[0].severity, eased[1]) == (7, "medium", Turn.EASED)
    worse = decide(eased[0], flip("g", "d", 30, 32), WHERE, SPEC, NewIds(8, 10))
    assert worse is not None
    assert (worse[0].id, worse[0].severity, worse[1]) == (7, "high", Turn.WORSENED)


def test_a_recovery_is_watched_and_dated_to_the_first_good_reading() -> None:
    incident = recovered()
    assert (incident.state, incident.resolved_at) == (IncidentState.WATCHING, 100 * SECOND)
    assert incident.watch_until == (102 + 900) * SECOND
    assert incident.holds_key


def test_a_recurrence_while_watching_reopens_the_same_incident() -> None:
    again = decide(recovered(), flip("o", "d", 200, 202), WHERE, SPEC, NewIds(8, 10))
    assert again is not None
    assert (again[0].id, again[0].ticket, again[0].reopened, again[1]) == (7, 9, 1, Turn.REOPENED)
    assert (again[0].state, again[0].resolved_at, again[0].opened_at) == (
        IncidentState.OPEN,
        None,
        10 * SECOND,
    )


@pytest.mark.parametrize(("after_watch", "turn"), [(86399.0, Turn.REOPENED), (86400.0, Turn.OPENED)])
def test_reopen_within_decides_between_the_same_and_a_new_incident(after_watch: float, turn: Turn) -> None:
    over = watch_ended(recovered(), 1002 * SECOND)
    assert over is not None
    first_bad = 1002 + after_watch
    again = decide(over, flip("o", "d", first_bad, first_bad + 2), WHERE, SPEC, NewIds(8, 10))
    assert again is not None
    assert again[1] is turn
    assert (again[0].id, again[0].occurrence) == ((7, 1) if turn is Turn.REOPENED else (8, 2))


def test_the_watch_ends_by_time_alone() -> None:
    assert watch_ended(recovered(), 1002 * SECOND - 1) is None
    over = watch_ended(recovered(), 1002 * SECOND)
    assert over is not None
    assert over.state is IncidentState.RESOLVED
    assert not over.holds_key


def test_a_recovery_without_an_open_incident_decides_nothing() -> None:
    assert decide(None, flip("d", "o", 1, 2), WHERE, SPEC, IDS) is None
    assert decide(recovered(), flip("d", "o", 1, 2), WHERE, SPEC, IDS) is None


def test_an_incident_of_a_removed_check_ends() -> None:
    over = removed(opened(), 50 * SECOND)
    assert (over.state, over.resolved_at) == (IncidentState.RESOLVED, 50 * SECOND)
    assert removed(recovered(), 150 * SECOND).resolved_at == 100 * SECOND


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
