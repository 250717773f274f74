"""The local file systems that can fill up, from the mount table."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from agent.survey.found import FileSystem, fit_to_write
from checks.mounts import Mount, parse_line

MOST = 30
# Of the kernel's documentation and fs(5): those that keep data on a device of this host.
_LOCAL = frozenset(
    {
        *("ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "bcachefs", "f2fs", "jfs", "reiserfs", "nilfs2"),
        *("ntfs3", "vfat", "exfat"),
    }
)
# What container engines and the system itself mount; the device below is another entry's, or none of ours.
_INNER = ("/proc/", "/sys/", "/dev/", "/run/", "/snap/", "/boot/efi", "/efi")
_ENGINES = (
    "/var/lib/docker/",
    "/var/lib/containers/",
    "/var/lib/containerd/",
    "/var/lib/kubelet/",
    "/var/lib/lxc",
)


def file_systems(table: str, root: Path) -> tuple[FileSystem, ...]:
    """Those of a mount table (the text of /proc/self/mountinfo), one for each device, by mount point.

    `/` is among them whatever it lies on, unless it can never be written to.
    """
    mounts = [mount for line in table.split("\n") if (mount := parse_line(line)) is not None]
    seen = {mount.point: mount for mount in mounts}  # a later mount hides an earlier one at the same place
    by_device: dict[str, Mount] = {}
    for mount in sorted(filter(_can_fill_up, seen.values()), key=lambda each: (len(each.point), each.point)):
        if mount.device not in by_device and _is_directory(root, mount.point):
            by_device[mount.device] = mount
    return tuple(FileSystem(mount.point, mount.file_system) for mount in _first(by_device.values()))


def _can_fill_up(mount: Mount) -> bool:
    if mount.read_only or not fit_to_write(mount.point) or not fit_to_write(mount.file_system):
        return False
    if mount.point == "/":
        return True
    return mount.file_system in _LOCAL and not f"{mount.point}/".startswith((*_INNER, *_ENGINES))


def _is_directory(root: Path, point: str) -> bool:
    """A container has single files of the host mounted into it. Only local file systems are asked."""
    return os.path.isdir(root / point.lstrip("/"))  # noqa: PTH112 - Path.is_dir raises where this is False


def _first(mounts: Iterable[Mount]) -> list[Mount]:
    return sorted(mounts, key=lambda mount: mount.point)[:MOST]
