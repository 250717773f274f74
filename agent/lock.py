"""One writer to a state directory: the directory itself, and the lock that says who writes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from pathlib import Path

from config.errors import ConfigError

LOCK_NAME = "lock"
_MODE = 0o700
# Whoever asks whether the lock is held has it shared for an instant: a writer tries for half a second.
_TRIES, _PAUSE = 25, 0.02


class StateLocked(Exception):
    """Another process writes to this state directory."""


class StoreUnavailable(Exception):
    """The disk, or another program, keeps the store from being opened. It may pass; the text is for people."""


class StateLock:
    """Held from creation until `release` (or the end of the process, however it comes)."""

    def __init__(self, directory: Path) -> None:
        """Create the directory where it lacks, make it private (0700), lock it. Raises StateLocked or ConfigError."""
        try:
            directory.mkdir(mode=_MODE, parents=True, exist_ok=True)
            _make_private(directory)
            self._file = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            got_it = _locked(self._file)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            remedy = "create it and give it to the user that runs tocsin"
            raise ConfigError(f"agent.state_dir: cannot use {directory}: {reason} ({remedy})") from None
        if not got_it:
            os.close(self._file)
            raise StateLocked(f"another tocsin writes to {directory}")

    def release(self) -> None:
        os.close(self._file)


def _make_private(directory: Path) -> None:
    """Tickets and their evidence are for nobody else; a directory that holds other things is left as it is."""
    there = directory.stat()
    ours = os.geteuid() in (0, there.st_uid) and all(map(_is_ours, directory.iterdir()))
    if ours and stat.S_IMODE(there.st_mode) != _MODE:
        with contextlib.suppress(OSError):  # a file system without modes has none to make private
            directory.chmod(_MODE)


def _is_ours(entry: Path) -> bool:
    return entry.name in (LOCK_NAME, "attachments", "backups", "lost+found") or entry.name.startswith(
        "tocsin."
    )


def _locked(file: int) -> bool:
    for _ in range(_TRIES):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(_PAUSE)
    return False


def is_held(directory: Path) -> bool:
    """Whether some process writes to this state directory now. Raises nothing: no lock file, no writer."""
    try:
        file = os.open(directory / LOCK_NAME, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
