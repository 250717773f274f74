"""What the kinds that read logs get: lines of files or of the journal, batch by batch, each line once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any, NamedTuple

from checks.journal import Entry, Journal
from checks.tail import Chunk, Follower
from checks.tail.names import before_rotation

_MOST = 1 << 28  # bytes in one look
_BLOCK = 1 << 14
_OF_JOURNAL = 4 << 20
_SILENT = "journalctl gave no entry in time (raise timeout:)"


class Line(NamedTuple):
    """One line, without its end; of the journal one entry, which may hold several.

    `origin` is the file it stands in, or the unit whose journal it is.

    `at` (Unix seconds), `priority` (of syslog, 0 is worst), `writer` and `pid` come from the journal alone.
    """

    origin: str
    data: bytes
    at: float | None = None
    priority: int | None = None
    writer: str = ""
    pid: str = ""


@dataclass(frozen=True, slots=True)
class Batch:
    """What was written, in order: `text` is whole lines of the file `origin`, `entries` are those of the journal.

    `fresh` says that the file begins anew with it. In the last batch stand the memo that tells of all that was
    given, the bytes left unread (of the journal it is not known how many: 1 stands for any), and why something
    could not be read.
    """

    origin: str = ""
    text: bytes = b""
    entries: Sequence[Line] = ()
    fresh: bool = False
    memo: Any = None
    behind: int = 0
    problems: tuple[str, ...] = ()

    def lines(self) -> Iterator[Line]:
        """Each line of it."""
        yield from self.entries
        for data in self.text.split(b"\n")[:-1]:
            yield Line(self.origin, data)


@dataclass(frozen=True, slots=True)
class Log:
    """Where the lines come from: files by name or glob, or else the journal of units."""

    paths: Sequence[str]
    units: Sequence[str] = ()
    directory: str | None = None

    def batches(self, memo: Any, *, back: int, since: float, seconds: float) -> Iterator[Batch]:
        """At least one batch, until all is read or `seconds` have passed. All of them must be taken.

        At the first look, which has no memo, `back` bytes before the end of the files are read, and of the
        journal what was written since that moment (Unix seconds).
        """
        until = perf_counter() + seconds
        if self.paths:
            yield from self._of_files(memo, back, until)
        else:
            yield from self._of_journal(memo, since, until)

    def _of_files(self, memo: Any, back: int, until: float) -> Iterator[Batch]:
        follower = Follower(self.paths, memo, limit=_MOST, back=back)
        for chunk in follower.read():
            yield from _blocks(chunk)
            if perf_counter() >= until:  # what was given is read, and the rest waits
                break
        yield Batch(memo=follower.memo(), behind=follower.behind, problems=follower.problems)

    def _of_journal(self, memo: Any, since: float, until: float) -> Iterator[Batch]:
        journal, told = Journal(self.units, self.directory), False
        while True:
            page = journal.read(memo, since, until=until, most=_OF_JOURNAL)
            told = told or bool(page.entries) or not page.more
            problem = page.problem or ("" if told else _SILENT)
            problems = (problem,) if problem else ()
            entries = [_line_of(entry) for entry in page.entries]
            memo = page.memo
            yield Batch(entries=entries, memo=memo, behind=int(page.more), problems=problems)
            if not page.more or not page.entries or perf_counter() >= until:
                return


def _blocks(chunk: Chunk) -> Iterator[Batch]:
    """The chunk in pieces so small that most of them hold nothing of interest."""
    origin, begin, fresh = before_rotation(chunk.path), 0, chunk.fresh
    while begin < len(chunk.data):
        end = chunk.data.find(b"\n", begin + _BLOCK) + 1 or len(chunk.data)
        yield Batch(origin, chunk.data[begin:end], fresh=fresh)
        begin, fresh = end, False


def _line_of(entry: Entry) -> Line:
    """One line for one entry, even where a program writes a whole trace as one."""
    origin = entry.unit or entry.writer
    return Line(origin, entry.message, entry.at, entry.priority, entry.writer, entry.pid)


def part(memo: Any, name: str) -> Any:
    """One part of a memo that should be a mapping by text; None when it is not, or has no such part."""
    return memo.get(name) if isinstance(memo, Mapping) else None
