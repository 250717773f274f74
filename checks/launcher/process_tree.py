"""Which processes there are: below one of them, and on the whole host."""

from __future__ import annotations

import os
from collections.abc import Iterator


def on_the_host() -> int:
    """How many processes and threads there are, by /proc/loadavg; 0 where it cannot be read."""
    try:
        return int(_read("/proc/loadavg").split()[3].partition(b"/")[2])
    except (OSError, ValueError, IndexError):
        return 0


def descendants(of: int) -> list[int]:
    """Every living process below this one, by /proc."""
    children: dict[int, list[int]] = {}
    for pid, parent in _all():
        children.setdefault(parent, []).append(pid)
    found, above = [], [of]
    while above:
        below = children.pop(above.pop(), [])
        found += below
        above += below
    return found


def in_their_order(of: int) -> Iterator[int]:
    """The same one by one in the order of their numbers: what they fork in the meantime mostly comes later.

    Where the numbers have begun anew, one that is older than its parent is passed over until it has lost it.
    """
    family = {of}
    for pid, parent in _all():
        if parent in family:
            family.add(pid)
            yield pid


def _all() -> Iterator[tuple[int, int]]:
    with os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdecimal():
                yield int(entry.name), _parent(entry.name)


def _parent(pid: str) -> int:
    """0 for one that has ended."""
    try:
        # The name in brackets may hold anything, brackets too.
        state, parent = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[:2]
    except (OSError, ValueError):
        return 0
    return 0 if state in (b"Z", b"X") else int(parent)


def _read(path: str) -> bytes:
    """The first bytes of a file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 512)
    finally:
        os.close(descriptor)
