"""One log: the file at its path, and whatever rotation made of those that stood there before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from checks.tail.known import KEPT, Known, known_from
from checks.tail.names import PACKED, Folders
from checks.tail.place import LONGEST, Fit, Place, mark_at
from checks.tail.present import File, Present
from checks.tail.source import Source, Unfinished, Unreadable, why


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole lines of one file, read in one go; `fresh` when they are the first ones of that file."""

    path: str
    data: bytes
    fresh: bool


class Log:
    """Reads what is new in one log, rotated predecessors first.

    A file is known by device and inode, and its content by its first bytes and those before the position. A file
    whose content is gone leaves an orphan: a mark that finds the same content in another file, copied or packed.
    Unknown files with rotated names are read when they changed after `past`; before the first look nothing is new.
    """

    def __init__(self, path: str, memo: Any, back: int, others: Collection[str] = ()) -> None:
        """`back`: how much of the end is read at the first look. `others` are the paths of other logs."""
        self.path, self.problem, self.missing, self.done = path, "", False, False
        self.readable = False
        self.overlong = 0
        self._back, self._others = back, others
        known = known_from(memo)
        self._begun = known is not None
        self._known = known or Known()
        self._places = self._known.places
        self._files: dict[tuple[int, int], File] = {}
        self._left = 0

    def memo(self) -> Any:
        """What to give to the next one; None while the first look is still to come."""
        if not self._begun:
            return None
        return self._known.memo()

    def read(self, folders: Folders, most: int) -> Iterator[Chunk]:
        """About `most` bytes; `done` when there is no more for now."""
        self._left = most
        self._list(folders)
        if not self._begun:
            self._begin()
        self._recognise()
        for file in self._in_order():
            if self._left <= 0:
                return
            yield from self._finish(file)
        if self._left > 0:
            self._known.forget(self._files)
            self.done = True

    def unread(self, folders: Folders) -> int:
        """Bytes that are there and were not read; of packed files about so many."""
        if self.done:
            return 0
        if not self._files:
            self._list(folders)
        return sum(self._unread(file) for file in self._in_order())

    def _unread(self, file: File) -> int:
        place, size = self._places.get(file.identity), file.status.st_size
        if place is None:
            return size if self._begun else min(size, self._back)
        return 0 if place.seen == file.seen else max(size - place.mark.offset, 0)

    def _list(self, folders: Folders) -> None:
        known = [(place.path, place.inode) for place in self._places.values()]
        there = Present(self.path, known, folders, self._others)
        self._files, self.problem, self.missing = there.files, there.problem, there.missing
        self.readable = any(file.live for file in self._files.values())

    @contextmanager
    def _reading(self, file: File) -> Iterator[Source | None]:
        """The file that was listed; None when another one stands there by now, or it cannot be read.

        What reading raises ends the block: a packed file that is not finished is left until it changes, any other
        trouble becomes the log's problem.
        """
        try:
            source = file.opened()
        except Unreadable as error:
            source, self.problem = None, str(error)
            self.readable = self.readable and not file.live
        if source is None:
            yield None
            return
        try:
            with source:
                yield source
        except Unfinished:
            place = self._places.get(file.identity)
            if place is not None:
                place.seen = file.seen
        except OSError as error:
            self.problem = str(why(file.path, error))
            self.readable = self.readable and not file.live

    def _in_order(self) -> list[File]:
        """Predecessors that are known, then new ones, each oldest first; the live file last."""
        rotated = sorted((file for file in self._files.values() if not file.live), key=lambda file: file.age)
        known = [file for file in rotated if file.identity in self._places]
        new = [file for file in rotated if self._is_new(file)]
        return [*known, *new, *(file for file in self._files.values() if file.live)]

    def _is_new(self, file: File) -> bool:
        """Not known, nor older than all that is; nor a packed file that is being made of another one."""
        if file.identity in self._places or not self._begun or file.status.st_mtime_ns <= self._known.past:
            return False
        plain = file.path.removesuffix(next((each for each in PACKED if file.path.endswith(each)), ""))
        return plain == file.path or all(each.path != plain for each in self._files.values())

    def _begin(self) -> None:
        """The first look: from how far before the end on lines are read; all that is older is past."""
        newest = sorted(self._files.values(), key=lambda file: (file.live, file.age), reverse=True)
        room, kept = self._back, 0
        for file in newest:
            if kept > KEPT or (file.path.endswith(PACKED) and not file.live):
                self._known.past = max(self._known.past, file.status.st_mtime_ns)
                continue
            with self._reading(file) as source:
                if source is not None:
                    room -= self._begin_in(file, source, room)
                    kept += 1
        self._begun = self.missing or any(file.live for file in newest if file.identity in self._places)
        if not self._begun:
            self._places.clear()

    def _begin_in(self, file: File, source: Source, room: int) -> int:
        """Where to begin in one file; how many bytes there are from there on."""
        size = source.size
        place = Place(file.path, *file.identity)
        if source.packed and size > room:
            place.seen = file.seen
        elif size > room:
            place.mark = mark_at(source, _line_start(source, size - room, size))
        self._places[place.identity] = place
        return size - place.mark.offset if place.seen is None else 0

    def _recognise(self) -> None:
        """Known files that hold something else by now, or are gone, leave their orphans."""
        newest = max((file.status.st_mtime_ns for file in self._files.values()), default=0)
        for place in list(self._places.values()):
            file = self._files.get(place.identity)
            if file is None or (place.seen != file.seen and not place.mark.offset):
                self._known.orphan(place, newest)
            elif place.seen != file.seen:
                with self._reading(file) as source:
                    if source is not None:
                        self._compare(place, file, source)

    def _compare(self, place: Place, file: File, source: Source) -> None:
        fit = place.mark.fits(source)
        if fit is Fit.OTHER:
            self._known.orphan(place, file.status.st_mtime_ns)
        elif fit is Fit.SHORTER:
            self._cut_short(place, file, source)

    def _cut_short(self, place: Place, file: File, source: Source) -> None:
        """What it holds was read: a live file goes on from its end, a copy may still be in the making."""
        if file.live and not source.packed:
            place.mark = mark_at(source, source.size)
        else:
            place.seen = file.seen

    def _finish(self, file: File) -> Iterator[Chunk]:
        """Read one file to its end, or as far as may be."""
        place = self._places.get(file.identity)
        if place is not None and place.seen == file.seen:
            place.path = file.path
            return
        with self._reading(file) as source:
            place = place or (None if source is None else self._placed(file, source))
            if source is None or place is None or place.seen == file.seen:
                return
            place.path, place.seen = file.path, None
            fresh = place.mark.offset == 0
            for data in place.read(source, self._left):
                if data is None:
                    self.overlong += 1
                    continue
                self._left -= len(data)
                yield Chunk(file.path, data, fresh)
                fresh = False
            if place.seen is None:  # there is more of it, and it comes before all that follows
                self._left = 0

    def _placed(self, file: File, source: Source) -> Place | None:
        """The place in a file not known before; None for a copy of one that is, or where one may be coming."""
        if not file.live and (source.size == 0 or self._copies_live(source)):
            return None
        place = Place(file.path, *file.identity)
        for fit in (Fit.SAME, Fit.SHORTER):
            orphan = self._known.orphan_in(source, fit)
            mark = orphan or self._known.other_in(source, fit)
            if mark is None:
                continue
            if orphan is None and not file.live:
                return None
            self._known.adopt(mark)
            place.mark = mark
            if fit is Fit.SHORTER:
                self._cut_short(place, file, source)
            break
        self._places[place.identity] = place
        return place

    def _copies_live(self, source: Source) -> bool:
        """Whether all that is in it also stands in the live file: that one is about to be emptied."""
        live = next((file for file in self._files.values() if file.live), None)
        if live is None or source.packed:
            return False
        with self._reading(live) as other:
            if other is not None:
                return mark_at(source, source.size).fits(other) is Fit.SAME
        return False


def _line_start(source: Source, position: int, size: int) -> int:
    """Where the first line begins at or after the position, or the half line at the end of the file."""
    after = source.at(position - 1, min(size - position + 1, LONGEST)).find(b"\n")
    if after >= 0:
        return position + after
    begin = max(position - LONGEST, 0)
    return begin + source.at(begin, position - begin).rfind(b"\n") + 1
