"""Load: how many processes want to run or wait for disks?

`per_core` is `load1` divided by the number of logical processors that are online.
"""

from __future__ import annotations

import os

from checks.base import Context, Kind, Observation, Spec, Value


class LoadSpec(Spec):
    """The load of this host: there is nothing to choose."""


async def probe(_spec: LoadSpec, _context: Context) -> Observation:
    """Look once, now."""
    load1, load5, load15 = os.getloadavg()
    per_core = load1 / (os.cpu_count() or 1)
    return Observation(values={"load1": load1, "load5": load5, "load15": load15, "per_core": per_core})


KIND = Kind(
    name="load",
    summary="measures how many processes of this host want to run",
    spec=LoadSpec,
    probe=probe,
    values=(
        Value("load1", "", "average number of processes that ran or waited, over 1 minute"),
        Value("load5", "", "the same over 5 minutes"),
        Value("load15", "", "the same over 15 minutes"),
        Value("per_core", "", "`load1` divided by the number of processors"),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: load\ndegraded: per_core > 2 for 10m\n",
    degraded="per_core > 4 for 10m",
)
