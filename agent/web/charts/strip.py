"""The strip: a cell for each day, the shorter the worse; what was planned or not seen is a thin line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from itertools import groupby
from zoneinfo import ZoneInfo

from markupsafe import Markup

from agent.web.charts.drawing import framed, path
from alerting.slo.strip import Day, Mark

_CELL, _HEIGHT = 4, 20
_CLASS = {
    Mark.GOOD: "good",
    Mark.WITHIN: "within",
    Mark.BELOW: "below",
    Mark.WORST: "worst",
    Mark.PLANNED: "planned",
    Mark.UNSEEN: "unseen",
}
# How high a cell is; the style sheet gives the lines of each class that width, and their gaps.
_TALL = {"good": 20, "within": 15, "below": 10, "worst": 6, "planned": 3, "unseen": 3}


def strip(days: Sequence[Day], target: Fraction, zone: str) -> Markup:
    """Each class is one path whose dashes are the days: a year of them would still be small."""
    marks = [_CLASS.get(day.mark(target), "") for day in days]
    runs = list(_runs(marks))
    paths = (
        path(kind, "".join(_line(begin, count, tall) for name, begin, count in runs if name == kind))
        for kind, tall in _TALL.items()
    )
    return framed((len(days) * _CELL or _CELL, _HEIGHT), "strip", in_words(days, target, zone), paths)


def in_words(days: Sequence[Day], target: Fraction, zone: str) -> str:
    """`90 days: 87 all good, 2 below it, 1 not seen; worst 2026-11-03 with 97.20 %`."""
    marks = [day.mark(target) for day in days]
    told = [f"{marks.count(each)} {each.value}" for each in _CLASS if each in marks]
    worst = min((day for day in days if day.bad), key=_good, default=None)
    tail = f"; worst {_date(worst.start, zone)} with {percent(_good(worst))}" if worst is not None else ""
    return f"{len(days)} days: {', '.join(told) or 'nothing known'}{tail}"


def percent(share: Fraction) -> str:
    """Never rounded up to a better figure: 99.99 %."""
    hundredths = int(share * 10_000)
    return f"{hundredths // 100}.{hundredths % 100:02} %"


def _good(day: Day) -> Fraction:
    return Fraction(day.good, day.good + day.bad)


def _date(at: int, zone: str) -> str:
    return f"{datetime.fromtimestamp(at / 1_000_000, UTC).astimezone(ZoneInfo(zone)):%Y-%m-%d}"


def _runs(marks: Sequence[str]) -> Iterable[tuple[str, int, int]]:
    at = 0
    for name, group in groupby(marks):
        count = len(list(group))
        yield name, at, count
        at += count


def _line(begin: int, count: int, tall: int) -> str:
    middle = f"{_HEIGHT - tall / 2:.1f}".removesuffix(".0")
    return f"M{begin * _CELL} {middle}h{count * _CELL - 1}"
