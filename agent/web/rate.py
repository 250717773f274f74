"""How often one address may ask: so many at once, and so many a second; memory has an end."""

from __future__ import annotations

import ipaddress
from collections import OrderedDict

from agent.clock import Clock
from agent.web.forwarded import address

BURST, PER_SECOND = 200.0, 20.0
_MOST = 10_000
_HOME = 64  # bits of an IPv6 address that one household or host has for itself


class Rate:
    """A bucket for each address, those of one IPv6 network together; the longest unheard of is forgotten first."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def takes(self, whence: str) -> bool:
        now, who = self._clock.monotonic(), _who(whence)
        left, at = self._left.pop(who, (BURST, now))
        left = min(BURST, left + (now - at) * PER_SECOND)
        self._left[who] = (max(0.0, left - 1.0), now)
        while len(self._left) > _MOST:
            self._left.popitem(last=False)
        return left >= 1.0


def _who(whence: str) -> str:
    found = address(whence)
    if found is None or found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found.packed, _HOME), strict=False))
