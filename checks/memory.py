"""Memory: how much of this host's memory is in use, and is it swapping?

What the kernel can give back at once (page cache) counts as available, not as used.
"""

from __future__ import annotations

import psutil

from checks.base import Context, Kind, Observation, Spec, Value


class MemorySpec(Spec):
    """The memory of this host: there is nothing to choose."""


async def probe(_spec: MemorySpec, _context: Context) -> Observation:
    """Look once, now."""
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    return Observation(
        values={
            "used": share(memory.total - memory.available, memory.total),
            "available": memory.available,
            "swap_used": share(swap.used, swap.total),
        }
    )


def share(part: int, whole: int) -> float:
    """`part / whole` kept between 0 and 1; 0 of nothing is 0."""
    return min(1.0, max(0.0, part / whole)) if whole > 0 else 0.0


KIND = Kind(
    name="memory",
    summary="measures how much of this host's memory and swap space is used",
    spec=MemorySpec,
    probe=probe,
    values=(
        Value("used", "ratio", "share of the memory that is not available to programs"),
        Value("available", "bytes", "memory that programs can get without swapping"),
        Value("swap_used", "ratio", "share of the swap space that is used; 0 where there is none"),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: memory\ndegraded: used > 90% or swap_used > 50% for 10m\n",
    degraded="used > 95% for 5m",
)
