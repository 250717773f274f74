"""Which files belong to one log at one moment: the live one, and what rotation made of those before it."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, TypeAlias

from checks.tail.names import PACKED, Folder, Folders
from checks.tail.source import Source, not_regular, why

Identity: TypeAlias = tuple[int, int]
_TRIES = 3


class File(NamedTuple):
    """A file that was there when the directory was listed."""

    path: str
    status: os.stat_result
    live: bool

    @property
    def identity(self) -> Identity:
        return self.status.st_dev, self.status.st_ino

    @property
    def seen(self) -> tuple[int, int]:
        return self.status.st_size, self.status.st_mtime_ns

    @property
    def age(self) -> tuple[int, bool]:
        """Oldest first; where a file and its packed copy are equally old, the file itself."""
        return self.status.st_mtime_ns, self.path.endswith(PACKED)

    def opened(self) -> Source | None:
        """The file itself, also when it was renamed just now; None when it is gone. Raises Unreadable."""
        source = self._opened_at(self.path)
        directory, _ = os.path.split(os.path.realpath(self.path))
        for _ in range(_TRIES):
            if source is not None:
                break
            names = Folder(directory).inodes.get(self.status.st_ino, ())
            source = next(filter(None, (self._opened_at(f"{directory}/{name}") for name in names)), None)
        return source

    def _opened_at(self, path: str) -> Source | None:
        try:
            source = Source(path)
        except OSError:
            return None
        if (source.stat.st_dev, source.stat.st_ino) == self.identity:
            return source
        source.close()
        return None


class Present:
    """The files of the log at `path`, by device and inode; why the live one cannot be read, or that it is missing.

    `known` are paths and inodes of files that belong to it whatever they are called now, `others` the paths of
    other logs.
    """

    def __init__(
        self, path: str, known: Sequence[tuple[str, int]], folders: Folders, others: Collection[str]
    ) -> None:
        self.path, self.problem, self.missing = path, "", False
        self.files: dict[Identity, File] = {}
        self._known, self._others = known, others
        self._find_live()
        for _ in range(_TRIES):
            if not self._find_rotated(folders):
                break
            folders = Folders()

    def _find_live(self) -> None:
        try:
            status = Path(self.path).stat()
            self.problem = not_regular(self.path, status) or ""
            if not self.problem:
                self._note(self.path, status, live=True)
        except OSError as error:
            reason = why(self.path, error)
            self.missing = reason is error
            self.problem = "" if self.missing else str(reason)

    def _note(self, path: str, status: os.stat_result, *, live: bool) -> None:
        file = File(path, status, live)
        if path not in self._others and file.identity not in self.files and not not_regular(path, status):
            self.files[file.identity] = file

    def _find_rotated(self, folders: Folders) -> bool:
        """Note what is there; whether something was renamed between the listing and the asking."""
        moved = False
        for path, inode in self._candidates(folders):
            try:
                status = Path(path).stat()
            except OSError:
                moved = moved or inode is not None
                continue
            self._note(path, status, live=False)
            moved = moved or inode not in (None, status.st_ino)
        return moved

    def _candidates(self, folders: Folders) -> Iterator[tuple[str, int | None]]:
        """Paths, and the inodes that were listed there."""
        yield from ((path, None) for path, _ in self._known)
        for path in dict.fromkeys((self.path, os.path.realpath(self.path))):
            directory, name = os.path.split(path)
            folder = folders.at(directory or ".")
            if folder.problem is not None:
                self._tell_of(folder)
            listed = dict(folder.rotated.get(name, {}))
            for _, inode in self._known:
                listed |= dict.fromkeys(folder.inodes.get(inode, ()), inode)
            yield from ((f"{directory}/{each}", inode) for each, inode in listed.items())

    def _tell_of(self, folder: Folder) -> None:
        if folder.problem is not None and folder.problem.errno != errno.ENOENT and not self.problem:
            self.problem = f"{why(folder.path, folder.problem)}: lines right before a rotation are lost"
