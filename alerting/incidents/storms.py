"""Storms: services that fail at about the same time, without a known common parent, and what they share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from alerting.incidents.problem import Key, Problem

STORM = "storm:"
_SECOND = 1_000_000
_LONGEST = 63


@dataclass(frozen=True, slots=True)
class StormSpec:
    """`services` that fail within so many seconds make a storm; a problem waits so long for others to show."""

    services: int = 5
    within: float = 60.0
    wait: float = 5.0


def rule_of(label: str) -> str:
    """The rule of the storm of a label such as `host=web-01`; a long one is cut and told apart by its hash."""
    rule = STORM + label
    if len(rule) <= _LONGEST:
        return rule
    return f"{rule[: _LONGEST - 9]}~{hashlib.sha256(label.encode()).hexdigest()[:8]}"


def storms(problems: Iterable[tuple[Problem, Iterable[str]]], spec: StormSpec) -> dict[Key, str]:
    """For each problem of a storm the label it shares with most others; problems come with their labels."""
    by_label: dict[str, list[Problem]] = {}
    for problem, labels in problems:
        for label in labels:
            by_label.setdefault(label, []).append(problem)
    found: dict[Key, tuple[int, str]] = {}
    for label, sharing in by_label.items():
        if len(sharing) < spec.services:
            continue
        for key, size in _clusters(sharing, spec).items():
            if size > found.get(key, (0, ""))[0]:
                found[key] = (size, label)
    return {key: label for key, (_, label) in found.items()}


def _clusters(sharing: list[Problem], spec: StormSpec) -> Mapping[Key, int]:
    """The problems that began with enough others, each with the most services of a window that it lies in."""
    ordered = sorted(sharing, key=lambda each: each.since)
    within = int(spec.within * _SECOND)
    found: dict[Key, int] = {}
    first = 0
    inside: dict[str, int] = {}
    for last, problem in enumerate(ordered):
        inside[problem.service] = inside.get(problem.service, 0) + 1
        while problem.since - ordered[first].since > within:
            gone = ordered[first].service
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            first += 1
        if len(inside) >= spec.services:
            for each in ordered[first : last + 1]:
                found[each.key] = max(found.get(each.key, 0), len(inside))
    return found
