"""What happened to processes since the last look: restarts, and processor time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checks.process.table import TICKS, Process

Keys = Mapping[tuple[int, int], int]
# A memo is written with every reading: of more processes than this only the count is of interest.
_MOST = 500
_LARGEST = 2**63


@dataclass(frozen=True, slots=True)
class Past:
    """An earlier look: when (seconds since boot), and each process with the ticks it had worked."""

    at: float
    worked: Keys


def remembered(memo: Any, boot: str, at: float) -> Past | None:
    """The last look, if it was in this boot; None for anything else."""
    if not isinstance(memo, dict) or memo.get("boot") != boot:
        return None
    then, seen = memo.get("at"), memo.get("seen")
    if not isinstance(then, (int, float)) or not 0 <= then < at:
        return None
    if not isinstance(seen, list) or not all(_is_row(row) for row in seen):
        return None
    return Past(then, {(pid, began): worked for pid, began, worked in seen})


def memo(boot: str, at: float, seen: Sequence[Process], past: Past | None) -> Any:
    """What to remember. When none runs the earlier ones stay, so that what comes after them is a restart."""
    rows: list[list[int]] | None = [[*process.key, process.worked] for process in seen]
    if not rows and past is not None:
        rows = [[*key, worked] for key, worked in past.worked.items()]
    return {"boot": boot, "at": at, "seen": rows if len(rows or ()) <= _MOST else None}


def restarts(past: Past | None, seen: Sequence[Process]) -> int | None:
    """How many began in the place of others that have ended; None when nothing is known of before."""
    if past is None:
        return None
    now = {process.key for process in seen}
    return min(len(now - past.worked.keys()), len(past.worked.keys() - now))


def cores(past: Past | None, seen: Sequence[Process], at: float) -> float | None:
    """How many processors they kept busy on average since then, both moments in seconds since boot."""
    if past is None or at <= past.at:
        return None
    ticks = sum(max(0, process.worked - _before(past, process)) for process in seen)
    return ticks / TICKS / (at - past.at)


def _before(past: Past, process: Process) -> int:
    """Of one that began since, all its work was since; of one not seen then, nothing is known."""
    return past.worked.get(process.key, 0 if process.began / TICKS >= past.at else process.worked)


def _is_row(row: object) -> bool:
    return (
        isinstance(row, list)
        and len(row) == 3
        and all(type(part) is int and 0 <= part < _LARGEST for part in row)
    )
