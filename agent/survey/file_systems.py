"""The local file systems that can fill up, from the mount table."""

from __future__ import annotations

import os
from pathlib import Path

from agent.survey.found import FileSystem, fit_to_write
from checks.mounts import LOCAL, Mount, one_per_device, parse_table, shown

MOST = 30
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
    mounts = filter(_can_fill_up, shown(parse_table(table)))
    chosen = one_per_device(mount for mount in mounts if _is_directory(root, mount.point))
    return tuple(FileSystem(mount.point, mount.file_system) for mount in chosen[:MOST])


def _can_fill_up(mount: Mount) -> bool:
    if mount.read_only or not fit_to_write(mount.point) or not fit_to_write(mount.file_system):
        return False
    if mount.point == "/":
        return True
    return mount.file_system in LOCAL and not f"{mount.point}/".startswith((*_INNER, *_ENGINES))


def _is_directory(root: Path, point: str) -> bool:
    """A container has single files of the host mounted into it. Only local file systems are asked."""
    return os.path.isdir(root / point.lstrip("/"))  # noqa: PTH112 - Path.is_dir raises where this is False
