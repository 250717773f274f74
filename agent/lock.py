"""One writer to a state directory: the directory itself, and the lock that says who writes."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from config.errors import ConfigError

LOCK_NAME = "lock"


class StateLocked(Exception):
    """Another process writes to this state directory."""


class StateLock:
    """Held from creation until `release` (or the end of the process, however it comes)."""

    def __init__(self, directory: Path) -> None:
        """Create the directory (0700) where it lacks and lock it. Raises StateLocked or ConfigError."""
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(directory / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            remedy = "create it and give it to the user that runs tocsin"
            raise ConfigError(f"agent.state_dir: cannot use {directory}: {reason} ({remedy})") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise StateLocked(f"another tocsin writes to {directory}") from None

    def release(self) -> None:
        os.close(self._file)


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
