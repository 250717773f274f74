"""Effects: what planned work hid of a service's time, and the uptime had it not been."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import attrgetter

from agent.store.maintenance import Work, by_service
from agent.uptime import Ledger
from alerting.plans import in_force
from alerting.slo.sources import Claim, Planned
from alerting.slo.spans import Klass, Span, clip, union
from alerting.slo.uptime import UptimePolicy, good_and_bad

Sums = Mapping[Klass, int]
Windows = list[tuple[int, int]]
IMPORTED = 0  # the number of planned work that was imported


@dataclass(frozen=True, slots=True)
class Effect:
    """What planned work did: the time it hid by class, and the uptime had it not been; `work` None: imported."""

    work: Work | None
    windows: Windows
    hides: Sums
    without: Fraction | None


def as_planned(works: Iterable[Work], now: int) -> dict[int, Work]:
    """The works by their numbers, each with the plans that were made of it by `now`."""
    found = {}
    for work in works:
        if known := tuple(edition for edition in work.editions if edition.at <= now):
            found[work.number] = replace(work, editions=known)
    return found


def work_windows(
    service: str, ledger: Ledger, works: Iterable[Work], observed: tuple[int, int]
) -> Iterator[tuple[int, Windows]]:
    """When each planned work covered the service, by its number; where that is observed."""
    for number, covered in _covered(service, ledger, works):
        inside = [window for window in union(covered) if window[0] < observed[1] and window[1] > observed[0]]
        if inside:
            yield number, inside


def _covered(service: str, ledger: Ledger, works: Iterable[Work]) -> Iterator[tuple[int, Windows]]:
    yield IMPORTED, list(ledger.told.maintenance)
    for work in works:
        named = by_service([work])
        plans = (*named.get(service, ()), *named.get("", ()))
        yield work.number, [window for editions in plans for window in in_force(editions)]


def effects(
    works: Mapping[int, Work],
    windows: Mapping[int, Windows],
    pieces: Sequence[Claim],
    beneath: Sequence[Span],
    policy: UptimePolicy,
) -> Iterator[Effect]:
    """What each planned work hid (where several hold at once, each of them hides it), and what it alone did."""
    mine: dict[int, list[Claim]] = {}
    for piece in pieces:
        for number in piece.source.numbers if isinstance(piece.source, Planned) else ():
            mine.setdefault(number, []).append(piece)
    sums = summed(pieces)
    for number, covered in windows.items():
        hidden = [span for piece in mine.get(number, ()) for span in within(beneath, piece.start, piece.end)]
        alone = [piece for piece in mine.get(number, ()) if piece.source == Planned((number,))]
        instead = {**sums, Klass.MAINTENANCE: sums[Klass.MAINTENANCE] - summed(alone)[Klass.MAINTENANCE]}
        shown = [span for piece in alone for span in within(beneath, piece.start, piece.end)]
        for klass, length in counted(shown, policy).items():
            instead[klass] += length
        yield Effect(works.get(number), covered, summed(hidden), ratio(instead, policy))


def within(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """The parts of the spans that lie in `[start, end)`, found without a look at all of them."""
    low = bisect_right(spans, start, key=attrgetter("end"))
    return clip(spans[low : bisect_left(spans, end, key=attrgetter("start"))], start, end)


def summed(spans: Iterable[Span | Claim]) -> dict[Klass, int]:
    """The time in each class; what has none is in no sum."""
    sums = dict.fromkeys(Klass, 0)
    for span in spans:
        if span.klass is not None:
            sums[span.klass] += span.end - span.start
    return sums


def counted(spans: Sequence[Span], policy: UptimePolicy) -> dict[Klass, int]:
    """The sums of what the agreement does not leave out."""
    return summed(policy.exclusions.applied(spans)[0])


def ratio(sums: Sums, policy: UptimePolicy) -> Fraction | None:
    """The uptime that the sums give; None where nothing is counted."""
    good, bad = good_and_bad(sums, policy)
    return Fraction(good, good + bad) if good + bad else None
