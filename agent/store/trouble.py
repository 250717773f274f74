"""Why the store cannot write: told apart by what the disk itself says, in words that tell what mends it."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from sqlalchemy.exc import DatabaseError, DataError, IntegrityError, ProgrammingError

PROBE = "tocsin.probe"
_PROBED = bytes(4096)


class Fault(StrEnum):
    """What is the matter with the store, or with the disk it lies on."""

    FULL = "full"
    READ_ONLY = "read_only"
    DISK = "disk"
    DENIED = "denied"
    BUSY = "busy"
    DAMAGED = "damaged"
    REPLACED = "replaced"
    OTHER = "other"


_SAID: Mapping[Fault, str] = {
    Fault.FULL: "no space is left on the disk of {directory}: free some there",
    Fault.READ_ONLY: "{directory} is read-only: see why in the kernel's log, mount it to be written to again",
    Fault.DISK: "the disk of {directory} fails: see the kernel's log",
    Fault.DENIED: "nothing may be written in {directory}: give it to the user that runs tocsin",
    Fault.BUSY: "another program holds the database in {directory} locked: see who has it open, as with fuser",
    Fault.DAMAGED: "the database in {directory} is damaged: stop the daemon, and restore a backup",
    Fault.REPLACED: "another file stands where the database in {directory} was",
    Fault.OTHER: "the database in {directory} takes nothing",
}
_OF_DISK = {
    errno.ENOSPC: Fault.FULL,
    errno.EDQUOT: Fault.FULL,
    errno.EROFS: Fault.READ_ONLY,
    errno.EIO: Fault.DISK,
    errno.EACCES: Fault.DENIED,
    errno.EPERM: Fault.DENIED,
}
_OF_SQLITE = {
    sqlite3.SQLITE_FULL: Fault.FULL,
    sqlite3.SQLITE_READONLY: Fault.READ_ONLY,
    sqlite3.SQLITE_IOERR: Fault.DISK,
    sqlite3.SQLITE_BUSY: Fault.BUSY,
    sqlite3.SQLITE_LOCKED: Fault.BUSY,
    sqlite3.SQLITE_CORRUPT: Fault.DAMAGED,
    sqlite3.SQLITE_NOTADB: Fault.DAMAGED,
}
# What SQLite says of these is the whole truth; of anything else the disk knows more.
_CERTAIN = (Fault.BUSY, Fault.DAMAGED)
# After these the file is opened anew: what the kernel holds of it is not to be trusted.
REOPEN = (Fault.DISK, Fault.READ_ONLY, Fault.DENIED, Fault.OTHER)


@dataclass(frozen=True, slots=True)
class Trouble:
    """The store has not been able to write since `since` (microseconds UTC); `reason` is for people."""

    fault: Fault
    reason: str
    since: int


class Misplaced(Exception):
    """Where the database was, another file stands, or none. The text is for people."""


def cannot_write(error: BaseException) -> bool:
    """Whether the store is at fault (full, locked, damaged), and not what it was asked to write."""
    return isinstance(error, Misplaced | OSError) or (
        isinstance(error, DatabaseError)
        and not isinstance(error, DataError | IntegrityError | ProgrammingError)
    )


def fault_of(error: BaseException, directory: Path) -> Fault:
    """What is behind an error of the store. Writes a small file to see what the disk says, and takes it away."""
    if isinstance(error, Misplaced):
        return Fault.REPLACED
    code = getattr(getattr(error, "orig", error), "sqlite_errorcode", None)
    by_sqlite = _OF_SQLITE.get(code & 0xFF, Fault.OTHER) if code is not None else Fault.OTHER
    if by_sqlite in _CERTAIN:
        return by_sqlite
    said = error.errno if isinstance(error, OSError) else _asked(directory)
    return _OF_DISK.get(said, by_sqlite) if said is not None else by_sqlite


def words(fault: Fault, directory: Path, error: BaseException | None = None) -> str:
    """The reason and its remedy."""
    text = _SAID[fault].format(directory=directory)
    return f"{text} ({str(getattr(error, 'orig', error))[:200]})" if fault is Fault.OTHER else text


def _asked(directory: Path) -> int | None:
    """What the disk says to a few bytes: its errno, None when it takes them."""
    probe = directory / PROBE
    try:
        file = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            if os.write(file, _PROBED) < len(_PROBED):
                return errno.ENOSPC
            os.fsync(file)
        finally:
            os.close(file)
            probe.unlink()
    except OSError as error:
        return error.errno
    return None
