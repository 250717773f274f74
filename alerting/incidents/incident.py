"""Flips -> incidents: one per service and rule, watched after recovery, re-opened or new on recurrence. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from alerting.incidents.problem import Problem
from checks.base import LEVEL, ErrorKind, Status
from config.models import Criticality, Severity

_SECOND = 1_000_000
STEPS: tuple[Severity, ...] = ("low", "medium", "high", "critical")


class IncidentState(StrEnum):
    """`watching` still holds the open key: the problem is over, and a recurrence belongs to it."""

    OPEN = "open"
    WATCHING = "watching"
    RESOLVED = "resolved"


class Turn(StrEnum):
    """What became of an incident, and the reason that logs, metrics and tests use."""

    OPENED = "opened"
    REOPENED = "reopened"
    WORSENED = "worsened"
    EASED = "eased"
    RECOVERED = "recovered"
    WATCH_ENDED = "watch_ended"
    REMOVED = "removed"
    ADOPTED = "adopted"


@dataclass(frozen=True, slots=True)
class Incident:
    """One problem, and what it affects. Moments are microseconds UTC. `rule` is the check's id, or one of ours.

    `key` names its ticket in other helpdesks, whatever the check is called later. `merged_into` is the incident that
    turned out to be its cause, `follows` an earlier one of the same rule; `flaps` counts how often it came and went.
    """

    id: int
    service: str
    rule: str
    occurrence: int
    state: IncidentState
    severity: Severity
    level: Status
    opened_at: int
    ticket: int
    reason: str
    resolved_at: int | None = None
    watch_until: int | None = None
    reopened: int = 0
    key: str = ""
    error_kind: ErrorKind | None = None
    merged_into: int | None = None
    follows: int | None = None
    flaps: int = 0

    @property
    def holds_key(self) -> bool:
        """Whether a further incident of this service and rule is forbidden."""
        return self.state is not IncidentState.RESOLVED


@dataclass(frozen=True, slots=True)
class IncidentSpec:
    """What a service says about its incidents; durations in seconds."""

    criticality: Criticality
    watch_for: float
    reopen_within: float


def remote_key(agent: str, service: str, rule: str, occurrence: int) -> str:
    """What its ticket is found by in other helpdesks; carries no free text."""
    said = "\0".join((agent, service, rule, str(occurrence)))
    return f"toc-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def severity(criticality: Criticality, level: Status) -> Severity:
    """Criticality x level: down keeps the step of the service, degraded is one lower, low stays low."""
    step = STEPS.index(criticality)
    return STEPS[step if level is Status.DOWN else max(0, step - 1)]


def taken_up(
    latest: Incident | None, problem: Problem, since: int, severity: Severity, spec: IncidentSpec
) -> tuple[Incident, Turn]:
    """The incident that a problem opens, or re-opens, as of `since`; a new one has the number 0 and no ticket."""
    now: dict[str, Any] = {
        "state": IncidentState.OPEN,
        "severity": severity,
        "level": problem.level,
        "reason": problem.reason,
        "error_kind": problem.error_kind,
    }
    if latest is not None and _recurs(latest, since, spec):
        again = latest.state is IncidentState.WATCHING
        flaps = latest.flaps + 1 if again else 0
        ended: dict[str, Any] = {"resolved_at": None, "watch_until": None, "merged_into": None}
        return (
            replace(latest, **now, **ended, reopened=latest.reopened + 1, flaps=flaps),
            Turn.REOPENED,
        )
    opened = Incident(
        id=0,
        service=problem.service,
        rule=problem.rule,
        occurrence=(latest.occurrence if latest else 0) + 1,
        opened_at=since,
        ticket=0,
        follows=latest.id if latest else None,
        **now,
    )
    return opened, Turn.OPENED


def changed(incident: Incident, problem: Problem, severity: Severity) -> tuple[Incident, Turn] | None:
    """The open incident with another level or severity; None when they are what they were."""
    if (problem.level, severity) == (incident.level, incident.severity):
        return None
    before, after = _badness(incident.level, incident.severity), _badness(problem.level, severity)
    now = replace(incident, severity=severity, level=problem.level, reason=problem.reason)
    return now, Turn.WORSENED if after > before else Turn.EASED


def _badness(level: Status, severity: Severity) -> tuple[int, int]:
    return LEVEL[level], STEPS.index(severity)


def recovered(incident: Incident, resolved_at: int, at: int, spec: IncidentSpec) -> Incident:
    """The open incident when its problem is over since `resolved_at`, confirmed `at`: watched from now on."""
    watch_until = at + int(spec.watch_for * _SECOND)
    return replace(incident, state=IncidentState.WATCHING, resolved_at=resolved_at, watch_until=watch_until)


def merged(incident: Incident, into: int, now: int) -> Incident:
    """The incident whose cause turned out to be another one's."""
    return replace(incident, state=IncidentState.RESOLVED, resolved_at=now, watch_until=now, merged_into=into)


def _recurs(latest: Incident, since: int, spec: IncidentSpec) -> bool:
    """While watching, or within `reopen_within` after the watch; the problem's first failing reading counts."""
    if latest.state is IncidentState.WATCHING:
        return True
    watched = latest.watch_until if latest.watch_until is not None else latest.resolved_at or 0
    return since < watched + int(spec.reopen_within * _SECOND)


def watch_ended(incident: Incident, now: int) -> Incident | None:
    """The incident resolved for good, when its watch is over."""
    over = incident.state is IncidentState.WATCHING and (incident.watch_until or 0) <= now
    return replace(incident, state=IncidentState.RESOLVED) if over else None


def removed(incident: Incident, now: int) -> Incident:
    """The incident of a check that is no longer in the configuration: ended, whatever it was."""
    return replace(
        incident,
        state=IncidentState.RESOLVED,
        resolved_at=incident.resolved_at if incident.resolved_at is not None else now,
        watch_until=now,
    )
