"""Memory: how much is in use, of this host or of the container the agent runs in, and when will it run out?

What the kernel can give back at once (page cache) counts as available, not as used.

In a container with a limit on memory, `used`, `available` and `total` are those of the limit; `scope`
chooses otherwise. `limit` and `limit_used` always tell of the tightest limit around the agent, its own
service's too. `swap_used` is the host's.

`full_in` says when nothing will be available if memory is taken as in the last hour, as a leak does; it is
made as that of [disk](disk.md), with the same bounds.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import psutil
from pydantic import Field

from checks import cgroup
from checks.base import Context, Kind, Observation, Scalar, Spec, Value
from checks.forecast import FULL_IN, forecast, remembered, with_sample
from checks.pressure import read_pressure
from checks.pressure import values as pressure_values
from checks.proc import unreadable


class MemorySpec(Spec):
    """Whose memory."""

    scope: cgroup.Scope = Field("auto", description=cgroup.SCOPE)


class Amounts(NamedTuple):
    """Bytes."""

    total: int
    available: int


async def probe(spec: MemorySpec, context: Context) -> Observation:
    """Look once, now."""
    try:
        host, swap = psutil.virtual_memory(), psutil.swap_memory()
    except OSError as error:
        return unreadable(error, context.memo)
    tightest = cgroup.memory()
    group = {"auto": cgroup.memory(top_only=True), "cgroup": tightest, "host": None}[spec.scope]
    seen = within(Amounts(host.total, host.available), group)
    pressure, unread = read_pressure(_pressure_file(group), "some", "full")
    values: dict[str, Scalar] = {
        "used": share(seen.total - seen.available, seen.total),
        "available": seen.available,
        "total": seen.total,
        "swap_used": share(swap.used, swap.total),
        "limit": tightest.limit if tightest else None,
        "limit_used": share(tightest.used, tightest.limit) if tightest else None,
        **pressure,
    }
    forecast_values, memo = _forecast(seen, context)
    return Observation(values={**values, **forecast_values}, unread=unread, memo=memo)


def within(host: Amounts, group: cgroup.Memory | None) -> Amounts:
    """What a group can have: no more than its limit leaves, and no more than the host has."""
    if group is None:
        return host
    return Amounts(min(group.limit, host.total), max(0, min(group.limit - group.used, host.available)))


def share(part: int, whole: int) -> float:
    """`part / whole` kept between 0 and 1; 0 of nothing is 0."""
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0


def _forecast(seen: Amounts, context: Context) -> tuple[Mapping[str, float | None], list[list[float]]]:
    """The forecast and the memo, a list of `[Unix seconds, used bytes]`."""
    known, used = remembered(context.memo, context.now), seen.total - seen.available
    ahead = forecast((*known, (context.now, used)), seen.available)
    return ahead, [list(pair) for pair in with_sample(known, context.now, used)]


def _pressure_file(group: cgroup.Memory | None) -> Path:
    """The group's own where it keeps one, else the host's."""
    own = group.group / "memory.pressure" if group else None
    return own if own is not None and own.exists() else Path("/proc/pressure/memory")


KIND = Kind(
    name="memory",
    summary="measures how much memory and swap space is used, of this host or of the container the agent runs in",
    spec=MemorySpec,
    probe=probe,
    values=(
        Value("used", "ratio", "share of the memory that is not available to programs"),
        Value("available", "bytes", "memory that programs can get without swapping"),
        Value("swap_used", "ratio", "share of the swap space that is used; 0 where there is none"),
        Value("total", "bytes", "the whole memory"),
        Value("limit", "bytes", "most memory that the agent's control group may use; absent without a limit"),
        Value("limit_used", "ratio", "share of that which is used, without cache that can be given back"),
        *FULL_IN,
        *pressure_values("memory", "some", "full"),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: memory\ndegraded: used > 90% or swap_used > 50% for 10m\n",
    degraded="used > 95% for 5m",
)
