"""What is kept of the requests of one slice of time, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

Statuses: TypeAlias = dict[int, int]
_Key = TypeVar("_Key")

OTHER = "(other)"


@dataclass(slots=True)
class Slice:
    """The requests of one slice of time.

    `groups` (of paths) and `sites` (virtual hosts) hold counts by status. `faults` holds requests answered 400
    or above by (status, path without query), `referrers` and `upstreams` those by (status, name). All of them
    are raw text from outside, to be masked and made visible before anybody sees them. Each is capped: what is
    rare gives way first, and is then counted under `OTHER` in `groups` and `sites`.
    `took` is a latency sketch (see `latency`), `took_sum` is in seconds, `size` in bytes, `first` and `last` are
    Unix seconds.
    """

    requests: int = 0
    size: int = 0
    took_sum: float = 0.0
    first: float = float("inf")
    last: float = float("-inf")
    statuses: Statuses = field(default_factory=dict)
    groups: dict[str, Statuses] = field(default_factory=dict)
    sites: dict[str, Statuses] = field(default_factory=dict)
    took: dict[int, int] = field(default_factory=dict)
    faults: dict[tuple[int, str], int] = field(default_factory=dict)
    referrers: dict[tuple[int, str], int] = field(default_factory=dict)
    upstreams: dict[tuple[int, str], int] = field(default_factory=dict)

    def merge(self, other: Slice, cap: int) -> None:
        """Add what the other slice counted; it is left as it is."""
        self.requests += other.requests
        self.size += other.size
        self.took_sum += other.took_sum
        self.first, self.last = min(self.first, other.first), max(self.last, other.last)
        _add_counts(self.statuses, other.statuses)
        _add_counts(self.took, other.took)
        for mine, theirs in ((self.groups, other.groups), (self.sites, other.sites)):
            for name, statuses in theirs.items():
                _add_counts(mine.setdefault(name, {}), statuses)
            _cap_groups(mine, cap)
        for faults, more in (
            (self.faults, other.faults),
            (self.referrers, other.referrers),
            (self.upstreams, other.upstreams),
        ):
            _add_counts(faults, more)
            _cap_counts(faults, cap)

    def share(self, least: int, most: int) -> float | None:
        """The share of requests answered with a status from `least` to `most`; None when there was none."""
        return self.count(least, most) / self.requests if self.requests else None

    def count(self, least: int, most: int) -> int:
        """How many requests were answered with a status from `least` to `most`."""
        return sum(number for status, number in self.statuses.items() if least <= status <= most)


def _add_counts(counts: dict[_Key, int], more: dict[_Key, int]) -> None:
    for key, number in more.items():
        counts[key] = counts.get(key, 0) + number


def _cap_counts(counts: dict[_Key, int], cap: int) -> None:
    """Only the `cap` most frequent, once there are twice as many."""
    if len(counts) > 2 * cap:
        kept = sorted(counts.items(), key=lambda item: -item[1])[:cap]
        counts.clear()
        counts.update(kept)


def _cap_groups(groups: dict[str, Statuses], cap: int) -> None:
    """The same; the others go on under one name, so that the sum stays right."""
    if len(groups) > 2 * cap:
        ranked = sorted(groups.items(), key=lambda item: -sum(item[1].values()))
        kept, others = dict(ranked[:cap]), groups.get(OTHER, {})
        for name, statuses in ranked[cap:]:
            if name != OTHER:
                _add_counts(others, statuses)
        kept[OTHER] = others
        groups.clear()
        groups.update(kept)
