"""The mount table of this process: which mount an open file lies on.

Format: proc_pid_mountinfo(5); the id of a mount is in fdinfo, proc_pid_fdinfo(5).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

LOCAL = frozenset(
    {
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "bcachefs", "f2fs", "jfs", "reiserfs", "nilfs2"),
        *("ntfs3", "vfat", "exfat"),
    }
)
"""Of the kernel's documentation and fs(5): those that keep data on a device of this host."""

_ESCAPED = re.compile(r"\\([0-7]{3})")
_FIXED_FIELDS = 6


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the table: `device` is `major:minor`, `super_options` are the file system's own.

    `root` is the directory of the file system that is seen at `point`, `options` are this mount's alone.
    """

    mount_id: int
    device: str
    point: str
    file_system: str
    super_options: frozenset[str]
    root: str = "/"
    options: frozenset[str] = frozenset()

    @property
    def read_only(self) -> bool:
        """Whether the file system takes no writes at all; a read-only bind mount of it does not count."""
        return not self.super_options.isdisjoint({"ro", "emergency_ro"})

    @property
    def anonymous(self) -> bool:
        """Whether the device number is made up (btrfs, overlay, NFS): files may then show another."""
        return self.device.startswith("0:")


def read_mounts(root: Path = Path("/"), file_systems: str = "") -> tuple[Mount, ...]:
    """All mounts that this process can see, or those of file systems that begin so. Raises OSError without /proc.

    A host of containers has thousands, and to read a line is what costs.
    """
    table = (root / "proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    mark = f" - {file_systems}"
    return parse_table("\n".join(line for line in table.split("\n") if mark in line))


def parse_table(table: str) -> tuple[Mount, ...]:
    """The mounts of a whole table, in its order."""
    return tuple(mount for line in table.split("\n") if (mount := parse_line(line)) is not None)


def shown(mounts: Iterable[Mount]) -> list[Mount]:
    """Those that no later mount at the same place hides."""
    return list({mount.point: mount for mount in mounts}.values())


def one_per_device(mounts: Iterable[Mount]) -> list[Mount]:
    """Of several mounts of one device the one with the shortest path; ordered by path."""
    by_device: dict[str, Mount] = {}
    for mount in sorted(mounts, key=lambda each: (len(each.point), each.point)):
        by_device.setdefault(mount.device, mount)
    return sorted(by_device.values(), key=lambda each: each.point)


def parse_line(line: str) -> Mount | None:
    """The mount of one line, or None when the line is no such thing."""
    before, dash, after = line.partition(" - ")
    fixed, rest = before.split(" "), after.split(" ")
    if not dash or len(fixed) < _FIXED_FIELDS or len(rest) < 3 or not fixed[0].isdecimal():
        return None
    return Mount(
        mount_id=int(fixed[0]),
        device=fixed[2],
        point=_plain(fixed[4]),
        file_system=rest[0],
        super_options=frozenset(rest[-1].split(",")),
        root=_plain(fixed[3]),
        options=frozenset(fixed[5].split(",")),
    )


def mount_id_of(descriptor: int) -> int | None:
    """The id of the mount that an open file lies on; None when this kernel does not say."""
    found = re.search(r"^mnt_id:\s*(\d+)", Path(f"/proc/self/fdinfo/{descriptor}").read_text(), re.MULTILINE)
    return int(found[1]) if found else None


def mount_of(mounts: Sequence[Mount], mount_id: int | None, device: str) -> Mount | None:
    """The mount with that id, if its device agrees; else one of the same device.

    A name alone would not do: a mount can hide another. Where the device number is anonymous the id decides,
    because the files of one btrfs or overlay carry several. Without either nothing is certain: None.
    """
    by_id = next((mount for mount in mounts if mount.mount_id == mount_id), None)
    if by_id is not None:
        return by_id if by_id.device == device or by_id.anonymous else None
    return next((mount for mount in reversed(mounts) if mount.device == device), None)


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
