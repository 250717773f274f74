"""All local file systems: which of the mounts are looked at, and one observation of them together."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Any

from checks.base import ErrorKind, Observation
from checks.disk.file_system import cannot, look, observe
from checks.mounts import LOCAL, Mount, one_per_device, read_mounts, shown
from checks.text import visible

MOST = 100
# Always full, never written to.
_IMAGES = frozenset({"squashfs", "erofs", "iso9660", "udf", "cramfs", "romfs"})
# The kernel's own, and what is mounted over it to hide it.
_KERNEL = ("/proc/", "/sys/", "/dev/")


def sample_all(exclude: Sequence[str], memo: Any, at: float, *, write: bool = False) -> Observation:
    """One part for each file system, the fullest first. The memo has the samples of each by mount point."""
    try:
        mounts = local_mounts(read_mounts(), exclude)
    except OSError as error:
        why = f"cannot read the mount table: {(error.strerror or str(error)).lower()}"
        return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=memo)
    known = memo if isinstance(memo, dict) else {}
    found = {
        each.point: seen
        for each in mounts[:MOST]
        if (seen := _seen(each, known.get(each.point), at, write=write))
    }
    parts = {
        visible(point): seen for point, seen in sorted(found.items(), key=_fullest) if seen.blind is None
    }
    notes = [seen.blind for seen in found.values() if seen.blind is not None]
    notes += (
        [f"{len(mounts) - MOST} more are not looked at (leave some out with `exclude`)"]
        if len(mounts) > MOST
        else []
    )
    memory = {point: seen.memo for point, seen in found.items()}
    if not parts:
        why = "; ".join(notes[:3]) or "there is no local file system to look at (check `exclude`)"
        return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=memory)
    return Observation(parts=parts, memo=memory, notes=tuple(notes))


def local_mounts(mounts: Iterable[Mount], exclude: Sequence[str] = ()) -> list[Mount]:
    """Those that keep data of this host, each device once, by path."""
    wanted = [mount for mount in shown(mounts) if _is_local(mount) and not _is_excluded(mount, exclude)]
    return one_per_device(mount for mount in wanted if os.path.isdir(mount.point))  # noqa: PTH112 - never raises


def _is_local(mount: Mount) -> bool:
    """A tmpfs that nobody can write to hides something; the root counts whatever it lies on, but an image."""
    if mount.file_system in LOCAL or (mount.point == "/" and mount.file_system not in _IMAGES):
        return True
    if mount.file_system != "tmpfs" or mount.read_only or "ro" in mount.options:
        return False
    return mount.point == "/dev/shm" or not f"{mount.point}/".startswith(_KERNEL)


def _is_excluded(mount: Mount, exclude: Sequence[str]) -> bool:
    return any(
        fnmatchcase(mount.point if each.startswith("/") else mount.file_system, each) for each in exclude
    )


def _seen(mount: Mount, memo: Any, at: float, *, write: bool) -> Observation | None:
    """None when another mount above hides it: then the path shows a file system that is no concern of this one."""
    try:
        seen = look(mount.point, write=write)
    except OSError as error:
        return cannot(mount.point, error, memo)
    if seen.mount is None or seen.mount.point != mount.point or not _is_local(seen.mount):
        return None
    return observe(mount.point, seen, memo, at) if seen.stat.f_blocks else None


def _fullest(item: tuple[str, Observation]) -> tuple[float, str]:
    used = item[1].values.get("used")
    return (-float(used or 0), item[0])
