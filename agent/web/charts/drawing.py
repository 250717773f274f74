"""What all charts are drawn with: numbers in few signs, scales, axes that people can read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

_SECOND = 1_000_000
# Steps of time axes, in seconds, with how a moment on them is written.
_STEPS = (
    (300, "%H:%M"), (900, "%H:%M"), (1800, "%H:%M"), (3600, "%H:%M"), (3 * 3600, "%H:%M"), (6 * 3600, "%H:%M"),
    (86_400, "%d %b"), (2 * 86_400, "%d %b"), (7 * 86_400, "%d %b"), (14 * 86_400, "%d %b"), (30 * 86_400, "%b %Y"),
)  # fmt: skip


def number(value: float) -> str:
    """With at most one digit after the point: 3, 3.5."""
    return f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Scale:
    """From values of `low` to `high` (which is more) to places from `begin` to `end`; what lies outside is cut."""

    low: float
    high: float
    begin: float
    end: float

    def __call__(self, value: float) -> float:
        share = min(1.0, max(0.0, (value - self.low) / (self.high - self.low)))
        return self.begin + share * (self.end - self.begin)


def round_steps(most: float, about: int = 4) -> list[float]:
    """0 and further round values (1, 2 or 5 times a power of ten) up to the first that is not below `most`."""
    if not math.isfinite(most) or most <= 0:
        return [0.0, 1.0]
    rough = most / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * each for each in (1, 2, 5, 10) if power * each >= rough * (1 - 1e-9))
    return [step * each for each in range(math.ceil(most / step * (1 - 1e-9)) + 1)]


def time_steps(start: int, end: int, zone: str, about: int = 6) -> list[tuple[int, str]]:
    """Round moments of the zone in `[start, end]`, microseconds, each with its label."""
    rough = (end - start) / _SECOND / about
    step, pattern = next((each for each in _STEPS if each[0] >= rough), _STEPS[-1])
    where = ZoneInfo(zone)
    first = datetime.fromtimestamp(start / _SECOND, UTC).astimezone(where).replace(hour=0, minute=0, second=0)
    found, day = [], first.replace(microsecond=0, tzinfo=None)
    for at in _walk(day, timedelta(seconds=step), end, where):
        moment = round(at.timestamp()) * _SECOND
        if start <= moment <= end:
            found.append((moment, f"{at:{pattern}}"))
    return found


def _walk(day: datetime, step: timedelta, end: int, where: ZoneInfo) -> Iterable[datetime]:
    """By the clock on the wall, so that days begin at midnight on both sides of a change of the hour."""
    at = day
    while (told := at.replace(tzinfo=where)).timestamp() * _SECOND <= end:
        yield told
        at += step


def framed(size: tuple[float, float], name: str, words: str, body: Iterable[Markup | str]) -> Markup:
    """An image of that size (in units of its own; the page scales it), told in words too."""
    width, height = size
    head = Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img"><title>{}</title>').format(
        name, number(width), number(height), words
    )
    return head + Markup("").join(body) + Markup("</svg>")


def path(kind: str, steps: str) -> Markup:
    """A path of that class; nothing where there are no steps."""
    return Markup('<path class="{}" d="{}"/>').format(kind, steps) if steps else Markup("")


def text(place: tuple[float, float], said: str, kind: str = "") -> Markup:
    """A label at a place."""
    return Markup('<text class="{}" x="{}" y="{}">{}</text>').format(
        kind, number(place[0]), number(place[1]), said
    )
