"""A directory's files in one pass: the newest and the oldest, how many, how much; however many there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePath
from time import perf_counter

# Between two questions whether there is time left.
_STRIDE = 1000
_MOST = 2_000_000


class TooMany(Exception):
    """The directory cannot be counted within the deadline or our bounds; the text is one line."""


@dataclass(frozen=True, slots=True)
class Found:
    """One file: its path and what the system says of it."""

    path: str
    stat: os.stat_result


@dataclass(slots=True)
class Folder:
    """What a pass found. `newest` and `oldest` go by `written`; ties by name."""

    count: int = 0
    size: int = 0
    newest: Found | None = None
    oldest: Found | None = None

    def add(self, found: Found, written: Callable[[os.stat_result], float]) -> None:
        """Count one more."""
        self.count += 1
        self.size += found.stat.st_size
        rank = (written(found.stat), found.path)
        if self.newest is None or rank > (written(self.newest.stat), self.newest.path):
            self.newest = found
        if self.oldest is None or rank < (written(self.oldest.stat), self.oldest.path):
            self.oldest = found


def survey(
    path: str,
    fits: Callable[[str], bool],
    written: Callable[[os.stat_result], float],
    *,
    deep: bool,
    seconds: float,
) -> Folder:
    """All files that fit. Raises OSError for what may not be read, TooMany when it takes longer than `seconds`."""
    folder, began = Folder(), perf_counter()
    for number, entry in enumerate(_entries(path, deep=deep)):
        if number % _STRIDE == 0 and perf_counter() - began > seconds:
            raise TooMany(f"counted {number} entries and there are more (raise timeout:, or tidy up)")
        if number >= _MOST:
            raise TooMany(f"more than {_MOST} entries")
        if fits(entry.name) and entry.is_file(follow_symlinks=False):
            try:
                folder.add(Found(entry.path, entry.stat(follow_symlinks=False)), written)
            except FileNotFoundError:  # taken away between being listed and being looked at
                continue
    return folder


def _entries(path: str, *, deep: bool) -> Iterator[os.DirEntry[str]]:
    """Everything in the directory, and below it if asked; a directory that goes away meanwhile is empty."""
    waiting = [path]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    yield entry
                    if deep and entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except FileNotFoundError:
            if here == path:
                raise


def by_name(pattern: str | None) -> Callable[[str], bool]:
    """As in a shell: `*` does not stand for the dot that hides a file. Without a pattern everything fits."""
    if pattern is None:
        return lambda _name: True
    hidden = pattern.startswith(".")
    return lambda name: (hidden or not name.startswith(".")) and fnmatchcase(name, pattern)


def below(path: str, folder: str) -> str:
    """The path as seen from the folder."""
    return str(PurePath(path).relative_to(folder))
