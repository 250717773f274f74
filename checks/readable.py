"""A value as people read it: `34.2ms`, `1.5GiB`, `91.0%`."""

from __future__ import annotations

from checks.base import Scalar
from config.unit_table import SIZE
from config.units import show_duration


def readable(seen: Scalar, unit: str) -> str:
    """The value in the largest fitting unit; `unit` is the base unit that it is declared in."""
    if isinstance(seen, bool) or not isinstance(seen, (int, float)):
        return str(seen).lower() if isinstance(seen, bool) else str(seen)
    if unit == "seconds":
        return show_duration(seen)
    if unit == "bytes":
        return _size(seen)
    if unit == "ratio":
        return f"{seen * 100:.1f}%"
    return f"{seen:g}" if isinstance(seen, float) else str(seen)


def _size(seen: float) -> str:
    unit = next((unit for unit in ("TiB", "GiB", "MiB", "KiB") if seen >= SIZE[unit]), "B")
    return f"{seen / SIZE[unit]:.3g}{unit}"
