"""Decisions: what was decided of a problem or an incident, by which rule or suppressor, and on what grounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Decided(StrEnum):
    """What became of a problem or an incident; the words of logs, explanations and tests."""

    OPENED = "opened"
    REOPENED = "reopened"
    WORSENED = "worsened"
    EASED = "eased"
    RECOVERED = "recovered"
    WATCH_ENDED = "watch_ended"
    REMOVED = "removed"
    HELD = "held"
    WAITING = "waiting"
    RELEASED = "released"
    PASSED = "passed"
    FOLDED = "folded"
    LEFT = "left"
    ADOPTED = "adopted"
    FLAPPING = "flapping"
    STEADY = "steady"
    DIGESTED = "digested"
    REFUTED = "refuted"
    ISOLATED = "isolated"


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision. `at` is microseconds UTC; `incident` and `ticket` are numbers, where there are any.

    `by` is what decided: a rule such as `confirm` or `depends_on`, or a suppressor's id such as M-3 or S-1. `facts`
    are what it saw: moments of readings, names, limits; values JSON can hold.
    """

    at: int
    service: str
    rule: str
    what: Decided
    by: str
    reason: str
    incident: int | None = None
    ticket: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
