"""An open file, plain or packed, read by position; and why one could not be opened."""

from __future__ import annotations

import bz2
import errno
import grp
import gzip
import io
import lzma
import os
import stat
import zlib
from contextlib import suppress
from pathlib import Path
from typing import IO, Self, cast

from checks.tail.names import PACKED
from checks.text import visible

# Packed files have no positions of their own: whatever lies before one is unpacked first, each time.
MOST_UNPACKED = 1 << 30
_SEEK_DATA = getattr(os, "SEEK_DATA", None)


class Unreadable(Exception):
    """Why a file cannot be read, with the remedy."""


class Unfinished(Exception):
    """A packed file ends too early: it is being written, or damaged."""


class Source:
    """A regular file, open for reading. Raises OSError when it is gone, Unreadable with the reason otherwise."""

    def __init__(self, path: str) -> None:
        self.path, self.packed = path, path.endswith(PACKED)
        try:
            told = not_regular(path, Path(path).stat())
            if told:  # asked before opening: to open a device may do something
                raise Unreadable(told)
            self._file = io.FileIO(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY))
        except OSError as error:
            raise why(path, error) from error
        self._fd = self._file.fileno()
        self.stat = os.fstat(self._fd)
        self._unpacking: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._unpacking is not None:
            self._unpacking.close()
        self._file.close()

    @property
    def size(self) -> int:
        """Bytes of text in it; of a packed file what it says of itself (a guess for bzip2 and xz)."""
        if self.path.endswith(".gz") and self.stat.st_size >= 18:
            return int.from_bytes(os.pread(self._fd, 4, self.stat.st_size - 4), "little")
        return os.fstat(self._fd).st_size

    def at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset` on; fewer at the end. Raises Unfinished, OSError."""
        if not self.packed:
            return os.pread(self._fd, count, offset)
        try:
            if offset > MOST_UNPACKED:
                raise EOFError
            if self._unpacking is None:
                self._unpacking = self._opened()
            self._unpacking.seek(offset)
            return self._unpacking.read(count)
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
            raise Unfinished from error
        except OSError as error:
            if error.errno is None:  # how bz2 says that the data make no sense
                raise Unfinished from error
            raise

    def next_data(self, offset: int) -> int:
        """Where something stands after a hole that begins at `offset`; `offset` itself when nobody can tell."""
        if self.packed or _SEEK_DATA is None:
            return offset
        try:
            return os.lseek(self._fd, offset, _SEEK_DATA)
        except OSError as error:
            return os.fstat(self._fd).st_size if error.errno == errno.ENXIO else offset

    def _opened(self) -> IO[bytes]:
        if self.path.endswith(".gz"):
            return cast(IO[bytes], gzip.GzipFile(fileobj=self._file, mode="rb"))
        opener = bz2.open if self.path.endswith(".bz2") else lzma.open
        return cast(IO[bytes], opener(self._file, "rb"))


def not_regular(path: str, status: os.stat_result) -> str | None:
    """What the path is instead of a file with lines in it."""
    shown, kind = visible(path, 120), status.st_mode
    if stat.S_ISREG(kind):
        return None
    if stat.S_ISDIR(kind):
        return f"{shown} is a directory (name the files in it: {shown}/*.log)"
    return f"{shown} is no regular file (have the program write its log to a file)"


def why(path: str, error: OSError) -> Exception:
    """The same error where the file is gone; else a reason with its remedy."""
    shown = visible(path, 120)
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return error
    if error.errno in {errno.EACCES, errno.EPERM}:
        return Unreadable(f"may not read {shown} ({_remedy(path)})")
    return Unreadable(f"cannot read {shown}: {(error.strerror or str(error)).lower()}")


def _remedy(path: str) -> str:
    group = _group_that_may(Path(path))
    if group is None:
        return "add the service's user to the group that may, often adm: usermod -aG adm tocsin"
    if group == "root":  # nobody should join it for a log
        return "let the service's user read it, as with chgrp adm and chmod g+rX"
    return f"add the service's user to group {visible(group, 40)}: usermod -aG {visible(group, 40)} tocsin"


def _group_that_may(path: Path) -> str | None:
    """The group of the file, or of the directory above it that lets nobody else in; root when no group may."""
    for each in (path, *path.parents):
        with suppress(OSError, KeyError):
            status = each.stat()
            return grp.getgrgid(status.st_gid).gr_name if status.st_mode & stat.S_IRGRP else "root"
    return None
