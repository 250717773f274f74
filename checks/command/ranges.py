"""Threshold ranges of monitoring plugins: `10`, `10:`, `~:10`, `10:20`, `@10:20`.

The rule is the table of the Monitoring Plugins development guidelines: a value outside alerts, after `@` one
inside; both ends belong to the range; a start that is left out is 0, an end left out is without bound.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

_NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_RANGE = re.compile(rf"(@?)(?:(~|{_NUMBER})?(:))?({_NUMBER})?")
_DECIMAL_COMMA = re.compile(r"(?<=[0-9]),(?=[0-9])")


@dataclass(frozen=True, slots=True)
class Range:
    """From `start` to `end`, either may be infinite; alerts outside, or `inside`."""

    start: float
    end: float
    inside: bool = False

    def alerts(self, value: float) -> bool:
        """Whether the value is one to raise an alert for."""
        return (self.start <= value <= self.end) is self.inside

    def __str__(self) -> str:
        """As short as it can be written."""
        start = "~:" if self.start == -math.inf else "" if self.start == 0 else f"{self.start:.15g}:"
        end = "" if self.end == math.inf else f"{self.end:.15g}"
        return f"{'@' if self.inside else ''}{start or ('0:' if not end else '')}{end}"


def parse(text: str) -> Range | None:
    """The range, or None for a text that is none."""
    found = _RANGE.fullmatch(text)
    if not found or not (found[2] or found[4]):
        return None
    start = -math.inf if found[2] == "~" else float(found[2] or 0)
    end = math.inf if found[4] is None else float(found[4])
    return Range(start, end, found[1] == "@") if start <= end else None


def parse_printed(text: str) -> Range | None:
    """The same for a range in performance data, where a locale may have put commas for decimal points."""
    return parse(_DECIMAL_COMMA.sub(".", text))
