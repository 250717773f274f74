"""Counts by name over a window that slides with time: added by moment, summed, kept small, remembered."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any

_MOST_SLICES = 2000


class Sliding:
    """Counts of the last `window` seconds, in slices of a `1/slices` part of it but at least one second.

    The slice that the window begins in counts as a whole, so that nothing within the window is missed. In all
    slices together at most `names` different names are kept; what exceeds them is counted in `lost`.
    """

    def __init__(self, window: float, memo: Any = None, *, slices: int = 600, names: int = 5000) -> None:
        self.window = window
        self.step = max(1, math.ceil(window / min(slices, _MOST_SLICES)))
        self.lost = 0
        self._most = names
        self._slices: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._total: Counter[str] = Counter()
        self._restore(memo)

    def add(self, at: float, name: str, count: int = 1) -> None:
        """Count it at that moment (Unix seconds); a negative count takes back what was counted there."""
        if not math.isfinite(at) or not count:
            return
        if self._total[name] == 0 and len(self._total) > self._most:
            del self._total[name]
            self.lost += 1
            return
        here = self._slices[self._slice(at)]
        here[name] += count
        self._total[name] += count
        if here[name] <= 0:
            self._total[name] -= here.pop(name)
            self._tidy(name)

    def slide(self, now: float) -> None:
        """Forget what lies before the window that ends at `now`, and what claims to be later."""
        first, last = self._slice(now - self.window), self._slice(now)
        for at in [at for at in self._slices if not first <= at <= last]:
            for name, count in self._slices.pop(at).items():
                self._total[name] -= count
                self._tidy(name)

    def count(self, name: str) -> int:
        """How often it was counted in the window, as `slide` left it."""
        return self._total.get(name, 0)

    def starting(self, prefix: str) -> dict[str, int]:
        """The counts of all names with this beginning, which is cut off."""
        return {
            name.removeprefix(prefix): count
            for name, count in self._total.items()
            if name.startswith(prefix) and count
        }

    def memo(self) -> dict[str, Any]:
        """What `Sliding` is made from again: the step, and counts by slice."""
        return {
            "step": self.step,
            "slices": {str(at): dict(here) for at, here in self._slices.items() if here},
        }

    def _slice(self, at: float) -> int:
        return math.floor(at / self.step)

    def _tidy(self, name: str) -> None:
        if not self._total[name]:
            del self._total[name]

    def _restore(self, memo: Any) -> None:
        """Take what is sound in it: it comes from the disk."""
        slices = memo.get("slices") if isinstance(memo, Mapping) and memo.get("step") == self.step else None
        for at, here in slices.items() if isinstance(slices, Mapping) else ():
            number = _whole(at)
            if number is None or not isinstance(here, Mapping):
                continue
            for name, count in here.items():
                if isinstance(count, int) and not isinstance(count, bool) and 0 < count < 2**53:
                    self.add(number * self.step, str(name), count)


def _whole(text: object) -> int | None:
    shown = str(text)
    return int(shown) if shown.removeprefix("-").isdecimal() and len(shown) < 16 else None
