"""How severe an incident is, and why: criticality x level x share of users affected, and the operator's rules. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from alerting.incidents.incident import STEPS, severity
from checks.base import Status
from config.models import Check, Service, Severity, SeverityMatch, SeverityRule
from config.severity import SeverityLevel, shown_share

# Degraded counts as one step less than down because most people are still served: not so from here on.
MANY = 0.5

Judged: TypeAlias = tuple[Severity, str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What severity is judged by.

    `forecast`: nobody notices yet. `share` is that of the requests that fail (0 to 1), None where nobody counts them;
    `services` is how many services are affected. No check: the rule is about the service as a whole.
    """

    service: Service
    check: Check | None
    level: Status
    forecast: bool = False
    share: float | None = None
    services: int = 1

    @property
    def word(self) -> SeverityLevel:
        """The level as rules call it; what is down is no forecast any more."""
        if self.level is Status.DOWN:
            return "down"
        return "forecast" if self.forecast else "degraded"


def severity_of(rules: Iterable[SeverityRule], facts: Facts) -> Judged:
    """The severity by the first rule that matches, else the usual one; and the reason in words."""
    usual, why = _usual(facts)
    for number, rule in enumerate(rules, 1):
        matched = _matched(rule.match, facts)
        if matched is None:
            continue
        named = f"severity rule {number}: {', '.join(matched) or 'everything'}"
        if rule.severity is not None:
            return rule.severity, named
        steps = rule.raise_by if rule.raise_by is not None else -(rule.lower_by or 0)
        word = f"{abs(steps)} step{'s' if abs(steps) > 1 else ''} {'up' if steps > 0 else 'down'}"
        return _moved(usual, steps), f"{named}, {word} from {usual} ({why})"
    return usual, why


def _usual(facts: Facts) -> Judged:
    """By the contract's table; a forecast is low; degraded for many is as severe as down."""
    criticality, word = facts.service.criticality, facts.word
    if word == "forecast":
        return "low", "nobody notices yet"
    said = f"{criticality} service is {word}"
    if word == "degraded" and facts.share is not None and facts.share >= MANY:
        return severity(criticality, Status.DOWN), f"{said} for {shown_share(facts.share)} of the requests"
    return severity(criticality, facts.level), said


def _matched(match: SeverityMatch, facts: Facts) -> list[str] | None:
    """What the rule asks for and finds, in words; None when it does not match. Forecasts want to be named."""
    if facts.word == "forecast" and "forecast" not in match.level:
        return None
    service, labels = facts.service, _labels(facts)
    if any(labels.get(name) != value for name, value in match.labels.items()):
        return None
    found = [f"label {name}={value}" for name, value in match.labels.items()]
    for name, allowed, is_it in (
        ("service", match.service, service.name),
        ("team", match.team, service.team),
        ("criticality", match.criticality, service.criticality),
        ("environment", match.environment, service.environment),
        ("level", match.level, facts.word),
    ):
        if allowed and is_it not in allowed:
            return None
        found += [f"{name} {is_it}"] if allowed else []
    return _enough(match, facts, found)


def _enough(match: SeverityMatch, facts: Facts, found: list[str]) -> list[str] | None:
    """The same of what is counted: a share that nobody knows is not enough."""
    if match.affected is not None:
        if facts.share is None or facts.share < match.affected:
            return None
        found.append(f"{shown_share(facts.share)} of the requests fail")
    if match.services is not None:
        if facts.services < match.services:
            return None
        found.append(f"{facts.services} services affected")
    return found


def _labels(facts: Facts) -> dict[str, str]:
    """The check's own stand over its service's."""
    return {**facts.service.labels, **(facts.check.labels if facts.check is not None else {})}


def _moved(usual: Severity, steps: int) -> Severity:
    return STEPS[min(max(STEPS.index(usual) + steps, 0), len(STEPS) - 1)]
