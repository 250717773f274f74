"""Suppressions: planned work, silences and pauses; which of them holds back what would open now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from alerting.incidents.problem import Hold, Why
from config.models import Check, Service

_NAMED = ("names", "team", "severity", "criticality", "environment")


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
    """Holds back opening from `start` until `end` (microseconds UTC), never closing. `id` is M-3, S-1 or P-2.

    `by` made it what it is, `plan` is the window of the configuration that it comes from. One that ends where it
    begins was called off.
    """

    id: str
    why: Why
    start: int
    end: int
    reason: str
    by: str
    match: Match = Match()
    plan: str | None = None

    def holds_at(self, now: int) -> bool:
        return self.start <= now < self.end

    def state(self, now: int) -> str:
        """`planned`, `running`, `over` or `cancelled`."""
        if self.start == self.end:
            return "cancelled"
        return "planned" if now < self.start else "running" if now < self.end else "over"


@dataclass(frozen=True, slots=True)
class Subject:
    """What would open: a rule of a service, the check that stands behind it if there is one, and how severe."""

    service: Service
    rule: str
    check: Check | None
    severity: str


def holding(suppressions: Iterable[Suppression], subject: Subject, now: int) -> Hold | None:
    """What holds the subject back at that moment; of several the one that ends last."""
    last = suppressing(suppressions, subject, now)
    return None if last is None else Hold(last.why, last.id, now, last.end)


def suppressing(suppressions: Iterable[Suppression], subject: Subject, now: int) -> Suppression | None:
    """The same, whole."""
    return _last(each for each in suppressions if each.holds_at(now) and matches(each.match, subject))


def paused(suppressions: Iterable[Suppression], service: str, check: str, now: int) -> Suppression | None:
    """The pause for which a check is not looked at now, its own or its service's; of several the one that ends last."""
    names = {service, f"{service}.{check}"}
    return _last(
        each
        for each in suppressions
        if each.why is Why.PAUSE and each.holds_at(now) and not names.isdisjoint(each.match.names)
    )


def _last(suppressions: Iterable[Suppression]) -> Suppression | None:
    # By the id as well, so that the order in which they came decides nothing.
    return max(suppressions, key=lambda each: (each.end, each.id), default=None)


def matches(match: Match, subject: Subject) -> bool:
    """Whether a suppression is for the subject."""
    service = subject.service
    labels = {**service.labels, **(subject.check.labels if subject.check else {})}
    return (
        (not match.names or not _names(subject).isdisjoint(match.names))
        and (not match.team or service.team in match.team)
        and (not match.severity or subject.severity in match.severity)
        and (not match.criticality or service.criticality in match.criticality)
        and (not match.environment or service.environment in match.environment)
        and all(labels.get(name) == value for name, value in match.labels.items())
    )


def _names(subject: Subject) -> set[str]:
    """A rule that a check stands behind, but that is not called like it, goes by the check's name as well."""
    names = {subject.service.name, f"{subject.service.name}.{subject.rule}"}
    return names if subject.check is None else {*names, subject.check.address}


def dump(match: Match) -> dict[str, Any]:
    """As JSON, for its row: what says nothing is left out."""
    return {name: said for name in (*_NAMED, "labels") if (said := getattr(match, name))}


def restore(dumped: Mapping[str, Any]) -> Match:
    """The inverse of `dump`."""
    named = {name: tuple(dumped.get(name, ())) for name in _NAMED}
    return Match(**named, labels=dict(dumped.get("labels", {})))


def words(match: Match) -> Iterator[str]:
    """What it is for, as a person would say it to the command: `service=shop,web`."""
    said = [("service", [name for name in match.names if "." not in name])]
    said.append(("check", [name for name in match.names if "." in name]))
    said += [(name, list(getattr(match, name))) for name in _NAMED[1:]]
    yield from (f"{name}={','.join(values)}" for name, values in said if values)
    yield from (f"{name}={value}" for name, value in match.labels.items())
