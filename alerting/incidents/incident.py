"""Flips -> incidents: one per service and rule, watched after recovery, re-opened or new on recurrence. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum

from alerting.state import Flip
from checks.base import ErrorKind, Status
from config.models import Criticality, Severity

_SECOND = 1_000_000
_STEPS: tuple[Severity, ...] = ("low", "medium", "high", "critical")


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


@dataclass(frozen=True, slots=True)
class NewIds:
    """The numbers that the next incident and ticket get."""

    incident: int
    ticket: int


def remote_key(agent: str, service: str, rule: str, occurrence: int) -> str:
    """What its ticket is found by in other helpdesks; carries no free text."""
    said = "\0".join((agent, service, rule, str(occurrence)))
    return f"toc-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def severity(criticality: Criticality, level: Status) -> Severity:
    """Criticality x level: down keeps the step of the service, degraded is one lower, low stays low."""
    step = _STEPS.index(criticality)
    return _STEPS[step if level is Status.DOWN else max(0, step - 1)]


def decide(
    latest: Incident | None, flip: Flip, where: tuple[str, str], spec: IncidentSpec, ids: NewIds
) -> tuple[Incident, Turn] | None:
    """What a flip of `where` = (service, rule) makes of its latest incident; None when nothing."""
    if flip.after is Status.OK:
        if latest is None or latest.state is not IncidentState.OPEN:
            return None
        watch_until = flip.at + int(spec.watch_for * _SECOND)
        recovered = replace(
            latest, state=IncidentState.WATCHING, resolved_at=flip.segments[-1][0], watch_until=watch_until
        )
        return recovered, Turn.RECOVERED
    level = severity(spec.criticality, flip.after)
    if latest is not None and latest.state is IncidentState.OPEN:
        turn = Turn.WORSENED if flip.after is Status.DOWN else Turn.EASED
        return replace(latest, severity=level, level=flip.after, reason=flip.reason), turn
    if latest is not None and _recurs(latest, flip, spec):
        again = replace(
            latest,
            state=IncidentState.OPEN,
            severity=level,
            level=flip.after,
            reason=flip.reason,
            resolved_at=None,
            watch_until=None,
            reopened=latest.reopened + 1,
        )
        return again, Turn.REOPENED
    service, rule = where
    opened = Incident(
        id=ids.incident,
        service=service,
        rule=rule,
        occurrence=(latest.occurrence if latest else 0) + 1,
        state=IncidentState.OPEN,
        severity=level,
        level=flip.after,
        opened_at=flip.since,
        ticket=ids.ticket,
        reason=flip.reason,
    )
    return opened, Turn.OPENED


def _recurs(latest: Incident, flip: Flip, spec: IncidentSpec) -> bool:
    """While watching, or within `reopen_within` after the watch; the problem's first failing reading counts."""
    if latest.state is IncidentState.WATCHING:
        return True
    watched = latest.watch_until if latest.watch_until is not None else latest.resolved_at or 0
    return flip.since < watched + int(spec.reopen_within * _SECOND)


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
