"""A state over time: one bar, its parts high or low by class, so that it can be read without colours too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from agent.web.charts.drawing import Scale, framed, number, path, text, time_steps
from alerting.slo.spans import Klass, Span

_WIDTH, _BAR, _HEIGHT = 760.0, 24.0, 44.0
# How much of the bar's height a class takes, from the bottom.
_TALL: Mapping[Klass, float] = {
    Klass.UP: 1.0, Klass.DEGRADED: 0.75, Klass.DOWN: 0.5, Klass.MAINTENANCE: 0.25, Klass.UNKNOWN: 0.12,
}  # fmt: skip


def timeline(spans: Sequence[Span], between: tuple[int, int], zone: str, words: str) -> Markup:
    """The spans of a service or check between two moments, microseconds."""
    start, end = between
    across = Scale(start, end, 0.0, _WIDTH)
    steps: dict[Klass, list[str]] = {klass: [] for klass in _TALL}
    for span in spans:
        left, right = across(span.start), across(span.end)
        tall = _BAR * _TALL[span.klass]
        wide = number(max(0.5, right - left))
        steps[span.klass].append(f"M{number(left)} {number(_BAR - tall)}h{wide}v{number(tall)}h-{wide}z")
    bars = (path(f"fill {klass.value}", "".join(each)) for klass, each in steps.items())
    # Labels that would stick out at either end are left to the words.
    labels = (
        text((across(at), _HEIGHT - 4), label, "time")
        for at, label in time_steps(start, end, zone)
        if 24 < across(at) < _WIDTH - 24
    )
    return framed((_WIDTH, _HEIGHT), "timeline", words, (*bars, *labels))
