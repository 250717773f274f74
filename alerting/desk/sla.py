"""Priorities and targets of the default policy; hours run round the clock."""

from __future__ import annotations

from collections.abc import Mapping

from config.models import Severity

_HOUR = 3600 * 1_000_000
# Ordered rules, first match wins: the severities that a priority covers.
PRIORITY_RULES: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"critical", "high"}), "high"),
    (frozenset({"medium"}), "medium"),
    (frozenset({"low"}), "low"),
)
ACKNOWLEDGE_HOURS = 4
RESOLVE_HOURS: Mapping[str, int] = {"high": 24, "medium": 48, "low": 72}


def priority(severity: Severity) -> str:
    """The priority of a severity."""
    return next(name for severities, name in PRIORITY_RULES if severity in severities)


def due(opened_at: int, priority_name: str) -> dict[str, int]:
    """When a ticket of that priority is to be acknowledged and resolved (microseconds UTC)."""
    return {
        "acknowledge": opened_at + ACKNOWLEDGE_HOURS * _HOUR,
        "resolve": opened_at + RESOLVE_HOURS[priority_name] * _HOUR,
    }
