"""An access log read in one go, with every path a group of its own."""

from __future__ import annotations

from dataclasses import dataclass

from checks.access_log.formats import Reader
from checks.access_log.slices import Slice
from checks.access_log.tally import Tally

NOW = 1_800_000_000.0


@dataclass(frozen=True, slots=True)
class Counted:
    """What came of it."""

    format: str
    tally: Tally
    total: Slice

    @property
    def path(self) -> str:
        """Of a log with one request."""
        (path,) = self.total.groups
        return path

    @property
    def client(self) -> str:
        """Of a log with one request."""
        (client,) = self.tally.clients
        return client


def counted(data: bytes | str, format_: str = "auto") -> Counted:
    """Read by a new reader."""
    reader = Reader(format_, now=NOW)
    tally = Tally(group_of=lambda path: path, cap=100_000, client_cap=100_000)
    reader.feed(data if isinstance(data, bytes) else data.encode(), tally)
    return Counted(reader.name, tally, tally.total())
