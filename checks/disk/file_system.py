"""One file system: the figures of the one that holds a path at this moment, and no other's."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import Any

from checks.base import ErrorKind, Observation, Scalar
from checks.disk.writing import Attempt, try_to_write
from checks.forecast import forecast, remembered, with_sample
from checks.mounts import Mount, mount_id_of, mount_of, read_mounts
from checks.paths import BROKEN, MISSING, refusal
from checks.text import visible

# What systemd mounts over a path that a unit's InaccessiblePaths= or ProtectHome= hides, systemd.exec(5).
_HIDDEN = "/systemd/inaccessible/"


@dataclass(frozen=True, slots=True)
class Seen:
    """Mount and figures of one and the same open file. `attempt` is None unless writing was asked for."""

    mount: Mount | None
    stat: os.statvfs_result
    attempt: Attempt | None = None


def sample_one(path: str, memo: Any, at: float, *, write: bool = False) -> Observation:
    """The observation at the moment `at` (Unix seconds). The memo is a list of `[Unix seconds, used bytes]`."""
    try:
        seen = look(path, write=write)
    except OSError as error:
        return cannot(path, error, memo)
    return observe(path, seen, memo, at)


def look(path: str, *, write: bool = False) -> Seen:
    """Whatever is mounted over the path meanwhile. Raises OSError."""
    os.statvfs(path)  # has an automounter mount it, which opening as below would not
    descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        number = os.fstat(descriptor).st_dev
        device = f"{os.major(number)}:{os.minor(number)}"
        mount = mount_of(read_mounts(), mount_id_of(descriptor), device)
        stat = os.fstatvfs(descriptor)
        return Seen(mount, stat, try_to_write(path, number, mount) if write else None)
    finally:
        os.close(descriptor)


def observe(path: str, seen: Seen, memo: Any, at: float) -> Observation:
    """The values, or why there are none."""
    shown, stat = visible(path, 120), seen.stat
    if seen.mount is None:
        why = f"cannot tell which file system {shown} lies on: the mount table does not show it"
    elif _HIDDEN in seen.mount.root:
        why = f"{shown} is hidden from this service (InaccessiblePaths= or ProtectHome= in its unit)"
    elif stat.f_blocks == 0:
        why = f"{shown} lies on {visible(seen.mount.file_system)}, which has no size (check `path`)"
    else:
        return _figures(path, seen, memo, at)
    return Observation(blind=why, error_kind=ErrorKind.LOCAL, memo=memo)


def _figures(path: str, seen: Seen, memo: Any, at: float) -> Observation:
    stat, mount = seen.stat, seen.mount
    assert mount is not None
    block = stat.f_frsize or stat.f_bsize
    used, free = (stat.f_blocks - stat.f_bfree) * block, stat.f_bavail * block
    known, attempt = remembered(memo, at), seen.attempt or Attempt(None)
    values: dict[str, Scalar] = {
        "used": used / (used + free) if used + free else 0.0,
        "free": free,
        "total": stat.f_blocks * block,
        "inodes_used": (stat.f_files - stat.f_ffree) / stat.f_files if stat.f_files else None,
        **forecast((*known, (at, used)), free),
        "read_only": mount.read_only,
        "writable": attempt.written,
        "mount": visible(mount.point),
    }
    failed = attempt.written is False
    return Observation(
        values=values,
        failure=f"{visible(path, 120)}: cannot write: {attempt.why}" if failed else None,
        error_kind=ErrorKind.CONTENT if failed else None,
        unread={"writable": attempt.why} if seen.attempt and attempt.written is None else {},
        memo=[list(pair) for pair in with_sample(known, at, used)],
    )


def cannot(path: str, error: OSError, memo: Any) -> Observation:
    """What an error says: of the file system (down), or of us (unknown)."""
    shown = visible(path, 120)
    if error.errno in BROKEN:
        why = (error.strerror or str(error)).lower()
        return Observation(failure=f"{shown}: {why}", error_kind=ErrorKind.UNREACHABLE, memo=memo)
    if error.errno in MISSING and error.filename == path:
        told = f"there is no {shown} on this host (check `path`, or mount it)"
    elif error.errno == errno.EACCES:
        why = (error.strerror or str(error)).lower()
        told = f"may not look at {shown}: {why} (let the service's user pass through the directories above)"
    else:
        told = refusal(path, error)
    return Observation(blind=told, error_kind=ErrorKind.LOCAL, memo=memo)
