"""CPU: how busy are the processors, of this host or of the container the agent runs in?

The shares are over the time since the check's last run, of all processors together. On its first run, after
a reboot and in a command that looks once there is no such time: then it looks twice, 0.2 s apart.

In a container with a limit on processor time (a quota of its control group), `busy` is the share of that
limit; `scope` chooses otherwise. `quota`, `quota_used` and `throttled` always tell of the tightest limit
around the agent, its own service's too. `steal`, `iowait` and `busiest` are the host's.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pydantic import Field

from checks import cgroup
from checks.base import Context, Kind, Observation, Scalar, Spec, Value
from checks.pressure import read_pressure
from checks.pressure import values as pressure_values
from checks.proc import unreadable
from checks.rates import Counters, Meter, Passed, passed

_ALL, _TOP, _OWN = "all", "container", "group"
_LIMIT = {"auto": _TOP, "cgroup": _OWN, "host": ""}
_SHARES = ("busy", "steal", "iowait")
_TICKS = os.sysconf("SC_CLK_TCK")


class CpuSpec(Spec):
    """Whose processors."""

    scope: cgroup.Scope = Field("auto", description=cgroup.SCOPE)


async def probe(spec: CpuSpec, context: Context) -> Observation:
    """Compare with the counters of the last run, or look twice."""
    try:
        moved = await passed(METER, context)
    except OSError as error:
        return unreadable(error, context.memo)
    return observe(spec, moved)


def observe(spec: CpuSpec, passed: Passed) -> Observation:
    """What happened between two looks."""
    busiest = [shares(passed, core)["busy"] for core in passed.after.counters if core.startswith("cpu")]
    host, group = shares(passed, _ALL), _of_limit(passed, _OWN)
    pressure, unread = read_pressure(_pressure_file(spec), "some")
    values: dict[str, Scalar] = {
        **host,
        "busiest": max((share for share in busiest if share is not None), default=None),
        **group,
        **pressure,
    }
    if (limit := _LIMIT[spec.scope]) in passed.after.counters:
        values["busy"] = _of_limit(passed, limit)["quota_used"]
    return Observation(values=values, unread=unread, memo=passed.memo)


def counters() -> Counters:
    """Processor seconds of all processors and of each, and of the groups that have a limit."""
    found = dict(parse_stat(Path("/proc/stat").read_text()))
    own, top = cgroup.processors(), cgroup.processors(top_only=True)
    if own is not None and top is not None and top.group == own.group:
        top = own  # read once, or the two would differ by what was used between
    for name, group in ((_TOP, top), (_OWN, own)):
        if group is not None:
            counted = {"usage": group.usage, "periods": group.periods, "throttled": group.throttled}
            found[name] = {"quota": group.quota, **counted}
    return found


def parse_stat(text: str) -> Counters:
    """The `cpu` lines of proc_stat(5) in seconds; `busy` is everything but idle and waiting for disks."""
    lines = (line.split() for line in text.splitlines() if line.startswith("cpu"))
    return {words[0] if words[0] != "cpu" else _ALL: _seconds(words[1:]) for words in lines}


def _seconds(ticks: list[str]) -> Mapping[str, float]:
    # guest and guest_nice, the last two, are contained in user and nice already
    user, nice, system, idle, iowait, irq, softirq, steal = (int(each) / _TICKS for each in ticks[:8])
    busy = user + nice + system + irq + softirq + steal
    return {"total": busy + idle + iowait, "busy": busy, "steal": steal, "iowait": iowait}


METER = Meter(counters, may_fall=frozenset({"iowait", "steal", "quota"}))
"""The kernel may take back a little of iowait and steal (proc_stat(5)); a quota may be made smaller."""


def shares(passed: Passed, thing: str) -> dict[str, float | None]:
    """Of the time that passed on a line of /proc/stat; None when no time did."""
    moved = passed.moved(thing)
    if moved is None or moved["total"] <= 0:
        return dict.fromkeys(_SHARES)
    return {name: min(1.0, moved[name] / moved["total"]) for name in _SHARES}


def _of_limit(passed: Passed, name: str) -> dict[str, float | None]:
    """Of a group's quota; None where there is none, or its counters began anew."""
    moved, now = passed.moved(name), passed.after.counters.get(name)
    if moved is None or now is None or passed.seconds <= 0:
        return {"quota": now["quota"] if now else None, "quota_used": None, "throttled": None}
    return {
        "quota": now["quota"],
        "quota_used": min(1.0, moved["usage"] / passed.seconds / now["quota"]),
        "throttled": min(1.0, moved["throttled"] / (moved["periods"] or 1)),
    }


def _pressure_file(spec: CpuSpec) -> Path:
    """The limited group's own where it keeps one, else the host's."""
    limited = None if spec.scope == "host" else cgroup.processors(top_only=spec.scope == "auto")
    own = limited.group / "cpu.pressure" if limited else None
    return own if own is not None and own.exists() else Path("/proc/pressure/cpu")


KIND = Kind(
    name="cpu",
    summary="measures how busy the processors are, of this host or of the container the agent runs in",
    spec=CpuSpec,
    probe=probe,
    values=(
        Value(
            "busy", "ratio", "share of the time that was neither idle nor waiting for disks; contains `steal`"
        ),
        Value("steal", "ratio", "share of the time that the hypervisor gave to others"),
        Value("iowait", "ratio", "share of the time that was idle because it waited for disks"),
        Value("busiest", "ratio", "`busy` of the busiest single processor of the host"),
        Value("quota", "", "how many processors the agent's control group may use; absent without a limit"),
        Value("quota_used", "ratio", "share of that which was used"),
        Value("throttled", "ratio", "share of the group's periods in which it had to wait for the next"),
        *pressure_values("a processor", "some"),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: cpu\ndegraded: busy > 90% for 10m\n",
    degraded="busy > 95% for 10m",
)
