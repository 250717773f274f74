"""Values over time as lines, with bands behind them for what happened; where nothing is known there is a gap."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from markupsafe import Markup

from agent.web.charts.drawing import Scale, framed, number, path, round_steps, text, time_steps

_WIDTH, _HEIGHT = 760.0, 220.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 62.0, 8.0, 10.0, 26.0
Points = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Band:
    """Time to be marked, in microseconds: `kind` is a class of the style sheet, `what` is told."""

    start: int
    end: int
    kind: str
    what: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines by their class, ascending in time; points farther apart than `apart` microseconds are not joined."""

    start: int
    end: int
    lines: Mapping[str, Points]
    words: str
    apart: int
    bands: Sequence[Band] = field(default_factory=tuple)


def lines(chart: Chart, zone: str, show: Callable[[float], str]) -> Markup:
    """`show` writes a value of the axis. Values are not negative."""
    most = max((value for points in chart.lines.values() for _, value in points), default=0.0)
    steps = round_steps(most)
    across = Scale(chart.start, chart.end, _LEFT, _WIDTH - _RIGHT)
    up = Scale(0.0, steps[-1], _HEIGHT - _BOTTOM, _TOP)
    body = [
        *_bands(chart.bands, across),
        *_values(steps, up, show),
        *_times(chart, zone, across),
        *(
            path(f"line {name}", _line(points, across, up, chart.apart))
            for name, points in chart.lines.items()
        ),
    ]
    return framed((_WIDTH, _HEIGHT), "lines", chart.words, body)


def _bands(bands: Sequence[Band], across: Scale) -> Iterable[Markup]:
    for band in bands:
        left, right = across(band.start), across(band.end)
        yield Markup('<rect class="band {}" x="{}" y="{}" width="{}" height="{}"><title>{}</title></rect>').format(
            band.kind, number(left), number(_TOP), number(max(1.0, right - left)),
            number(_HEIGHT - _TOP - _BOTTOM), band.what,
        )  # fmt: skip


def _values(steps: Sequence[float], up: Scale, show: Callable[[float], str]) -> Iterable[Markup]:
    for step in steps:
        yield path("grid", f"M{number(_LEFT)} {number(up(step))}H{number(_WIDTH - _RIGHT)}")
        yield text((_LEFT - 6, up(step) + 4), show(step), "value")


def _times(chart: Chart, zone: str, across: Scale) -> Iterable[Markup]:
    for at, label in time_steps(chart.start, chart.end, zone):
        yield path("grid", f"M{number(across(at))} {number(_TOP)}V{number(_HEIGHT - _BOTTOM)}")
        yield text((across(at), _HEIGHT - 8), label, "time")


def _line(points: Points, across: Scale, up: Scale, apart: int) -> str:
    """A point that stands alone is a dot: a line of no length, which round ends show."""
    if not points:
        return ""
    steps = [f"M{_place(points[0], across, up)}h0"]
    for before, point in pairwise(points):
        joined = point[0] - before[0] <= apart
        steps.append(f"{'L' if joined else 'M'}{_place(point, across, up)}{'' if joined else 'h0'}")
    return "".join(steps)


def _place(point: tuple[int, float], across: Scale, up: Scale) -> str:
    return f"{number(across(point[0]))} {number(up(point[1]))}"
