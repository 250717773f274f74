"""Suppressions: planned work, silences and pauses; which of them holds back what would open now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from alerting.incidents.problem import Hold, Why
from config.models import Check, Service


@dataclass(frozen=True, slots=True)
class Match:
    """What a suppression is for; what says nothing is for all. `names` are services (`web`) and checks (`web.home`)."""

    names: tuple[str, ...] = ()
    team: tuple[str, ...] = ()
    severity: tuple[str, ...] = ()
    criticality: tuple[str, ...] = ()
    environment: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suppression:
    """Holds back opening from `start` until `end` (microseconds UTC), never closing. `id` is M-3, S-1 or P-2."""

    id: str
    why: Why
    start: int
    end: int
    reason: str
    by: str
    match: Match = Match()


@dataclass(frozen=True, slots=True)
class Subject:
    """What would open: a rule of a service, the check that stands behind it if there is one, and how severe."""

    service: Service
    rule: str
    check: Check | None
    severity: str


def holding(suppressions: Iterable[Suppression], subject: Subject, now: int) -> Hold | None:
    """What holds the subject back at that moment; of several the one that ends last."""
    found = [each for each in suppressions if each.start <= now < each.end and matches(each.match, subject)]
    if not found:
        return None
    last = max(found, key=lambda each: each.end)
    return Hold(last.why, last.id, now, last.end)


def matches(match: Match, subject: Subject) -> bool:
    """Whether a suppression is for the subject."""
    service = subject.service
    labels = {**service.labels, **(subject.check.labels if subject.check else {})}
    return (
        (not match.names or service.name in match.names or f"{service.name}.{subject.rule}" in match.names)
        and (not match.team or service.team in match.team)
        and (not match.severity or subject.severity in match.severity)
        and (not match.criticality or service.criticality in match.criticality)
        and (not match.environment or service.environment in match.environment)
        and all(labels.get(name) == value for name, value in match.labels.items())
    )
