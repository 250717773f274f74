"""What is known of a value before it is looked at: its unit, its limits, and which literals fit it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from config.unit_table import SIZE, TIME

_LEAST = {"seconds": 0.0, "bytes": 0.0, "ratio": 0.0}
_MOST = {"ratio": 1.0}
_UNIT_OF = {**dict.fromkeys(TIME, "seconds"), **dict.fromkeys(SIZE, "bytes"), "%": "ratio"}
_DAY = TIME["d"]


@dataclass(frozen=True, slots=True)
class Measure:
    """The unit is `seconds`, `bytes`, `ratio`, `days` or empty; both limits can be reached."""

    unit: str = ""
    least: float = -math.inf
    most: float = math.inf
    whole: bool = False
    text: bool = False

    def limits(self, name: str) -> str:
        """In words: `status is a whole number from 100 to 599`."""
        kind = "a ratio" if self.unit == "ratio" else "a whole number" if self.whole else ""
        if math.isfinite(self.least) and math.isfinite(self.most):
            return f"{name} is {kind or 'a number'} from {self.least:g} to {self.most:g}"
        return (
            f"{name} is never below {self.least:g}" if math.isfinite(self.least) else f"{name} is any number"
        )


class Misfit(NamedTuple):
    """Why a literal cannot be compared with a value, and what to write."""

    why: str
    hint: str


def measure(
    unit: str, least: float | None = None, most: float | None = None, *, whole: bool = False
) -> Measure:
    """The measure of a number: shares are from 0 to 1, times and sizes never below 0, if nothing else is said."""
    return Measure(
        unit,
        _LEAST.get(unit, -math.inf) if least is None else least,
        _MOST.get(unit, math.inf) if most is None else most,
        whole,
    )


def misfit(name: str, known: Measure, number: str, unit: str, value: float) -> Misfit | None:
    """For a number as written with a unit; None when it fits."""
    given = _UNIT_OF[unit]
    if known.text:
        return Misfit(f"{name} is text", f'quote it: "{number}"')
    if given == known.unit:
        return None
    if known.unit == "seconds":
        return Misfit(f"{name} is in seconds", "write 5s or 500ms")
    if known.unit == "bytes":
        larger = {"m": "MB"}.get(unit)
        return Misfit(
            f"{name} is in bytes", f"did you mean {number[:-1]}{larger}?" if larger else "write 5GiB or 500MB"
        )
    if known.unit == "ratio":
        return Misfit(f"{name} is a ratio from 0 to 1", "write 95% or 0.95")
    if known.unit == "days" and given == "seconds":
        return Misfit(f"{name} is in days", f"write {value / _DAY:g}")
    return Misfit(f"{name} is {'in days' if known.unit == 'days' else 'a plain number'}", f"write {value:g}")
