"""Whether the service may send pings."""

from __future__ import annotations

from collections.abc import Iterator

from agent.doctor.finding import Finding, finding
from agent.doctor.ground import Ground
from checks.connection import Fault
from checks.ping.door import opened
from checks.ping.spec import PingSpec

_HERE = "127.0.0.1"
_REMEDY = 'sysctl net.ipv4.ping_group_range="0 2147483647" (to keep it: /etc/sysctl.d/tocsin.conf)'


def look(ground: Ground) -> Iterator[Finding]:
    """A socket for them is opened, as a check would. Where no check pings, only the search for our own faults does."""
    needed = any(check.kind == "ping" for check in ground.config.checks())
    try:
        with opened(_HERE, PingSpec(host=_HERE)):
            yield finding("ping", "permission", "ok", f"{ground.who.name} may send pings")
    except Fault as fault:
        if "cap_net_raw" in ground.unit["AmbientCapabilities"].lower():
            yield finding("ping", "permission", "ok", "the unit gives CAP_NET_RAW")
            return
        why = (
            fault.message if needed else "the gateway cannot be pinged: tickets tell less of our own network"
        )
        yield finding("ping", "permission", "fail" if needed else "warn", why, _REMEDY)
