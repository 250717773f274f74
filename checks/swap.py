"""Swap: how much of the swap space is used, and is memory being moved to and fro?

The rates are over the time since the check's last run; on the first one it looks twice, 0.2 s apart. Space
that is used does no harm by itself; rates that stay high in both directions mean that memory is too small.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from checks.base import Context, Kind, Observation, Spec, Value
from checks.proc import unreadable
from checks.rates import Counters, Meter, Passed, passed

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PAGES = {"pswpin": "in", "pswpout": "out"}


class SwapSpec(Spec):
    """All swap space of this host: there is nothing to choose."""


async def probe(_spec: SwapSpec, context: Context) -> Observation:
    """Compare with the counters of the last run, or look twice."""
    try:
        moved = await passed(METER, context)
        return observe(Path("/proc/meminfo").read_text(), moved)
    except OSError as error:
        return unreadable(error, context.memo)


def observe(meminfo: str, moved: Passed) -> Observation:
    """The space now, and what was moved between two looks."""
    space = parse(meminfo)
    total, free = (space.get(name, 0) * 1024 for name in ("SwapTotal:", "SwapFree:"))
    grown = moved.moved("swap")
    rates = {
        f"{name}_rate": grown[name] / moved.seconds if grown and name in grown and moved.seconds > 0 else None
        for name in _PAGES.values()
    }
    return Observation(
        values={"used": 1 - free / total if total else 0.0, "free": free, "total": total, **rates},
        unread={name: "this kernel does not count it" for name in rates if not moved.after.counters["swap"]},
        memo=moved.memo,
    )


def counters() -> Counters:
    """Bytes moved in and out since boot, proc_vmstat(5); a kernel without swap does not count them."""
    found = parse(Path("/proc/vmstat").read_text())
    return {"swap": {name: found[each] * _PAGE for each, name in _PAGES.items() if each in found}}


def parse(text: str) -> Mapping[str, int]:
    """The first number behind each name."""
    words = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in words if len(pair) > 1 and pair[1].isdecimal()}


METER = Meter(counters)

KIND = Kind(
    name="swap",
    summary="measures how much swap space of this host is used and how fast memory is moved to and fro",
    spec=SwapSpec,
    probe=probe,
    values=(
        Value("used", "ratio", "share of the swap space that is used; 0 where there is none"),
        Value("in_rate", "bytes", "bytes read back into memory per second"),
        Value("out_rate", "bytes", "bytes moved out of memory per second"),
        Value("free", "bytes", "swap space that is left"),
        Value("total", "bytes", "the whole swap space; 0 where there is none"),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: swap\ndegraded: in_rate > 10MiB and out_rate > 10MiB for 5m\n",
    degraded="used > 95% or in_rate > 4MiB and out_rate > 4MiB for 5m",
)
