"""The requests of the last minutes, by the log's own time: it slides, and is remembered.

Two grains. Counts by status are kept in fine slices (a second each in a window of 5 minutes), so that the rates are
those of the window; paths, hosts and latencies in twenty coarser ones, which keeps the memo small.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checks.access_log.hours import HOUR
from checks.access_log.slices import Slice, Statuses
from checks.access_log.tally import Tally
from checks.memo_numbers import is_number

_FINE, _COARSE = 300, 20  # slices of the window, at least
_STEPS = [step for step in range(1, 301) if HOUR % step == 0]  # no slice is of two hours
_CAP = 50  # groups and hosts of a coarse slice; at times twice as many
_BLAMED = 12  # paths, referrers, upstreams of one that are remembered
_SHOWN = 120  # characters of a name that are remembered
_MOST = 2**53


@dataclass(slots=True)
class Counts:
    """A fine slice: bytes sent, lines that were no requests, requests by status."""

    size: int = 0
    malformed: int = 0
    statuses: Statuses = field(default_factory=dict)


class Window:
    """The last `length` seconds of a log.

    `newest` is the latest moment in it, by the log's clock, and `heard` when that was written, by the host's: while
    nothing newer comes the window moves on with the host's time, and a log that falls silent empties it. So neither
    a clock that is wrong nor a zone that is missing moves it away from what is written now.
    """

    def __init__(self, length: float, memo: Any = None) -> None:
        self.length = length
        self.step = max(step for step in _STEPS if step <= max(1, math.ceil(length / _FINE)))
        self.coarse = self.step * math.ceil(length / _COARSE / self.step)
        self.newest: float | None = None
        self.heard = 0.0
        self._fine: dict[int, Counts] = {}
        self._details: dict[int, Slice] = {}
        self._restore(memo)

    @property
    def span(self) -> int:
        """Seconds before the newest slice that a tally must keep for it."""
        return math.ceil(self.length / self.step) * self.step

    def take(self, tally: Tally, heard: float) -> None:
        """Add what a tally has counted in slices of `step`; `heard` is when its newest line was written."""
        for key, each in tally.slices.items():
            counts = self._fine.setdefault(key, Counts())
            counts.size += each.size
            _add(counts.statuses, each.statuses.items())
            self._details.setdefault(key // self.coarse * self.coarse, Slice()).merge(each, _CAP)
        newest = max((each.last for each in tally.slices.values()), default=None)
        if newest is not None and (self.newest is None or newest > self.newest):
            self.newest, self.heard = newest, heard

    def blame(self, malformed: int, now: float) -> None:
        """Lines without a time of their own count when they are read."""
        if malformed:
            key = math.floor(self.end(now) / self.step) * self.step
            self._fine.setdefault(key, Counts()).malformed += malformed

    def end(self, now: float) -> float:
        """Where the window ends when it is `now` on this host, by the log's clock."""
        return now if self.newest is None else self.newest + max(now - self.heard, 0.0)

    def slide(self, now: float) -> None:
        """Forget what lies before the window."""
        begin = self.end(now) - self.length
        self._fine = {key: counts for key, counts in self._fine.items() if key > begin}
        self._details = {key: each for key, each in self._details.items() if key + self.coarse > begin}

    def total(self) -> Slice:
        """All requests in the window, as `slide` left it; details may reach back a twentieth further."""
        whole = Slice()
        for each in self._details.values():
            whole.merge(each, _CAP * _COARSE)
        whole.statuses, whole.size = {}, 0
        for counts in self._fine.values():
            whole.size += counts.size
            _add(whole.statuses, counts.statuses.items())
        whole.requests = sum(whole.statuses.values())
        return whole

    @property
    def malformed(self) -> int:
        return sum(counts.malformed for counts in self._fine.values())

    def memo(self) -> Any:
        """What the next one is made from: ten to a hundred kilobytes."""
        fine = [[key, each.size, each.malformed, _flat(each.statuses)] for key, each in self._fine.items()]
        details = [[key, *_detail(each)] for key, each in self._details.items()]
        return {"step": self.step, "end": [self.newest, self.heard], "fine": fine, "details": details}

    def _restore(self, memo: Any) -> None:
        """All of it or nothing: it comes from the disk."""
        match memo:
            case {"step": self.step, "end": [newest, heard], "fine": [*fine], "details": [*details]}:
                try:
                    kept = dict(map(_counts_from, fine)), dict(map(_detail_from, details))
                    ends = None if newest is None else _moment(newest), _moment(heard)
                except (TypeError, ValueError):
                    return
                (self._fine, self._details), (self.newest, self.heard) = kept, ends


def _add(counts: Statuses, more: Iterable[tuple[int, int]]) -> None:
    for status, number in more:
        counts[status] = counts.get(status, 0) + number


def _detail(each: Slice) -> list[Any]:
    grouped = [
        {name[:_SHOWN]: _flat(statuses) for name, statuses in names.items()}
        for names in (each.groups, each.sites)
    ]
    blamed = [_named(counts) for counts in (each.faults, each.referrers, each.upstreams)]
    return [*grouped, *blamed, _flat(each.took)]


def _named(counts: Mapping[tuple[int, str], int]) -> list[Any]:
    most = sorted(counts.items(), key=lambda item: -item[1])[:_BLAMED]
    return [[status, name[:_SHOWN], number] for (status, name), number in most]


def _flat(counts: Mapping[int, int]) -> list[int]:
    return [number for pair in counts.items() for number in pair]


def _counts_from(memo: Any) -> tuple[int, Counts]:
    key, size, malformed, statuses = memo
    return _whole(key), Counts(_count(size), _count(malformed), _pairs(statuses))


def _detail_from(memo: Any) -> tuple[int, Slice]:
    key, groups, sites, faults, referrers, upstreams, took = memo
    return _whole(key), Slice(
        groups=_by_name(groups),
        sites=_by_name(sites),
        took=_pairs(took),
        faults=dict(_blamed(faults)),
        referrers=dict(_blamed(referrers)),
        upstreams=dict(_blamed(upstreams)),
    )


def _by_name(memo: Any) -> dict[str, Statuses]:
    if not isinstance(memo, Mapping):
        raise TypeError
    return {str(name): _pairs(statuses) for name, statuses in memo.items()}


def _blamed(memo: Sequence[Any]) -> Iterator[tuple[tuple[int, str], int]]:
    for status, name, number in memo:
        yield (_count(status), str(name)), _count(number)


def _pairs(memo: Any) -> dict[int, int]:
    numbers = [_whole(each) for each in memo]
    return {key: _count(number) for key, number in zip(numbers[::2], numbers[1::2], strict=True)}


def _count(number: Any) -> int:
    if _whole(number) < 0:
        raise ValueError
    return int(number)


def _whole(number: Any) -> int:
    if not isinstance(number, int) or abs(number) > _MOST:
        raise TypeError
    return int(number)


def _moment(number: Any) -> float:
    if not is_number(number):
        raise TypeError
    return float(number)
