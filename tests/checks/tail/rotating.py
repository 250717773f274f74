"""Rotation as logrotate and its kin do it, and a reader that looks now and then, as a daemon does."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from checks.tail import Follower

HIGHEST = 20


class Reader:
    """Looks again and again, with what the look before left behind; `seen` counts the numbers of the lines."""

    def __init__(self, *patterns: object, back: int = 0) -> None:
        self.patterns, self.back = [str(pattern) for pattern in patterns], back
        self.memo: Any = None
        self.seen: Counter[int] = Counter()
        self.order: list[int] = []

    def look(self, limit: int = 1 << 30) -> Follower:
        """One look; the lines are `line NUMBER …`."""
        follower = Follower(self.patterns, self.memo, limit=limit, back=self.back)
        for chunk in follower.read():
            assert chunk.data.endswith(b"\n")
            numbers = [int(line.split()[1]) for line in chunk.data.splitlines()]
            self.seen.update(numbers)
            self.order += numbers
        self.memo = json.loads(json.dumps(follower.memo()))
        return follower

    def wrong(self, written: int) -> dict[int, int]:
        """The numbers below `written` that were not read exactly once."""
        return {number: self.seen[number] for number in range(written) if self.seen[number] != 1}


class Writer:
    """Writes numbered lines to a log and rotates it."""

    def __init__(self, live: Path, keep: int = HIGHEST) -> None:
        self.live, self.keep, self.written = live, keep, 0
        self._file = live.open("ab", buffering=0)

    def write(self, count: int = 1, padding: int = 0) -> None:
        for _ in range(count):
            self._file.write(b"line %d %s\n" % (self.written, b"x" * padding))
            self.written += 1

    def half(self, padding: int = 40) -> None:
        """Half of a line; `rest` writes the other half."""
        self._file.write(b"line %d %s" % (self.written, b"x" * padding))

    def rest(self) -> None:
        self._file.write(b" end\n")
        self.written += 1

    def rename(self, *, goes_on: bool = False) -> None:
        """The log is renamed; where it `goes_on` a line still comes to the old file."""
        self.shift()
        self.live.rename(self.number(1))
        if goes_on:
            self.write()
        self.reopen()

    def close(self) -> None:
        self._file.close()

    def reopen(self) -> None:
        self._file.close()
        self._file = self.live.open("ab", buffering=0)

    def copy_and_truncate(self) -> None:
        self.shift()
        shutil.copyfile(self.live, self.number(1))
        os.truncate(self.live, 0)

    def copy_and_replace(self) -> None:
        """The new file may get the inode of the old one."""
        self.shift()
        shutil.copyfile(self.live, self.number(1))
        self._file.close()
        self.live.unlink()
        self._file = self.live.open("ab", buffering=0)

    def shift(self) -> None:
        """`.1` becomes `.2` and so on; what exceeds `keep` goes."""
        for number in range(HIGHEST, 0, -1):
            for packing in ("", ".gz"):
                path = Path(f"{self.number(number)}{packing}")
                if path.exists() and number >= self.keep:
                    path.unlink()
                elif path.exists():
                    path.rename(f"{self.number(number + 1)}{packing}")

    def pack(self, number: int = 1) -> None:
        """As gzip does: the packed file is as old as the plain one, which goes."""
        path = self.number(number)
        if path.exists():
            packed = Path(f"{path}.gz")
            packed.write_bytes(gzip.compress(path.read_bytes()))
            os.utime(packed, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
            path.unlink()

    def number(self, number: int) -> Path:
        return self.live.with_name(f"{self.live.name}.{number}")
