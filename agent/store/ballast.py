"""The ballast: a file that only takes up space, thrown off when the disk is full, so that the store goes on a while."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

FILE_NAME = "tocsin.ballast"
# It is taken in only while so many times its size is free: else it would fill the disk itself.
_ROOM = 8


class Ballast:
    """Of so many bytes, in the state directory; 0: there is none."""

    def __init__(self, directory: Path, size: int) -> None:
        self._path, self.size = directory / FILE_NAME, size

    @property
    def on_board(self) -> bool:
        """Whether it is there, as large as it is to be; where none is wanted nothing is lacking."""
        return self.size == 0 or self._there() == self.size

    def take_in(self) -> bool:
        """Make it, where it lacks and there is room; whether it was made. Raises nothing: there is a next time."""
        if self._there() == self.size or (self.size == 0 and not self._path.exists()):
            return False
        if self.size == 0:
            self.throw_off()
            return False
        if free(self._path.parent) < _ROOM * self.size:
            return False
        try:
            file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                os.ftruncate(file, 0)
                os.posix_fallocate(file, 0, self.size)
            finally:
                os.close(file)
        except OSError:
            self.throw_off()
            return False
        return True

    def throw_off(self) -> bool:
        """Free its space; whether there was any."""
        there = self._there()
        with contextlib.suppress(OSError):
            self._path.unlink()
        return bool(there) and not self._path.exists()

    def _there(self) -> int:
        try:
            return self._path.lstat().st_size
        except OSError:
            return 0


def free(directory: Path) -> int:
    """Bytes that we could still write there; 0 where nobody knows."""
    try:
        there = os.statvfs(directory)
    except OSError:
        return 0
    return there.f_bavail * there.f_frsize
