"""The phases of a look as bars one after another, with times that add up to the whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_NUMBER = 11
_SHORTEST_BAR = 8


@dataclass(frozen=True, slots=True)
class Whole:
    """What the phases are parts of, in seconds: the latency, where there is one, and all of a look that failed."""

    latency: float | None
    failed: float | None = None


def waterfall(phases: Mapping[str, float], whole: Whole, width: int, block: str = "█") -> list[str]:
    """A line for each phase, name, time and bar, and a last one for the whole; none where they took no time.

    The times are rounded at the bounds of the phases, so that what is printed adds up. Time that no phase
    accounts for has a line of its own. `width` is that of the page, `block` what bars are made of.
    """
    steps = _with_rest(phases, whole)
    total = sum(steps.values())
    if not _rounded(total, total) > 0:
        return []
    name = max(len(each) for each in (*steps, "latency")) + 1
    room = max(width - name - _NUMBER - 2, _SHORTEST_BAR)
    scale = room / max(_rounded(total, total), total)
    lines = [
        f"{each:<{name}}{_shown(end - begin, total):>{_NUMBER}}  {_bar(begin * scale, end * scale, room, block)}"
        for each, begin, end in _bounds(steps, total)
    ]
    return [line.rstrip() for line in (*lines, _sum(total, whole.latency, name))]


def _with_rest(phases: Mapping[str, float], whole: Whole) -> dict[str, float]:
    steps = {name: max(0.0, seconds) for name, seconds in phases.items()}
    known = whole.latency if whole.latency is not None else whole.failed or 0.0
    rest = known - sum(steps.values())
    if steps and _rounded(rest, known) > 0:
        steps["other" if whole.failed is None else "until it failed"] = rest
    return steps


def _bounds(steps: Mapping[str, float], total: float) -> Iterator[tuple[str, float, float]]:
    end = 0.0
    for name, seconds in steps.items():
        begin, end = end, end + seconds
        yield name, _rounded(begin, total), _rounded(end, total)


def _sum(total: float, latency: float | None, name: int) -> str:
    shown = f"{_shown(_rounded(total, total), total):>{_NUMBER}}"
    if latency is None:
        return f"{'total':<{name}}{shown}"
    if _rounded(latency, total) == _rounded(total, total):
        return f"{'latency':<{name}}{shown}"
    return f"{'total':<{name}}{shown}  of which latency {_shown(latency, total)}"


def _bar(begin: float, end: float, room: int, block: str) -> str:
    """From one block to another of so many. Any time at all is seen: at least one block."""
    if end <= begin:
        return ""
    first = min(round(begin), room - 1)
    return " " * first + block * max(1, round(end) - first)


def _places(total: float) -> int:
    """Decimals of a second that people want to see, by how long the whole took."""
    return 5 if total < 0.1 else 4 if total < 1 else 3


def _rounded(seconds: float, total: float) -> float:
    return round(seconds, _places(total))


def _shown(seconds: float, total: float) -> str:
    """In the unit of the whole, so that the column can be added up at a glance."""
    if total < 1:
        return f"{seconds * 1000:.{_places(total) - 3}f} ms"
    return f"{seconds:.{_places(total)}f} s"
