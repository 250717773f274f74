"""Metrics: by how much counters grew since the last look, through restarts of what counts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from checks.boot import boot_id
from checks.rates import SHORTEST, Look

MOST_REMEMBERED = 5000
_LONGEST_KEY = 200


@dataclass(slots=True)
class Growth:
    """From the look before, if any, to the one of `at` (seconds after boot), counters by selector and series."""

    before: Look | None
    at: float
    counters: dict[str, dict[str, float]] = field(default_factory=dict)
    held: int = 0

    @property
    def seconds(self) -> float | None:
        """Between the two looks; None where there is no look to compare with."""
        if self.before is None or self.at - self.before.at < SHORTEST:
            return None
        return self.at - self.before.at

    def knows(self, selector: str) -> bool:
        """Whether the look before saw these series, or that there are none."""
        return self.before is not None and self.seconds is not None and selector in self.before.counters

    def begin(self, selector: str, series: int) -> bool:
        """That so many series of a selector will be told of; False where they are too many to remember."""
        if self.held + series > MOST_REMEMBERED:
            return False
        self.held += series
        self.counters.setdefault(selector, {})
        return True

    def grown(
        self, selector: str, labels: Mapping[str, str], value: float, *, from_none: bool
    ) -> float | None:
        """By how much a counter grew; None when it is new. What fell began anew, and at 0.

        `from_none` says that a series which was not there stood at 0.
        """
        key = _key(labels)
        self.counters[selector][key] = value
        if self.before is None or not self.knows(selector):
            return None
        last = self.before.counters[selector].get(key, 0.0 if from_none else None)
        if last is None:
            return None
        return value - last if value >= last else value

    @property
    def look(self) -> Look:
        """This look, for the next one."""
        return Look(self.at, self.counters)

    @property
    def memo(self) -> dict[str, Any]:
        return {"boot": boot_id(), "at": self.at, "counters": self.counters}


def _key(labels: Mapping[str, str]) -> str:
    """What a series is remembered by; an exporter does not tell how much is stored for it."""
    key = json.dumps(sorted(labels.items()))
    return key if len(key) <= _LONGEST_KEY else sha256(key.encode()).hexdigest()
