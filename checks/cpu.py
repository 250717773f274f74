"""CPU: how busy are the processors of this host?

The shares are over the time since the check's last run, of all processors together. On its first run, after
a reboot and in a command that looks once there is no such time: then it looks twice, 0.2 s apart.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from checks.base import Context, Kind, Observation, Spec, Value

Counters = Mapping[str, float]

SHORT_LOOK = 0.2
# Processor seconds: counters move in hundredths, and less than this would be mostly rounding.
_LEAST = 0.1
_NAMES = ("total", "busy", "steal", "iowait")


class CpuSpec(Spec):
    """All processors together: there is nothing to choose."""


async def probe(_spec: CpuSpec, context: Context) -> Observation:
    """Compare with the counters of the last run, or look twice."""
    boot, after = _boot(), counters()
    shares = between(_remembered(context.memo, boot), after)
    if shares is None:
        before = after
        await asyncio.sleep(min(SHORT_LOOK, context.timeout / 2))
        after = counters()
        shares = between(before, after, least=0.0) or dict.fromkeys(_NAMES[1:], 0.0)
    return Observation(values=shares, memo={"boot": boot, "counters": dict(after)})


def counters() -> Counters:
    """Seconds since boot, of all processors together. `busy` is everything but idle and waiting for disks."""
    times = psutil.cpu_times()
    # guest and guest_nice are contained in user and nice already
    work = times.user + times.nice + times.system + times.irq + times.softirq + times.steal
    return {
        "total": work + times.idle + times.iowait,
        "busy": work,
        "steal": times.steal,
        "iowait": times.iowait,
    }


def between(before: Counters | None, after: Counters, least: float = _LEAST) -> dict[str, float] | None:
    """The shares of the time between; None when there is too little of it or the counters began anew.

    The kernel may take back a little of iowait and steal (proc_stat(5)): that counts as none.
    """
    if before is None:
        return None
    spent = after["total"] - before["total"]
    if spent <= 0 or spent < least or after["busy"] < before["busy"]:
        return None
    return {name: min(1.0, max(0.0, (after[name] - before[name]) / spent)) for name in _NAMES[1:]}


def _remembered(memo: Any, boot: str) -> Counters | None:
    """The counters of the last run in this boot; None for anything else."""
    if not isinstance(memo, dict) or memo.get("boot") != boot:
        return None
    found = memo.get("counters")
    if not isinstance(found, dict) or not all(_is_number(found.get(name)) for name in _NAMES):
        return None
    return found


def _is_number(part: object) -> bool:
    return isinstance(part, (int, float)) and not isinstance(part, bool) and math.isfinite(part)


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


KIND = Kind(
    name="cpu",
    summary="measures how busy the processors of this host are",
    spec=CpuSpec,
    probe=probe,
    values=(
        Value(
            "busy", "ratio", "share of the time that was neither idle nor waiting for disks; contains `steal`"
        ),
        Value("steal", "ratio", "share of the time that the hypervisor gave to others"),
        Value("iowait", "ratio", "share of the time that was idle because it waited for disks"),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: cpu\ndegraded: busy > 90% for 10m\n",
    degraded="busy > 95% for 10m",
)
