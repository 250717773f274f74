"""Asking `systemctl`: the properties of units, and which units have failed."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from checks.host_programs import Host, NoAnswer

Properties = Mapping[str, str]

_ASKED = (
    *("Id", "LoadState", "ActiveState", "SubState", "Result", "Type", "StateChangeTimestampMonotonic"),
    *("NRestarts", "InvocationID", "ExecMainStatus", "MemoryCurrent", "TasksCurrent"),
    *("Unit", "LastTriggerUSec", "NextElapseUSecRealtime", "NextElapseUSecMonotonic", "AccuracyUSec"),
    *(
        "RandomizedDelayUSec",
        "ActiveEnterTimestamp",
        "InactiveExitTimestamp",
        "RemainAfterExit",
        "UnitFileState",
        "TriggeredBy",
    ),
)
# sd_booted(3)
_RUNNING = Path("/run/systemd/system")
_NO_BUS = "connect to bus"
_SPAN = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|µs|ms|s|min|h|d|w|month|y)")
_SECONDS = {
    **{"us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0},
    **{"d": 86400.0, "w": 604800.0, "month": 2629800.0, "y": 31557600.0},
}  # systemd.time(7)


async def properties(units: Sequence[str], host: Host) -> list[Properties]:
    """One for each unit that fits, in systemd's order. Raises NoAnswer."""
    argv = ["systemctl", "show", "--no-pager", "--all", f"--property={','.join(_ASKED)}", "--", *units]
    blocks = (await _said(argv, host)).split("\n\n")
    read = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    return [each for each in read if each.get("Id")]


async def failed_units(host: Host) -> list[str]:
    """The names of all that have failed. Raises NoAnswer."""
    options = ("--no-pager", "--state=failed", "--all", "--plain", "--no-legend", "--full")
    argv = ["systemctl", "list-units", *options]
    return [line.split()[0] for line in (await _said(argv, host)).splitlines() if line.strip()]


async def _said(argv: Sequence[str], host: Host) -> str:
    try:
        ended = await host.ask(argv)
    except NoAnswer as error:
        if not _RUNNING.is_dir():
            raise NoAnswer(
                "systemd does not run here (look at the host itself, not from a container)"
            ) from None
        if _NO_BUS in str(error):
            raise NoAnswer(f"{error} (whoever is not root needs dbus: install it)") from None
        raise
    if ended.cut:
        raise NoAnswer("too many units fit (narrow the pattern, or write all)")
    return ended.output.decode("utf-8", "replace")


def moment(text: str | None) -> float | None:
    """Unix seconds of `Sun 2026-11-22 04:29:32 UTC`; None for none."""
    try:
        when = dt.datetime.strptime(f"{text} +0000", "%a %Y-%m-%d %H:%M:%S UTC %z")
    except ValueError:
        return None
    return when.timestamp()


def span(text: str | None) -> float | None:
    """Seconds of `1d 2h 3min 4.5s`; None for none and for what never ends."""
    words = (text or "").split()
    found = [_SPAN.fullmatch(word) for word in words]
    if not words or not all(found):
        return None
    return sum(float(each[1]) * _SECONDS[each[2]] for each in found if each)


def number(text: str | None) -> int | None:
    """A count; None for `[not set]`, and for the largest number there is, which means the same."""
    if text is None or not text.isdecimal() or int(text) >= 2**63:
        return None
    return int(text)
