"""Wrong passwords: after a few of them whoever tries must wait, longer each time."""

from __future__ import annotations

from collections import OrderedDict

from agent.clock import Clock

_OF_ONE, _OF_ADDRESS, _OF_NAME = 5, 20, 50
_LONGEST = 900.0
_FORGOTTEN = 3600.0
_MOST = 10_000


class TooSoon(Exception):
    """`left` seconds are to pass before another try."""

    def __init__(self, left: float) -> None:
        super().__init__(f"too many wrong passwords: try again in {max(1, round(left))} s")
        self.left = left


class Throttle:
    """Counts by name and address together, by address, and by name: one who guesses keeps nobody else out for long."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wrong: OrderedDict[tuple[str, str], tuple[int, float]] = OrderedDict()

    def check(self, name: str, whence: str) -> None:
        """Raises TooSoon."""
        now = self._clock.monotonic()
        left = max(self._until(key, free) for key, free in _keys(name, whence)) - now
        if left > 0:
            raise TooSoon(left)

    def tried(self, name: str, whence: str) -> None:
        """Counted before it is known to be wrong, so that many at once are not one."""
        now = self._clock.monotonic()
        for key, _ in _keys(name, whence):
            count, last = self._wrong.pop(key, (0, now))
            self._wrong[key] = (count + 1 if now - last < _FORGOTTEN else 1, now)
        while len(self._wrong) > _MOST:
            self._wrong.popitem(last=False)

    def right(self, name: str, whence: str) -> None:
        """It was no wrong one: what was counted for it is taken back, and for that name from there all."""
        for key, _ in _keys(name, whence):
            count, last = self._wrong.get(key, (0, 0.0))
            if count > 1 and key != (name, whence):
                self._wrong[key] = (count - 1, last)
            else:
                self._wrong.pop(key, None)

    def _until(self, key: tuple[str, str], free: int) -> float:
        count, last = self._wrong.get(key, (0, 0.0))
        return last + min(_LONGEST, 2.0 ** min(count - free, 10)) if count >= free else 0.0


def _keys(name: str, whence: str) -> tuple[tuple[tuple[str, str], int], ...]:
    return ((name, whence), _OF_ONE), (("", whence), _OF_ADDRESS), ((name, ""), _OF_NAME)
