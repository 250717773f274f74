"""The control group this program runs in: limits on processors and memory, and what is used of them.

Formats: cgroups(7), Documentation/admin-guide/cgroup-v2 and cgroup-v1 of the kernel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

from checks.mounts import Mount, read_mounts

Scope = Literal["auto", "host", "cgroup"]
SCOPE = (
    "whose figures: `host`, `cgroup` (the tightest limit around the agent), or `auto`: a container's limit "
    "where the agent runs in one that has it, else the host's"
)

_NO_LIMIT = 1 << 60  # version 1 writes a huge number where there is none


@dataclass(frozen=True, slots=True)
class Memory:
    """A group with a limit on memory; bytes. `used` leaves out the cache that can be given back at once."""

    group: Path
    limit: int
    used: int


@dataclass(frozen=True, slots=True)
class Processors:
    """A group with a limit on processor time.

    `quota` is how many processors it may use, `usage` processor seconds so far; of its `periods` it had to
    wait in `throttled`.
    """

    group: Path
    quota: float
    usage: float
    periods: int
    throttled: int


def memory(root: Path = Path("/"), *, top_only: bool = False) -> Memory | None:
    """The tightest limit on memory around this program; None without any.

    With `top_only` that of the whole tree as this program sees it: it has one in a container alone. The
    limits further down are those of one service on a host, and say nothing about the host.
    """
    found = [each for group in groups("memory", root, top_only=top_only) if (each := _memory_of(group))]
    return min(found, key=lambda each: each.limit - each.used, default=None)


def processors(root: Path = Path("/"), *, top_only: bool = False) -> Processors | None:
    """The tightest limit on processor time around this program; None without any. `top_only` as above."""
    usage_of = {_below(group): group for group in groups("cpuacct", root)}
    found = [
        each
        for group in groups("cpu", root, top_only=top_only)
        if (each := _processors_of(group, usage_of.get(_below(group), group).path))
    ]
    return min(found, key=lambda each: each.quota, default=None)


@dataclass(frozen=True, slots=True)
class Group:
    """A directory of a tree of groups, and the tree's top."""

    path: Path
    top: Path


def groups(controller: str, root: Path = Path("/"), *, top_only: bool = False) -> list[Group]:
    """Those around this program, from the top of the visible tree down to its own; none where there is no tree."""
    try:
        own = _own_group(controller, (root / "proc/self/cgroup").read_text())
        mount = _tree(controller, read_mounts(root, "cgroup"), version=own[0]) if own else None
    except (OSError, UnicodeError):
        return []
    if own is None or mount is None:
        return []
    top = root / mount.point.lstrip("/")
    parts = () if top_only else _parts(own[1], mount.root)
    paths = [top, *(top.joinpath(*parts[: depth + 1]) for depth in range(len(parts)))]
    return [Group(path, top) for path in paths if path.is_dir()]


def _own_group(controller: str, text: str) -> tuple[int, str] | None:
    """Version and path. Version 1 names its controllers; version 2 is the line with number 0 that names none."""
    second = None
    for line in text.splitlines():
        number, _, rest = line.partition(":")
        names, _, path = rest.partition(":")
        if controller in names.split(","):
            return 1, path
        if number == "0" and not names:
            second = path
    return None if second is None else (2, second)


def _tree(controller: str, mounts: tuple[Mount, ...], *, version: int) -> Mount | None:
    if version == 2:
        return next((mount for mount in mounts if mount.file_system == "cgroup2"), None)
    return next(
        (each for each in mounts if each.file_system == "cgroup" and controller in each.super_options), None
    )


def _parts(path: str, root: str) -> tuple[str, ...]:
    """The way from the top of the mounted tree to the group; none when the group lies outside of it."""
    own, seen = PurePosixPath(path), PurePosixPath(root)
    if ".." in own.parts or not own.is_relative_to(seen):
        return ()
    return own.relative_to(seen).parts


def _below(group: Group) -> Path:
    return group.path.relative_to(group.top)


def _memory_of(group: Group) -> Memory | None:
    limit = _number(group.path / "memory.max")
    if limit is not None:
        used, cache = _number(group.path / "memory.current"), _field(group.path, "memory", "inactive_file")
    else:
        limit = _number(group.path / "memory.limit_in_bytes")
        used = _number(group.path / "memory.usage_in_bytes")
        cache = _field(group.path, "memory", "total_inactive_file")
    if limit is None or used is None or not 0 < limit < _NO_LIMIT:
        return None
    return Memory(group.path, limit, max(0, used - cache))


def _processors_of(group: Group, accounts: Path) -> Processors | None:
    quota, period = _quota(group.path)
    if quota <= 0 or period <= 0:
        return None
    nanoseconds = _number(accounts / "cpuacct.usage")
    microseconds = _field(group.path, "cpu", "usage_usec")
    return Processors(
        group=group.path,
        quota=quota / period,
        usage=microseconds / 1e6 if nanoseconds is None else nanoseconds / 1e9,
        periods=_field(group.path, "cpu", "nr_periods"),
        throttled=_field(group.path, "cpu", "nr_throttled"),
    )


def _quota(group: Path) -> tuple[int, int]:
    """Microseconds of processor time in each period of so many microseconds; 0 without a limit."""
    words = _text(group / "cpu.max").split()
    if len(words) == 2:
        return (int(words[0]), int(words[1])) if words[0].isdecimal() and words[1].isdecimal() else (0, 0)
    return _number(group / "cpu.cfs_quota_us") or 0, _number(group / "cpu.cfs_period_us") or 0


def _field(group: Path, controller: str, name: str) -> int:
    """A line of the group's statistics; 0 when it is not there."""
    return _statistics(_text(group / f"{controller}.stat")).get(name, 0)


def _statistics(text: str) -> Mapping[str, int]:
    words = (line.split() for line in text.splitlines())
    return {pair[0]: int(pair[1]) for pair in words if len(pair) == 2 and pair[1].isdecimal()}


def _number(file: Path) -> int | None:
    text = _text(file).strip()
    return int(text) if text.isdecimal() else None


def _text(file: Path) -> str:
    """Empty when it cannot be read: a group may go at any moment, and most files stand in some groups only."""
    try:
        return file.read_text()
    except (OSError, UnicodeError):
        return ""
