"""What a declared value is called in /metrics, and how it is turned into a base unit."""

from __future__ import annotations

from checks.base import Kind, Value

UNITS = frozenset({"seconds", "bytes", "ratio", "days", ""})

_DAY = 86400.0


def metric(kind: str, value: Value) -> tuple[str, float]:
    """Name of the gauge `tocsin_<kind>_<value>_<unit>` and the factor to multiply the value with.

    Days are exported as seconds, the base unit of time in Prometheus; a unit that the name ends with already
    is not repeated; a truth is exported as 0 or 1. Raises ValueError for text, which has no gauge.
    """
    if value.text:
        raise ValueError(f"{kind}.{value.name} is text and has no gauge")
    if value.unit == "days":
        return _named(kind, value.name.removesuffix("_days"), "seconds"), _DAY
    return _named(kind, value.name, value.unit), 1.0


def open_metric(kind: str, unit: str) -> str:
    """Name of the gauge that holds all values of a unit which a kind does not declare, one to each label."""
    return _named(kind, "perfdata", unit)


def named_metric(kind: Kind, unit: str) -> str:
    """Name of the gauge that holds the values of a unit which a check's options name, one to each name."""
    return _named(kind.name, kind.named_gauge.name, unit)


def _named(kind: str, name: str, unit: str) -> str:
    if not unit or name == unit or name.endswith(f"_{unit}"):
        return f"tocsin_{kind}_{name}"
    return f"tocsin_{kind}_{name}_{unit}"
