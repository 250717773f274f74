"""How often one address may ask: so many at once, and so many a second; memory has an end."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from agent.clock import Clock
from agent.web.forwarded import address

BURST, PER_SECOND = 200.0, 20.0
# Of changes by one person: each is on the disk before it is answered.
CHANGES, CHANGES_PER_SECOND = 600.0, 30.0
_MOST = 10_000
_HOME = 64  # bits of an IPv6 address that one household or host has for itself


class Rate:
    """A bucket for each key; the longest unheard of is forgotten first."""

    def __init__(self, clock: Clock, burst: float = BURST, per_second: float = PER_SECOND) -> None:
        self._clock, self._burst, self._per_second = clock, burst, per_second
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, who: str) -> bool:
        now = self._clock.monotonic()
        left, at = self._left.pop(who, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        self._left[who] = (max(0.0, left - 1.0), now)
        while len(self._left) > _MOST:
            self._left.popitem(last=False)
        return left >= 1.0


def network(whence: str) -> str:
    """The address, or of IPv6 the network that one household or host has for itself."""
    found = address(whence)
    if found is None or found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found.packed, _HOME), strict=False))
