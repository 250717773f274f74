"""What is known of the files of one log: the places in them, the marks of those that are gone, what is past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from checks.tail.place import SAMPLE, Fit, Mark, Place, digest, mark_from, place_from
from checks.tail.present import File, Identity
from checks.tail.source import Source

KEPT = 3  # rotated files that are known one by one; older ones by their time alone
_ORPHANS = 8
_FRESH = 60 * 10**9  # nanoseconds: who lists a directory in which files are being renamed may miss some
_MOST = 500


@dataclass(slots=True)
class Known:
    """Places by device and inode, orphans with the moment when they were last there, and the moment `past`.

    Moments are times of change of the files, in nanoseconds.
    """

    places: dict[Identity, Place] = field(default_factory=dict)
    orphans: dict[Mark, int] = field(default_factory=dict)
    past: int = 0
    remembered: frozenset[Identity] = frozenset()

    def memo(self) -> Any:
        """What `known_from` takes."""
        return {
            "places": [place.memo() for place in self.places.values()],
            "orphans": [[at, mark.offset, mark.head, mark.tail] for mark, at in self.orphans.items()],
            "past": self.past,
        }

    def orphan(self, place: Place, at: int) -> None:
        """Its content is no longer there at the moment `at`."""
        del self.places[place.identity]
        if place.mark.offset:
            self.adopt(place.mark)
            self.orphans[place.mark] = at

    def adopt(self, mark: Mark) -> None:
        """Its content was found again."""
        self.orphans.pop(mark, None)

    def orphan_in(self, source: Source, fit: Fit) -> Mark | None:
        """The youngest orphan whose content is in this file."""
        return _fitting(reversed(self.orphans), source, fit)

    def other_in(self, source: Source, fit: Fit) -> Mark | None:
        """The mark of a file that is there and has the same content as this one."""
        return _fitting((place.mark for place in self.places.values() if place.mark.offset), source, fit)

    def forget(self, files: Mapping[Identity, File]) -> None:
        """Old files are known by their time alone; what rotation throws away would pile up otherwise.

        What was missed while it was renamed is found by a later look, so nothing is past that may be as young as
        that: a file is forgotten when the look before knew it, and it is not fresh.
        """
        if not files:
            return
        old = max(file.status.st_mtime_ns for file in files.values()) - _FRESH
        read = sorted(self._read(files), key=lambda file: file.age, reverse=True)
        for number, file in enumerate(read[KEPT:], KEPT):
            changed = file.status.st_mtime_ns
            if number >= _MOST or (changed < old and file.identity in self.remembered):
                self.past = max(self.past, changed)
                del self.places[file.identity]
        surplus = list(self.orphans)[:-_ORPHANS]
        for mark in [*surplus[:-_MOST], *(mark for mark in surplus[-_MOST:] if self.orphans[mark] < old)]:
            self.adopt(mark)

    def _read(self, files: Mapping[Identity, File]) -> Iterator[File]:
        """Rotated files that were read to their ends."""
        for identity, file in files.items():
            if not file.live and identity in self.places and self.places[identity].seen == file.seen:
                yield file


def _fitting(marks: Iterable[Mark], source: Source, fit: Fit) -> Mark | None:
    """The first that fits; there may be hundreds, so that the begin of the file is read once for all."""
    block = source.at(0, SAMPLE)
    begin = cache(lambda count: digest(block[:count]))
    alike = (mark for mark in marks if begin(min(mark.offset, SAMPLE)) == mark.head)
    return next((mark for mark in alike if mark.fits(source) is fit), None)


def known_from(memo: Any) -> Known | None:
    """The inverse of `Known.memo`; None for anything else."""
    match memo:
        case {"places": [*listed], "orphans": [*left], "past": int(past)}:
            places, orphans = [place_from(each) for each in listed], [_orphan_from(each) for each in left]
            known = {place.identity: place for place in places if place is not None}
            marks = dict(each for each in orphans if each is not None)
            if len(known) == len(listed) and len(marks) == len(left):
                return Known(known, marks, past, frozenset(known))
    return None


def _orphan_from(memo: Any) -> tuple[Mark, int] | None:
    match memo:
        case [int(at), *mark]:
            known = mark_from(mark)
            return None if known is None else (known, at)
    return None
