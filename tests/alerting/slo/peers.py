"""How peers count: results, beats and failures in place of time. What they do is theirs, the words and code are ours.

Read in their sources: gatus (storage/store/memory, watchdog), Uptime Kuma 2 (server/uptime-calculator.js) and
1 (server/model/monitor.js), statping-ng (types/services/methods.go).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

HOUR = 3600
DAY = 24 * HOUR
MONTH = 30 * DAY  # November


class Look(NamedTuple):
    """At a second of the month: `up`, `down` or `unknown` (could not be made); `work`: during planned work."""

    at: int
    word: str
    work: bool = False


Windows = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class World:
    """What happened, in seconds of the month; `blip` = every so many looks one gets no answer, though nothing is wrong.

    `every` is the interval from a second on.
    """

    every: Sequence[tuple[int, int]] = ((0, 300),)
    down: Windows = ()
    unknown: Windows = ()
    off: Windows = ()
    work: Windows = ()
    blip: int = 0

    def interval(self, at: int) -> int:
        return next(every for since, every in reversed(self.every) if since <= at)


@dataclass(frozen=True, slots=True)
class Manner:
    """How often a failing look is repeated, and how soon; whether the next one waits for the full interval after it."""

    retries: int = 0
    retry_every: int = 0
    drifts: bool = False


def looks(world: World, manner: Manner, start: int = 0, end: int = MONTH) -> list[Look]:
    """What somebody sees of the world who looks in this manner."""
    return list(_looks(world, manner, start, end))


def _looks(world: World, manner: Manner, start: int, end: int) -> Iterator[Look]:
    at, failing, planned = start, 0, 0
    while at < end:
        if stopped := _window(at, world.off):
            at, failing = stopped[1], 0
            continue
        planned += failing == 0
        word = _seen(world, at)
        if word == "up" and failing == 0 and world.blip and planned % world.blip == 0:
            word = "down"
        working = _window(at, world.work) is not None
        yield Look(at, word, working)
        failing = 0 if word == "up" or working else failing + 1
        every = world.interval(at)
        if 0 < failing <= manner.retries:
            at += manner.retry_every
        else:
            at = at + every if manner.drifts else (at // every + 1) * every


def _seen(world: World, at: int) -> str:
    if _window(at, world.unknown):
        return "unknown"
    return "down" if _window(at, world.down) else "up"


def _window(at: int, windows: Windows) -> tuple[int, int] | None:
    """The one of these that holds the moment; they are in order and do not overlap."""
    if not windows:
        return None
    number = bisect_right(windows, (at, MONTH + DAY)) - 1
    return windows[number] if number >= 0 and at < windows[number][1] else None


def gatus(seen: Iterable[Look]) -> Fraction:
    """Per hour the results and the good ones among them; the hours added up, divided. None at all is 0.

    A look that could not be made is a bad result. Maintenance keeps alerts back; results count all the same.
    """
    hours: dict[int, list[int]] = {}
    for look in seen:
        hour = hours.setdefault(look.at // HOUR, [0, 0])
        hour[0] += look.word == "up"
        hour[1] += 1
    good, made = (sum(hour[part] for hour in hours.values()) for part in (0, 1))
    return Fraction(good, made) if made else Fraction(0)


def kuma_2(seen: Iterable[Look], last_day: Iterable[Look] = ()) -> Fraction:
    """Beats: up / (up + down), repeated ones too. A beat that is pending is down; one in maintenance is in neither.

    Where there was no beat in all the time the last day that had any stands for it; without one it is 0.
    """
    beats = [look.word for look in seen if not look.work] or [look.word for look in last_day if not look.work]
    return Fraction(beats.count("up"), len(beats)) if beats else Fraction(0)


def kuma_1(seen: Sequence[Look], earlier: Sequence[Look] = ()) -> Fraction:
    """Each beat weighs as much as the time since the beat before it; maintenance is up, pending is down.

    Where no time lies between beats, the first beat of all says it.
    """
    up = whole = 0
    for before, look in pairwise(seen):
        whole += look.at - before.at
        up += (look.at - before.at) * (look.work or look.word == "up")
    if whole:
        return Fraction(up, whole)
    return Fraction(int([look.word for look in (*earlier, *seen)][:1] == ["up"]))


def statping(seen: Iterable[Look]) -> Fraction:
    """Failures are divided by the good looks, not by all of them; without failures it is 100 %, looked or not."""
    words = [look.word for look in seen]
    bad, good = sum(word != "up" for word in words), words.count("up")
    if bad == 0:
        return Fraction(1)
    return max(Fraction(0), 1 - Fraction(bad, good)) if good else Fraction(0)


def confirmed(seen: Sequence[Look]) -> list[Look]:
    """As Tocsin has it with `confirm: 2`: a bad look between good ones alone is none."""
    kept = []
    for number, look in enumerate(seen):
        near = seen[max(0, number - 1) : number + 2]
        alone = look.word == "down" and not any(other is not look and other.word == "down" for other in near)
        kept.append(Look(look.at, "up", look.work) if alone else look)
    return kept


def cut(ratio: Fraction) -> str:
    """In percent, two places, cut off."""
    hundredths = ratio * 10_000 // 1
    return f"{hundredths // 100}.{hundredths % 100:02}"


def rounded(ratio: Fraction) -> str:
    """In percent, rounded to two places, as Uptime Kuma's page and statping do."""
    return cut((ratio * 10_000 + Fraction(1, 2)) // 1 / Fraction(10_000))
