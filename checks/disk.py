"""Disk: how full is the file system that holds a path, when will it be full, can it be written to?

The figures are those of `df`: space kept back for root counts neither as used nor as available. They are
taken from the file system that holds the path at that moment, found by its number in the mount table and
not by its name, so that a mount hidden under another is never taken for it. A path that lies on no mount
of its own belongs to the file system above it; where that would be a mistake, ask: `down: mount != "/data"`.

`full_in` needs at least 5 samples over 5 minutes; up to 60 are kept over at least an hour, and the line
through them is not bent by a few odd ones.

`read_only` is that of the file system itself: a read-only bind mount of a writable one does not set it.
For media that are always full and read-only (ISO images, snaps) set `down` and `degraded` yourself.
"""

from __future__ import annotations

import errno
import os
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from checks.base import Context, ErrorKind, Kind, Observation, Spec, Value
from checks.forecast import full_in, remembered, with_sample
from checks.mounts import Mount, mount_id_of, mount_of, read_mounts
from checks.text import visible

# The disk, or the server behind it, answers with an error: that is the target's failure, not ours.
_BROKEN = frozenset({errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN, errno.ETIMEDOUT, errno.ENODEV})


def _absolute(text: str) -> str:
    if not text.startswith("/") or "\0" in text:
        raise ValueError(f'expected a path from the root like /var, got "{visible(text, 60)}"')
    return text


class DiskSpec(Spec):
    """Which file system."""

    path: Annotated[str, AfterValidator(_absolute)] = Field(
        "/", description="any path on the file system, usually where it is mounted", examples=["/var"]
    )


def probe(spec: DiskSpec, context: Context) -> Observation:
    """Look once, now."""
    return sample(spec, context.memo, context.now)


def sample(spec: DiskSpec, memo: Any, at: float) -> Observation:
    """What the file system says at the moment `at` (Unix seconds), with the forecast from `memo`.

    The memo is a list of `[Unix seconds, used bytes]`.
    """
    try:
        mount, stat = _look(spec.path)
    except OSError as error:
        return _cannot(spec.path, error, memo)
    if mount is None:
        why = f"cannot tell which file system {visible(spec.path)} lies on: the mount table does not show it"
        return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=memo)
    if stat.f_blocks == 0:
        why = f"{visible(spec.path)} lies on {visible(mount.file_system)}, which has no size (check `path`)"
        return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=memo)
    return _seen(mount, stat, memo, at)


def _look(path: str) -> tuple[Mount | None, os.statvfs_result]:
    """Mount and figures of one and the same open file, whatever is mounted over the path meanwhile."""
    os.statvfs(path)  # has an automounter mount it, which opening as below would not
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        number = os.fstat(descriptor).st_dev
        device = f"{os.major(number)}:{os.minor(number)}"
        return mount_of(read_mounts(), mount_id_of(descriptor), device), os.fstatvfs(descriptor)
    finally:
        os.close(descriptor)


def _seen(mount: Mount, stat: os.statvfs_result, memo: Any, at: float) -> Observation:
    block = stat.f_frsize or stat.f_bsize
    used, free = (stat.f_blocks - stat.f_bfree) * block, stat.f_bavail * block
    known = remembered(memo, at)
    values = {
        "used": used / (used + free) if used + free else 0.0,
        "free": free,
        "total": stat.f_blocks * block,
        "inodes_used": (stat.f_files - stat.f_ffree) / stat.f_files if stat.f_files else None,
        "full_in": full_in((*known, (at, used)), free),
        "read_only": mount.read_only,
        "mount": visible(mount.point),
    }
    return Observation(values=values, memo=[list(pair) for pair in with_sample(known, at, used)])


def _cannot(path: str, error: OSError, memo: Any) -> Observation:
    shown, why = visible(path, 120), (error.strerror or str(error)).lower()
    if error.errno in _BROKEN:
        return Observation(failure=f"{shown}: {why}", error_kind=ErrorKind.UNREACHABLE, memo=memo)
    if error.errno in {errno.ENOENT, errno.ENOTDIR} and error.filename == path:
        told = f"there is no {shown} on this host (check `path`, or mount it)"
    elif error.errno == errno.EACCES:
        told = f"may not look at {shown}: {why} (let the service's user pass through the directories above)"
    else:
        told = f"cannot look at {visible(str(error.filename or path), 120)}: {why}"
    return Observation(blind=told, error_kind=ErrorKind.LOCAL, memo=memo)


KIND = Kind(
    name="disk",
    summary="looks at a file system: space, inodes, when it will be full, whether it can be written to",
    spec=DiskSpec,
    probe=probe,
    values=(
        Value("used", "ratio", "share of the space that is used, as `df` shows it"),
        Value("free", "bytes", "space that programs not run by root can still use"),
        Value("total", "bytes", "size of the file system"),
        Value(
            "inodes_used", "ratio", "share of the inodes that are used; absent where there are none to count"
        ),
        Value(
            "full_in", "seconds", "time until it is full at the present growth; absent when it does not grow"
        ),
        Value("read_only", "", "whether the file system is mounted read-only, or became so after an error"),
        Value("mount", "", "where the file system that holds the path is mounted", text=True),
        Value("took", "seconds", "how long the look took"),
    ),
    counts_for_uptime=False,
    example="type: disk\npath: /var\ndegraded: used > 85%\ndown: used > 95% or full_in < 6h\n",
    blocking=True,
    down="used > 97% or read_only == true",
    degraded="used > 90% or inodes_used > 90%",
)
