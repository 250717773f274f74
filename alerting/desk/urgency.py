"""How severe a ticket of a person is: how soon it hurts, and how much. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from config.impact import ImpactOptions
from config.models import Severity

_LEVELS = ("high", "medium", "low")
# Rows: urgency. Columns: impact.
_SEVERITIES: Mapping[str, tuple[Severity, Severity, Severity]] = {
    "high": ("critical", "high", "medium"),
    "medium": ("high", "medium", "low"),
    "low": ("medium", "low", "low"),
}


def severity_of(
    *, urgency: str, users: int | None, criticality: str | None, limits: ImpactOptions
) -> Severity:
    """By urgency (medium where nobody says) and impact: users affected, else how much people rely on the service."""
    return _SEVERITIES[urgency or "medium"][_LEVELS.index(_impact(users, criticality, limits))]


def _impact(users: int | None, criticality: str | None, limits: ImpactOptions) -> str:
    if users is not None:
        return "high" if users >= limits.high else "medium" if users >= limits.medium else "low"
    if criticality is None:
        return "medium"
    return "high" if criticality in ("critical", "high") else criticality
