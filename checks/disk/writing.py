"""Writing to a file system to see whether it can be done: a small file without a name, which leaves nothing behind."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import PurePath

from checks.mounts import Mount
from checks.paths import BROKEN
from checks.text import visible

_SIZE = 4096
_PREFIX = ".tocsin-write-test-"
_NO_NAMELESS_FILES = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})
_FULL = {
    errno.ENOSPC: "no space or no inode is left (df -h, df -i)",
    errno.EDQUOT: "the quota is used up (see `quota`)",
}


@dataclass(frozen=True, slots=True)
class Attempt:
    """`written` is None when it could not be tried: then `why` speaks of this service, else of the disk."""

    written: bool | None
    why: str = ""


def try_to_write(path: str, device: int, mount: Mount | None) -> Attempt:
    """Write, sync and read back a file in the directory `path`, or beside the file that it is.

    Nothing else is touched, and no link is followed but those in `path` itself.
    """
    try:
        directory = _directory(path)
    except OSError as error:
        return _failed(error, path, mount)
    try:
        if os.fstat(directory).st_dev != device:
            return Attempt(None, f"the directory of {visible(path, 120)} lies on another file system")
        return _round_trip(directory)
    except OSError as error:
        return _failed(error, path, mount)
    finally:
        os.close(directory)


def _directory(path: str) -> int:
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
    is_directory = stat.S_ISDIR(os.stat(path).st_mode)  # noqa: PTH116 - as PurePath below, it may not follow twice
    return os.open(path if is_directory else str(PurePath(path).parent), os.O_PATH | flags)


def _round_trip(directory: int) -> Attempt:
    """What was written must come back, from the disk if the kernel can be talked into it."""
    written = secrets.token_bytes(_SIZE)
    file = nameless(directory)
    try:
        if os.pwrite(file, written, 0) < _SIZE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.fsync(file)
        with contextlib.suppress(OSError):
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        same = os.pread(file, _SIZE + 1, 0) == written
    finally:
        with contextlib.suppress(OSError):  # a failing disk fails here once more
            os.close(file)
    return Attempt(True) if same else Attempt(False, "what was read back is not what was written")


def nameless(directory: int) -> int:
    """An open file that no directory names. Where the file system has none, its name is gone at once."""
    flags = os.O_RDWR | os.O_CLOEXEC
    try:
        return os.open(".", flags | os.O_TMPFILE, 0o600, dir_fd=directory)
    except OSError as error:
        if error.errno not in _NO_NAMELESS_FILES:
            raise
    name = f"{_PREFIX}{secrets.token_hex(8)}"
    file = os.open(name, flags | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=directory)
    try:
        os.unlink(name, dir_fd=directory)
    except OSError:
        os.close(file)
        raise
    return file


def _failed(error: OSError, path: str, mount: Mount | None) -> Attempt:
    why, shown = (error.strerror or str(error)).lower(), visible(path, 120)
    if error.errno in _FULL:
        return Attempt(False, _FULL[error.errno])
    if error.errno == errno.EROFS and closed_to_us_alone(mount):
        remedy = f"ReadWritePaths={shown} in its unit"
        return Attempt(None, f"this service sees {shown} mounted read-only ({remedy})")
    if error.errno == errno.EROFS or error.errno in BROKEN:
        return Attempt(False, why)
    if error.errno in {errno.EACCES, errno.EPERM}:
        return Attempt(None, f"may not create a file in {shown}: {why} (let the service's user write there)")
    return Attempt(None, f"cannot try to write in {shown}: {why}")


def closed_to_us_alone(mount: Mount | None) -> bool:
    """The file system takes writes, but not through this mount."""
    return mount is not None and not mount.read_only and "ro" in mount.options
