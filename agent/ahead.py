"""Ahead of the disk: what the checks' states and incidents would be by what waits for a store that cannot write.

It is for the next look and for the emergency channel alone. Nothing of it is kept: what waits is decided anew, and
stored, once the store writes again.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import structlog

from agent import decide
from agent.memory import Address, CheckMemory, Draft, World
from agent.rulebook import Rulebook
from alerting.incidents.incident import Incident

log = structlog.get_logger()
Change = Callable[[Draft], Any]


class Ahead:
    """A copy of what is committed, and what was seen since on top of it."""

    def __init__(self, world: World) -> None:
        self.world = copy.copy(world)
        for each in fields(World):
            kept = getattr(world, each.name)
            if isinstance(kept, dict):
                setattr(self.world, each.name, dict(kept))
        # Those that opened, worsened, eased or ended since, by their number, as they stand.
        self.incidents: dict[int, Incident] = {}

    def take(self, change: Change, rules: Rulebook, now: int) -> None:
        """What was seen, such as a reading."""
        draft = Draft(self.world)
        try:
            change(draft)
            decide.conclude(draft, rules, now)
        except Exception as error:
            log.warning("ahead.not_decided", reason=f"{type(error).__name__}: {error}"[:200])
            return
        opened = {incident.id for incident in draft.opened_incidents()}
        for number, incident in draft.written_incidents.items():
            if number in opened or number in self.incidents:
                self.incidents[number] = incident
        draft.settle()

    def memory(self, address: Address) -> CheckMemory:
        """What would be known of a check."""
        return self.world.checks.get(address) or CheckMemory()
