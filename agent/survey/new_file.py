"""A file that appears whole or not at all."""

from __future__ import annotations

import contextlib
import grp
import os
import tempfile
from pathlib import Path

_MODE = 0o640


def write_new(target: Path, text: str, *, group: str) -> None:
    """Write a file where there is none; raises FileExistsError, or another OSError.

    The owner may write it and the group read it; root gives it to `group` if there is such a group.
    """
    whole = _beside(target, text, group)
    try:
        os.link(whole, target)
    finally:
        whole.unlink()


def write_over(target: Path, text: str, *, group: str) -> None:
    """The same, in the place of what is there."""
    whole = _beside(target, text, group)
    try:
        whole.replace(target)
    except OSError:
        whole.unlink()
        raise


def _beside(target: Path, text: str, group: str) -> Path:
    """The text under another name in the same directory, on the disk."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fchmod(stream.fileno(), _MODE)
            _give(stream.fileno(), group)
            os.fsync(stream.fileno())
    except BaseException:
        Path(name).unlink()
        raise
    return Path(name)


def _give(descriptor: int, group: str) -> None:
    if os.geteuid() == 0:
        with contextlib.suppress(KeyError):
            os.fchown(descriptor, -1, grp.getgrnam(group).gr_gid)
