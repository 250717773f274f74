"""The outages of one service as a list for people, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from agent.cli.folding import folded, print_heading
from checks.text import visible
from config.units import show_duration

_MOST = 20
_WHEN, _LENGTH = 19, 8  # columns


def print_outages(figure: Mapping[str, Any], zone: str, as_of: str) -> None:
    """The newest outages of the period: from, to, length, incident, cause. One that reaches `as_of` still goes on."""
    outages = figure["outages"]
    if not outages:
        return
    print_heading("Outages")
    for line in _lines(list(reversed(outages))[:_MOST], zone, as_of):
        print(line)
    if len(outages) > _MOST:
        print(f"... and {len(outages) - _MOST} more: --json")


def _lines(outages: Sequence[Mapping[str, Any]], zone: str, as_of: str) -> Iterator[str]:
    yield f"{'from':<{_WHEN}}  {'to':<{_WHEN}}  {'length':>{_LENGTH}}  incident, cause"
    for each in outages:
        start, end = (datetime.fromisoformat(each[name]) for name in ("from", "to"))
        to = "goes on" if each["to"] == as_of else _local(end, zone)
        length = show_duration((end - start).total_seconds())
        facts = f"{_local(start, zone)}  {to:<{_WHEN}}  {length:>{_LENGTH}}"
        yield from folded(_why(each), " " * (2 * _WHEN + _LENGTH + 6), f"{facts}  ") or [facts]


def _why(outage: Mapping[str, Any]) -> str:
    known = (outage["incident"], outage["cause"])
    return visible(", ".join(str(each) for each in known if each is not None))


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"
