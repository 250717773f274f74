"""The strip of days as it is written: a mark for each day, in rows that fit, and what the marks mean."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from agent.cli.output import can_be_written, coloured
from alerting.slo.strip import Mark

if TYPE_CHECKING:
    from fractions import Fraction

    from alerting.slo.strip import Day

# Each in blocks and in ASCII, and the state whose colour it has.
_MARKS: Mapping[Mark, tuple[str, str, str]] = {
    Mark.GOOD: ("█", "#", "ok"),
    Mark.WITHIN: ("▆", "+", "degraded"),
    Mark.BELOW: ("▄", "x", "high"),
    Mark.WORST: ("▂", "X", "critical"),
    Mark.PLANNED: ("m", "m", ""),
    Mark.UNSEEN: ("·", ".", "unknown"),
    Mark.NOTHING: ("-", "-", ""),
}

_UNBROKEN = "\u00a0"


def blocks_can_be_written() -> bool:
    """Whether stdout takes the marks that are not ASCII."""
    return can_be_written("".join(block for block, _, _ in _MARKS.values()))


def written(days: Sequence[Day], target: Fraction, *, blocks: bool) -> str:
    """A mark for each day."""
    return "".join(_MARKS[day.mark(target)][0 if blocks else 1] for day in days)


def painted(marks: str) -> str:
    """The marks in their colours, on a terminal."""
    like = {sign: state for block, letter, state in _MARKS.values() for sign in (block, letter)}
    return "".join(coloured("".join(run), state) for state, run in groupby(marks, like.__getitem__))


def rows(days: Sequence[Day], marks: str, zone: str, room: int) -> list[str]:
    """The marks in as few rows of one length as fit into so many columns, each after the date it begins with."""
    lead = len("2026-11-22 ")
    count = -(-len(marks) // max(room - lead, 1))
    length = -(-len(marks) // count)
    return [
        f"{_date(days[first].start, zone)} {painted(marks[first : first + length])}"
        for first in range(0, len(marks), length)
    ]


def legend(days: Sequence[Day], zone: str, width: int, *, blocks: bool) -> list[str]:
    """What each mark means, in lines that fit; no mark stands apart from its meaning."""
    lead = f"A mark is a day in {zone}, the last one {_date(days[-1].start, zone)}:"
    meant = (f"{signs[0 if blocks else 1]} {mark.value}," for mark, signs in _MARKS.items())
    text = " ".join([lead, *(each.replace(" ", _UNBROKEN) for each in meant)])
    return [line.replace(_UNBROKEN, " ") for line in textwrap.wrap(f"{text[:-1]}.", width)]


def _date(at: int, zone: str) -> str:
    return f"{datetime.fromtimestamp(at / 1_000_000, ZoneInfo(zone)):%Y-%m-%d}"
