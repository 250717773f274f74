"""Measurements of a plugin as values in base units: seconds, bytes, ratio."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from checks.base import Perfdata
from checks.command.ranges import parse_printed
from config.unit_table import SIZE

_PARTS = {"s": 1, "ms": 10**3, "us": 10**6, "µs": 10**6, "μs": 10**6, "ns": 10**9}  # both signs for micro
_SIZES = {**SIZE, "kB": SIZE["KB"]}
_MOST = 256
_MOST_TOLD = 5


def as_values(perfdata: Iterable[Perfdata]) -> dict[str, float]:
    """By label, the first 256 of them; what has no value is left out, as nothing is known of it.

    A unit means what it means in conditions: 1KB is 1000 bytes, 1KiB is 1024, so that a threshold can be
    written with the numbers that the plugin prints. A unit that is not known leaves the number as it is.
    """
    values: dict[str, float] = {}
    for one in perfdata:
        if one.value is not None and (one.label in values or len(values) < _MOST):
            values[one.label] = in_base_unit(one.value, one.uom)
    return values


def unit_of(uom: str) -> str:
    """The base unit: `seconds`, `bytes`, `ratio`, or empty."""
    if uom in _PARTS:
        return "seconds"
    return "bytes" if uom in _SIZES else "ratio" if uom == "%" else ""


def in_base_unit(value: float, uom: str) -> float:
    """Divided, never multiplied by a fraction: 250ms is 0.25 s to the last digit."""
    if uom in _PARTS:
        return value / _PARTS[uom] if _PARTS[uom] > 1 else value
    if uom in _SIZES and uom != "B":
        return _whole(value * _SIZES[uom])
    return value / 100 if uom == "%" else value


def out_of_range(perfdata: Iterable[Perfdata]) -> Iterator[str]:
    """Those that their own thresholds alert for, in words, the critical ones first."""
    listed = list(perfdata)
    pairs = [("critical", one, one.crit) for one in listed] + [("warning", one, one.warn) for one in listed]
    found = (_told(*pair) for pair in pairs)
    yield from islice((told for told in found if told), _MOST_TOLD)


def _told(level: str, one: Perfdata, threshold: str | None) -> str:
    """Empty when it does not alert."""
    known = parse_printed(threshold) if threshold else None
    if one.value is None or known is None or not known.alerts(one.value):
        return ""
    where = "inside" if known.inside else "outside"
    return (
        f"{one.label} {one.value:.15g}{one.uom} is {where} its {level} range {str(known).removeprefix('@')}"
    )


def _whole(number: float) -> float:
    return int(number) if float(number).is_integer() and abs(number) < 2**63 else number
