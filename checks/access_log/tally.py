"""The tally of an access log: rows counted into slices of the log's own time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from checks.access_log.batch import LONGEST_NAME, NAMELESS, Batch, Names
from checks.access_log.fields import FAILED
from checks.access_log.hours import HOUR, LONGEST, Counts
from checks.access_log.rows import Columns, Row
from checks.access_log.slices import OTHER, Slice

_MOST_UNSETTLED = 20_000  # different requests of one slice


def first_segment(path: str) -> str:
    """The group of a path when nothing else is said: `/api/v1/users` is of `/api`."""
    return f"/{path[1:].partition('/')[0]}" if path.startswith("/") else OTHER


@dataclass(slots=True)
class Tally:
    """Where the rows of a log are counted.

    `step` is the length of a slice in seconds (None: all in one slice, at 0). `span` is how many seconds of the
    log's own time are kept before its newest slice: what is older is counted in `late` and dropped. Requests
    that claim to be later than `until` are counted in `ahead` and dropped, so that one nonsense line cannot
    push the others out. Whoever gives a `step` gives both. `clients` counts by client address, as long as there
    are at most `client_cap` of them; it is raw text as well. `lines` are all of them, `skipped` those that are
    empty or comments, `malformed` those that are no request that was answered.

    `hours` counts the requests of each hour, also those that are too late for a slice; it wants a `step` that an
    hour is a multiple of.
    """

    step: int | None = None
    span: int | None = None
    until: float = float("inf")
    group_of: Callable[[str], str] = first_segment
    cap: int = 200
    client_cap: int = 0
    slices: dict[int, Slice] = field(default_factory=dict)
    clients: dict[str, int] = field(default_factory=dict)
    hours: dict[int, Counts] = field(default_factory=dict)
    lines: int = 0
    malformed: int = 0
    skipped: int = 0
    late: int = 0
    ahead: int = 0
    _batches: dict[int | None, Batch] = field(default_factory=dict)
    _names: Names | None = None

    def add(self, rows: Iterable[Row]) -> None:
        """Count rows. They show in `slices` and `clients` once `settle` was called."""
        now: float | None = None  # the moment of the row before, mostly that of this one too
        batch = Batch()
        for at, status, asked, client, host, took, sent, referrer, upstream in rows:
            if at != now:
                now, batch = at, self._batch(at)
            batch.seen[status, asked] += 1
            batch.clients[client] += 1
            if sent is not None:
                batch.size += sent
            if took is not None:
                batch.took.append(took)
            if host is not None:
                batch.sites[status, host] += 1
            if status >= 400:
                batch.blame(status, referrer, upstream)

    def add_columns(self, columns: Columns) -> None:
        """The same for many at once."""
        first, last = min(columns.moments.values()), max(columns.moments.values())
        if self._key(first) != self._key(last):
            for part in columns.parts({stamp: self._key(at) for stamp, at in columns.moments.items()}):
                self.add_columns(part)
            return
        batch = self._batch(first)
        batch.last = max(batch.last, last)
        batch.count_requests(columns)
        if self.client_cap:
            batch.clients.update(columns.clients)
        batch.size += columns.size
        batch.took += [took for took in columns.took if took is not None]
        if columns.sites:
            batch.hosts.update(zip(columns.statuses, columns.sites, strict=True))
        if sum(map(len, batch.requests.values())) > _MOST_UNSETTLED:
            self.settle()

    def settle(self) -> None:
        """Fold what was added into the slices."""
        batches, self._batches = self._batches, {}
        ahead = batches.pop(None, None)
        self.ahead += ahead.total() if ahead else 0
        kept = {key: batch for key, batch in batches.items() if key is not None}
        oldest = self._oldest([*self.slices, *kept])
        names = self._names = self._names or Names(self.group_of)
        for key, batch in kept.items():
            if key < oldest:
                late = batch.total()
                self.late += late
                self._count(key, late, batch.failed())
                continue
            folded = batch.folded(names)
            self._count(key, folded.requests, folded.count(FAILED, 599))
            self.slices.setdefault(key, Slice()).merge(folded, self.cap)
            if self.client_cap:
                self._count_clients(batch.clients)
        for key in [key for key in self.slices if key < oldest]:
            del self.slices[key]
        if len(self.hours) > LONGEST // HOUR:
            begin = max(self.hours) - LONGEST
            self.hours = {hour: counts for hour, counts in self.hours.items() if hour >= begin}

    def total(self) -> Slice:
        """All slices in one."""
        whole = Slice()
        for each in self.slices.values():
            whole.merge(each, self.cap)
        return whole

    def _count(self, key: int, requests: int, failed: int) -> None:
        hour = key - key % HOUR
        valid, good = self.hours.get(hour, (0, 0))
        self.hours[hour] = valid + requests, good + requests - failed

    def _key(self, at: float) -> int | None:
        """The slice of a moment; None when it is ahead."""
        if at > self.until:
            return None
        return int(at // self.step) * self.step if self.step else 0

    def _batch(self, at: float) -> Batch:
        key = self._key(at)
        batch = self._batches.get(key)
        if batch is None:
            batch = self._batches[key] = Batch(at, at)
        elif at < batch.first:
            batch.first = at
        elif at > batch.last:
            batch.last = at
        return batch

    def _oldest(self, keys: list[int]) -> int:
        if not keys:
            return 0
        return min(keys) if self.span is None else max(keys) - self.span

    def _count_clients(self, clients: Counter[str | None]) -> None:
        for client, number in clients.items():
            name = client.strip()[:LONGEST_NAME] if client else ""
            if name in NAMELESS:
                continue
            if name not in self.clients and len(self.clients) >= self.client_cap:
                name = OTHER
            self.clients[name] = self.clients.get(name, 0) + number
