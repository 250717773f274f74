"""What was added to one slice of a tally, as it came, until it is folded."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from checks.access_log.fields import FAILED, STATUSES, site, split_target, target
from checks.access_log.latency import add_to_sketch
from checks.access_log.rows import Columns
from checks.access_log.slices import OTHER, Slice

NAMELESS = frozenset({None, "", "-"})
LONGEST_NAME = 100  # characters of a client, a site, a group that are kept
_Counts: TypeAlias = defaultdict[tuple[int, str], int]
_MOST_NAMES = 20_000
_LONGEST = 300  # of a path, referrer or upstream


@dataclass(slots=True)
class Batch:
    """What was added to one slice since it was settled, as it came.

    What is dear, such as telling the path of a request, is done once for each different one when it is folded.
    """

    first: float = 0.0
    last: float = 0.0
    size: int = 0
    seen: defaultdict[tuple[int, str], int] = field(
        default_factory=lambda: defaultdict(int)
    )  # by status and target
    requests: dict[str, Counter[str]] = field(
        default_factory=dict
    )  # by status, then request, both as written
    sites: _Counts = field(default_factory=lambda: defaultdict(int))
    hosts: Counter[tuple[str, str]] = field(default_factory=Counter)  # the same, as written
    clients: Counter[str | None] = field(default_factory=Counter)
    referrers: _Counts = field(default_factory=lambda: defaultdict(int))
    upstreams: _Counts = field(default_factory=lambda: defaultdict(int))
    took: list[float] = field(default_factory=list)

    def count_requests(self, columns: Columns) -> None:
        """Those of the first line's status, mostly the commonest, at once; the others status by status."""
        common = columns.statuses[0]
        counts = self.requests.setdefault(common, Counter())
        pairs = zip(columns.statuses, columns.requests, strict=True)
        counts.update([request for status, request in pairs if status == common])
        others: defaultdict[str, list[str]] = defaultdict(list)
        for status, request, referrer, upstream in columns.others(common):
            others[status].append(request)
            if status >= "4":
                self.blame(STATUSES[status], referrer, upstream)
        for status, requests in others.items():
            self.requests.setdefault(status, Counter()).update(requests)
        if common >= "4":
            for referrer, upstream in columns.blamed(common):
                self.blame(STATUSES[common], referrer, upstream)

    def blame(self, status: int, referrer: str | None, upstream: str | None) -> None:
        if referrer not in NAMELESS and referrer is not None:
            self.referrers[status, referrer.partition("?")[0][:_LONGEST]] += 1
        if upstream not in NAMELESS and upstream is not None:
            self.upstreams[status, upstream[:_LONGEST]] += 1

    def total(self) -> int:
        return sum(self.seen.values()) + sum(counts.total() for counts in self.requests.values())

    def failed(self) -> int:
        """How many of them the server failed to answer."""
        seen = sum(number for (status, _), number in self.seen.items() if status >= FAILED)
        return seen + sum(
            counts.total() for written, counts in self.requests.items() if STATUSES[written] >= FAILED
        )

    def folded(self, names: Names) -> Slice:
        """All of it as a slice of its own."""
        whole = Slice(self.total(), self.size, sum(self.took), self.first, self.last)
        groups: _Counts = defaultdict(int)
        for (status, path), number in self._paths(names).items():
            groups[status, names.groups.get(path) or names.group(path)] += number
            if status >= 400:
                whole.faults[status, path] = number
        for (status, group), number in groups.items():
            whole.statuses[status] = whole.statuses.get(status, 0) + number
            whole.groups.setdefault(group, {})[status] = number
        for (written, host), number in self.hosts.items():
            self.sites[STATUSES[written], site(host.strip()) or OTHER] += number
        for (status, host), number in self.sites.items():
            statuses = whole.sites.setdefault(host[:LONGEST_NAME], {})
            statuses[status] = statuses.get(status, 0) + number
        add_to_sketch(whole.took, self.took)
        whole.referrers, whole.upstreams = dict(self.referrers), dict(self.upstreams)
        return whole

    def _paths(self, names: Names) -> _Counts:
        """How many requests by status and path."""
        paths: _Counts = defaultdict(int)
        for (status, asked), number in self.seen.items():
            paths[status, _path(asked)] += number
        for written, counts in self.requests.items():
            status = STATUSES[written]
            for request, number in counts.items():
                paths[status, names.paths.get(request) or names.path(request)] += number
        return paths


class Names:
    """The paths of requests and the groups of paths that were told before; forgotten when there are too many."""

    def __init__(self, group_of: Callable[[str], str]) -> None:
        self.paths: dict[str, str] = {}
        self.groups: dict[str, str] = {}
        self._group_of = group_of

    def path(self, request: str) -> str:
        path = _path(target(request))
        if len(request) <= _LONGEST:
            if len(self.paths) >= _MOST_NAMES:
                self.paths.clear()
            self.paths[request] = path
        return path

    def group(self, path: str) -> str:
        if len(self.groups) >= _MOST_NAMES:
            self.groups.clear()
        group = self.groups[path] = self._group_of(path)[:LONGEST_NAME]
        return group


def _path(asked: str) -> str:
    """The path of a target, without the site that proxies write in front and without its query string."""
    path = asked if asked[:1] == "/" else split_target(asked)[1]
    return path.partition("?")[0][:_LONGEST]
