"""An alert of another tool, whatever tool it is. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from config.models import Severity

# The words that tools have for how bad it is, in small letters.
SEVERITIES: Mapping[str, Severity] = {
    **dict.fromkeys(("critical", "fatal", "emergency", "disaster", "page", "blocker", "p1", "sev1"), "critical"),
    **dict.fromkeys(("high", "error", "alert", "major", "urgent", "p2", "sev2"), "high"),
    **dict.fromkeys(("medium", "warning", "warn", "moderate", "average", "p3", "sev3"), "medium"),
    **dict.fromkeys(("low", "minor", "info", "information", "notice", "debug", "none", "p4", "p5"), "low"),
}  # fmt: skip


class NotRead(Exception):
    """What was sent is nothing that this tool sends; the text says why."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as its tool tells of it; nothing in it is cleaned yet. Moments are microseconds UTC.

    `key` is what the tool knows it by, the same when it is told again and when it is over. `severity` and `service`
    are its own words, empty when it says none. `started` and `ended` are when it began and ended over there, where
    the tool says so.
    """

    key: str
    title: str
    firing: bool
    text: str = ""
    severity: str = ""
    service: str = ""
    url: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    started: int | None = None
    ended: int | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What a webhook tells: its alerts, and how many things that are none of them (`assigned`, a test …)."""

    alerts: tuple[Alert, ...]
    passed_over: int = 0


def severity_in(word: str, own: Mapping[str, Severity]) -> Severity | None:
    """What the word means to the operator, else to everybody; None when nobody knows it."""
    small = word.strip().lower()
    return own.get(small) or SEVERITIES.get(small)
