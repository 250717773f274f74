"""Bars: the phases of a look one after the other, and what is left of a budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from markupsafe import Markup

from agent.web.charts.drawing import Scale, framed, number, text
from config.units import show_duration

_WIDTH, _ROW, _LEFT, _RIGHT = 520.0, 22.0, 96.0, 80.0


def waterfall(phases: Mapping[str, float]) -> Markup:
    """A row for each phase, in seconds, in the order in which they came."""
    known = {name: max(0.0, seconds) for name, seconds in phases.items()}
    whole = sum(known.values())
    if whole <= 0:
        return Markup("")
    across = Scale(0.0, whole, _LEFT, _WIDTH - _RIGHT)
    words = ", ".join(f"{name} {show_duration(seconds)}" for name, seconds in known.items())
    return framed((_WIDTH, _ROW * len(known)), "waterfall", words, _rows(known, across))


def _rows(known: Mapping[str, float], across: Scale) -> Iterable[Markup]:
    at = 0.0
    for row, (name, seconds) in enumerate(known.items()):
        left, right, top = across(at), across(at + seconds), row * _ROW
        yield text((0.0, top + 15), name)
        yield Markup('<rect class="phase" x="{}" y="{}" width="{}" height="14"/>').format(
            number(left), number(top + 4), number(max(1.0, right - left))
        )
        yield text((right + 6, top + 15), show_duration(seconds))
        at += seconds


def share(left: float, words: str) -> Markup:
    """How much is left of a whole, 0 to 1; less than nothing is an empty bar of another colour."""
    kind = "spent" if left < 0 else "low" if left < 0.25 else "left"
    wide = 200.0 * min(1.0, max(0.0, left))
    bar = Markup(
        '<rect class="whole" width="200" height="12"/><rect class="{}" width="{}" height="12"/>'
    ).format(kind, number(wide))
    return framed((200.0, 12.0), "share", words, [bar])
