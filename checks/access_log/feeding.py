"""What was read of the files -> the tally: each log has a reader, which remembers what it is written in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from checks.access_log.formats import AUTO, Reader, reader
from checks.access_log.rows import Columns, Row
from checks.access_log.tally import Tally
from checks.tail import Chunk
from checks.tail.names import before_rotation
from checks.tail.source import Source, Unfinished, Unreadable

_HEAD = 16 * 1024
_MOST_LOGS = 500


@dataclass(slots=True)
class HostTally(Tally):
    """Counts requests to the wanted virtual hosts only; of all requests `hostless` name none, `named` do."""

    wanted: Callable[[str], bool] = lambda _host: True
    hostless: int = 0
    named: int = 0

    def add(self, rows: Iterable[Row]) -> None:
        Tally.add(self, [row for row in rows if self._is_wanted(row[4])])

    def add_columns(self, columns: Columns) -> None:
        self.add(columns.rows())

    def _is_wanted(self, host: str | None) -> bool:
        if not host or host == "-":
            self.hostless += 1
            return False
        self.named += 1
        return self.wanted(host)


class Feeding:
    """Feeds chunks to readers; the memo is `{log: what its reader remembers}`."""

    def __init__(self, written: str, memo: Any, now: float) -> None:
        """`written` is what the option `format` says."""
        self._written, self._now = written, now
        self._memo = memo if isinstance(memo, dict) else {}
        self._readers: dict[str, Reader] = {}

    def feed(self, chunk: Chunk, tally: Tally) -> None:
        """Count the lines of one chunk. A file that follows another by rotation is read as that was."""
        log = before_rotation(chunk.path)
        if log not in self._readers:
            self._readers[log] = self._reader(log, chunk)
        self._readers[log].feed(chunk.data, tally)

    @property
    def names(self) -> str:
        """The formats in use, for people; empty when nobody knows."""
        return " or ".join(sorted({each.name for each in self._readers.values()} - {AUTO}))

    @property
    def unknown(self) -> str | None:
        """A log in which no line was understood yet."""
        return next((log for log, each in self._readers.items() if each.name == AUTO), None)

    def memo(self) -> Any:
        """What to go on with."""
        now = {log: each.memo() for log, each in self._readers.items()}
        kept = {log: each for log, each in self._memo.items() if log not in now}
        return dict([*kept.items(), *now.items()][-_MOST_LOGS:])

    def _reader(self, log: str, chunk: Chunk) -> Reader:
        made = reader(self._written, self._memo.get(log), now=self._now)
        if not chunk.fresh and log not in self._memo:
            made.feed(_comments(chunk.path), Tally())
        return made


def _comments(path: str) -> bytes:
    """The comments at the begin of the file: there W3C logs say what their columns are."""
    with suppress(OSError, Unreadable, Unfinished), Source(path) as source:
        lines = source.at(0, _HEAD).splitlines(keepends=True)
        return b"".join(line for line in lines if line.startswith(b"#") and line.endswith(b"\n"))
    return b""
