"""A timing wheel: which checks are due now, each on its own stable phase. Pure; moments are monotonic seconds."""

from __future__ import annotations

import math
import zlib
from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)
_LONG = 10.0


class Wheel(Generic[T]):
    """Slots of `tick` seconds; an entry stands in the slot in which it is due next."""

    def __init__(self, tick: float) -> None:
        self.tick = tick
        self._slots: dict[int, list[T]] = {}
        self._due: dict[T, int] = {}
        self._turned_to: int | None = None

    def __contains__(self, entry: T) -> bool:
        return entry in self._due

    def __len__(self) -> int:
        return len(self._due)

    def put(self, entry: T, at: float) -> None:
        """Make the entry due at a moment; an earlier appointment of it is forgotten."""
        self.remove(entry)
        slot = math.ceil(at / self.tick)
        if self._turned_to is not None:
            slot = max(slot, self._turned_to + 1)
        self._slots.setdefault(slot, []).append(entry)
        self._due[entry] = slot

    def remove(self, entry: T) -> None:
        slot = self._due.pop(entry, None)
        if slot is not None:
            self._slots[slot].remove(entry)
            if not self._slots[slot]:
                del self._slots[slot]

    def turn(self, now: float) -> list[tuple[T, float]]:
        """Everything due by `now`, each with the moment it was due; it leaves the wheel."""
        here = math.floor(now / self.tick)
        since = self._turned_to
        self._turned_to = here
        if since is None or here - since > len(self._slots):
            slots: Iterable[int] = sorted(slot for slot in self._slots if slot <= here)
        else:
            slots = [slot for slot in range(since + 1, here + 1) if slot in self._slots]
        due: list[tuple[T, float]] = []
        for slot in slots:
            for entry in self._slots.pop(slot):
                del self._due[entry]
                due.append((entry, slot * self.tick))
        return due


def phase(name: str, every: float) -> float:
    """Where in its interval a check looks: the same after every start, spread evenly over names.

    Where the interval is long enough, only whole seconds are taken: looks that begin together share one
    waking up and one commit, which cost more than the looks themselves.
    """
    offset = zlib.crc32(name.encode()) / 2**32 * every
    return offset if every < _LONG else float(math.floor(offset))


def next_due(name: str, every: float, after: float) -> float:
    """The first moment of the check's own grid that comes after `after`."""
    offset = phase(name, every)
    turns = math.floor((after - offset) / every) + 1
    due = offset + turns * every
    return due if due > after else due + every
