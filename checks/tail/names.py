"""What rotation makes of names: `access.log.1`, `access.log-20261122.gz`, `access-20261122.log`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

PACKED = (".gz", ".bz2", ".xz")
_PACKING = re.compile(r"\.(?:gz|bz2|xz|zst|lz4|Z)$")
_AFTER = re.compile(r"(.+?)(?:[._-]\d[\dTZ:._+-]*|\.old)")
_WITHIN = re.compile(r"(.+?)[._-]?\d[\dTZ:_-]{5,}(\.[A-Za-z]\w*)")


def live_name(name: str) -> str | None:
    """The name that a file had before it was rotated; None when its name does not look rotated."""
    plain = _PACKING.sub("", name)
    after = _AFTER.fullmatch(plain)
    if after:
        return after[1]
    within = _WITHIN.fullmatch(plain)
    if within:
        return within[1] + within[2]
    return plain if plain != name else None


def follows(name: str) -> str | None:
    """The live name, when rotation only put something behind it: `web-20261122.log` may be live itself."""
    live = live_name(name)
    return live if live is not None and name.startswith(live) else None


def before_rotation(path: str) -> str:
    """The log that a rotated file belongs to: what is written on while it is renamed belongs there, too."""
    directory, name = os.path.split(path)
    live = follows(name)
    return path if live is None else f"{directory}/{live}"


@dataclass(slots=True)
class Folder:
    """The names in one directory at one moment: by the live name that they come from, and by inode."""

    path: str
    rotated: dict[str, dict[str, int]] = field(default_factory=dict)
    inodes: dict[int, list[str]] = field(default_factory=dict)
    problem: OSError | None = None

    def __post_init__(self) -> None:
        try:
            for name, inode in _entries(self.path):
                self.inodes.setdefault(inode, []).append(name)
                live = live_name(name)
                if live is not None:
                    self.rotated.setdefault(live, {})[name] = inode
        except OSError as error:
            self.problem = error


def _entries(path: str) -> Iterator[tuple[str, int]]:
    with os.scandir(path) as listed:
        for entry in listed:
            yield entry.name, entry.inode()


class Folders:
    """Every directory that a look needs, listed once."""

    def __init__(self) -> None:
        self._known: dict[str, Folder] = {}

    def at(self, path: str) -> Folder:
        if path not in self._known:
            self._known[path] = Folder(path)
        return self._known[path]
