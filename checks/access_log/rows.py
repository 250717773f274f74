"""Requests as a format reads them: one row each, or the columns of many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby, repeat
from typing import TypeAlias

from checks.access_log.fields import STATUSES, site, size, target

# When (Unix seconds), status, target (with its query string), client, virtual host, seconds it took, bytes sent,
# referrer, upstream. What the line does not say is None.
Row: TypeAlias = tuple[
    float, int, str, str | None, str | None, float | None, int | None, str | None, str | None
]


@dataclass(slots=True)
class Columns:
    """The fields of many lines as they are written, the n-th of each list for the n-th line.

    `moments` says which Unix second each of `stamps` is; `size` is the sum of `sizes`. `sites`, `referrers`, `took`
    and `upstreams` are empty where the lines have none.
    """

    stamps: list[str] = field(default_factory=list)
    moments: dict[str, float] = field(default_factory=dict)
    statuses: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    clients: list[str] = field(default_factory=list)
    sizes: list[str] = field(default_factory=list)
    size: int = 0
    sites: list[str] = field(default_factory=list)
    referrers: list[str] = field(default_factory=list)
    took: list[float | None] = field(default_factory=list)
    upstreams: list[str | None] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Which variety of the common log format they are."""
        return "vhost_combined" if self.sites else "combined" if self.referrers else "common"

    def rows(self) -> Iterator[Row]:
        """The same one by one."""
        return zip(
            map(self.moments.__getitem__, self.stamps),
            map(STATUSES.__getitem__, self.statuses),
            map(target, self.requests),
            map(str.strip, self.clients),
            map(site, map(str.strip, self.sites)) if self.sites else repeat(None),
            self.took or repeat(None),
            map(size, self.sizes),
            self.referrers or repeat(None),
            self.upstreams or repeat(None),
            strict=False,
        )

    def parts(self, slices: Mapping[str, int | None]) -> Iterator[Columns]:
        """The same cut where the next line is of another slice; `slices` says which one a stamp is of."""
        begin = 0
        for _, stamps in groupby(self.stamps, slices.__getitem__):
            run = list(stamps)
            end = begin + len(run)
            part = Columns(run, {stamp: self.moments[stamp] for stamp in run})
            for name in (
                "statuses",
                "requests",
                "clients",
                "sizes",
                "sites",
                "referrers",
                "took",
                "upstreams",
            ):
                setattr(part, name, getattr(self, name)[begin:end])
            part.size = sum_of(part.sizes)
            yield part
            begin = end

    def others(self, status: str) -> Iterator[tuple[str, str, str | None, str | None]]:
        """Status, request, referrer and upstream of the lines that have another status."""
        referrers, upstreams = self._from()
        lines = zip(self.statuses, self.requests, referrers, upstreams, strict=False)
        return (line for line in lines if line[0] != status)

    def blamed(self, status: str) -> Iterator[tuple[str | None, str | None]]:
        """Referrer and upstream of the lines that have this status."""
        referrers, upstreams = self._from()
        lines = zip(self.statuses, referrers, upstreams, strict=False)
        return ((referrer, upstream) for each, referrer, upstream in lines if each == status)

    def _from(self) -> tuple[Iterable[str | None], Iterable[str | None]]:
        """A referrer and an upstream for each line."""
        return self.referrers or repeat(None), self.upstreams or repeat(None)


def sum_of(sizes: Iterable[str]) -> int:
    """All bytes of sizes as they are written, `-` for none. Raises ValueError."""
    return sum(map(int, filter("-".__ne__, sizes)))
