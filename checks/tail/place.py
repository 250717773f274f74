"""How far one file has been read, and how to know its content again under another name, inode or packing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from hashlib import blake2b
from typing import Any

from checks.tail.source import MOST_UNPACKED, Source

SAMPLE = 2048
LONGEST = 1 << 20  # bytes: a line that is longer is skipped
_BIGGEST = 1 << 63
_DIGEST = re.compile(r"[0-9a-f]{16}")


def digest(data: bytes) -> str:
    return blake2b(data, digest_size=8).hexdigest()


_NOTHING = digest(b"")
_BLANK = digest(bytes(SAMPLE))


class Fit(Enum):
    """Whether a file holds the content that was read so far."""

    SAME = auto()
    SHORTER = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Mark:
    """A position in some content: digests of its first bytes and of those right before the position."""

    offset: int = 0
    head: str = _NOTHING
    tail: str = _NOTHING

    def fits(self, source: Source) -> Fit:
        """SHORTER: it begins the same, but ends before the position. Raises what reading raises."""
        if self.offset == 0:
            return Fit.SAME
        count = min(self.offset, SAMPLE)
        if digest(source.at(0, count)) != self.head:
            return Fit.OTHER
        if source.packed and self.offset > MOST_UNPACKED:
            return Fit.SHORTER
        before = source.at(self.offset - count, count)
        if len(before) < count:
            # A hole that a truncation left behind tells nothing; and it may have been emptied just now.
            same = self.head != _BLANK and digest(source.at(0, count)) == self.head
            return Fit.SHORTER if same else Fit.OTHER
        return Fit.SAME if digest(before) == self.tail else Fit.OTHER


def mark_at(source: Source, offset: int) -> Mark:
    """The mark of a position that nothing was read up to."""
    count = min(offset, SAMPLE)
    return Mark(offset, digest(source.at(0, count)), digest(source.at(offset - count, count)))


@dataclass(slots=True)
class Place:
    """A file and the position in it. `seen` is its size and time of change when it was read to its end."""

    path: str
    device: int
    inode: int
    mark: Mark = Mark()
    seen: tuple[int, int] | None = None
    overlong: bool = False

    @property
    def identity(self) -> tuple[int, int]:
        return self.device, self.inode

    def memo(self) -> list[Any]:
        mark = self.mark
        seen = None if self.seen is None else list(self.seen)
        place = [self.path, self.device, self.inode, mark.offset, mark.head, mark.tail]
        return [*place, seen, self.overlong]

    def read(self, source: Source, most: int) -> Iterator[bytes | None]:
        """Whole lines, about `most` bytes; None stands for a line too long to be given. Raises as the source does.

        The bytes before the position are read again with each block: a file that was exchanged or emptied in
        place meanwhile is noticed, and left for the next look. What was yielded counts as read.
        """
        while most > 0:
            lead = min(self.mark.offset, SAMPLE)
            raw = source.at(self.mark.offset - lead, lead + LONGEST)
            if digest(raw[:lead]) != (self.mark.tail if lead else _NOTHING):
                return
            step = self._step(raw[lead:], most, final=source.packed)
            if step is None:
                self.ends(source)
                return
            taken, given = step
            self._advance(source, raw, lead + taken)
            most -= taken
            if given != b"":
                yield given

    def ends(self, source: Source) -> None:
        """Nothing more is in it, until it changes."""
        self.seen = source.stat.st_size, source.stat.st_mtime_ns

    def _step(self, block: bytes, most: int, *, final: bool) -> tuple[int, bytes | None] | None:
        """How many bytes to take, and what to give of them; None when the end, or half a line, is reached."""
        if not block:
            return None
        if self.overlong:
            end = block.find(b"\n") + 1
            self.overlong = not end
            return end or len(block), b""
        end = block.rfind(b"\n", 0, most) + 1 or block.find(b"\n") + 1
        if end:
            return end, _without_nuls(block[:end])
        rest = block.lstrip(b"\0")
        if len(rest) < len(block):  # where a program went on writing after its log was emptied
            return len(block) - len(rest), b""
        if len(block) >= LONGEST:
            self.overlong = True
            return len(block), None
        return (len(block), _without_nuls(block) + b"\n") if final else None

    def _advance(self, source: Source, raw: bytes, end: int) -> None:
        """The new mark is made of bytes that were read, not of what the file may hold by now."""
        lead = min(self.mark.offset, SAMPLE)
        offset = self.mark.offset + end - lead
        head = self.mark.head if lead == SAMPLE else digest(raw[: min(end, SAMPLE)])
        self.mark = Mark(offset, head, digest(raw[max(end - SAMPLE, 0) : end]))
        if end == len(raw) and not raw[lead:].strip(b"\0"):
            after = source.next_data(offset)
            if after > offset:
                self.mark = mark_at(source, after)


def _without_nuls(data: bytes) -> bytes:
    return data.replace(b"\0", b"") if b"\0" in data else data


def place_from(memo: Any) -> Place | None:
    """The inverse of `Place.memo`; None for anything else."""
    match memo:
        case [str(path), int(device), int(inode), *mark, seen, bool(overlong)]:
            known, pair = mark_from(mark), _pair(seen)
            if known is None or (seen is not None and pair is None) or "\0" in path:
                return None
            return Place(path, device, inode, known, pair, overlong)
    return None


def mark_from(memo: Any) -> Mark | None:
    """A mark of `[offset, head, tail]`; None for anything else."""
    match memo:
        case [int(offset), str(head), str(tail)] if 0 <= offset < _BIGGEST:
            return Mark(offset, head, tail) if _DIGEST.fullmatch(head) and _DIGEST.fullmatch(tail) else None
    return None


def _pair(memo: Any) -> tuple[int, int] | None:
    match memo:
        case [int(size), int(changed)]:
            return size, changed
    return None
