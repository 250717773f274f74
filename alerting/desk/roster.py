"""Who is away, and who is on call instead of somebody else: entries that people make. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class RosterEntry:
    """From `start` to `end` (microseconds UTC) the person is away, or on call for the team.

    What is ended early, or taken back, ends at that moment; `team` is empty for who is away.
    """

    number: int
    kind: Literal["away", "on_call"]
    person: str
    team: str
    start: int
    end: int
    reason: str
    by: str
