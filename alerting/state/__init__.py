"""One check's state: confirmed, recovered, flapping. Pure; time comes with the reading."""

from __future__ import annotations

from alerting.state.confirming import look_in, wants_retry
from alerting.state.machine import step
from alerting.state.row import dump, restore
from alerting.state.values import NEW, NO_DOUBTS, CheckState, Doubt, Doubts, Flip, Run, StateSpec

__all__ = [
    "NEW",
    "NO_DOUBTS",
    "CheckState",
    "Doubt",
    "Doubts",
    "Flip",
    "Run",
    "StateSpec",
    "dump",
    "look_in",
    "restore",
    "step",
    "wants_retry",
]
