"""A file's content as one number, read in pieces within a deadline."""

from __future__ import annotations

import hashlib
import os
import stat
from time import perf_counter

_PIECE = 1024 * 1024


class NotRead(Exception):
    """Why there is no number: too large, or too slow; one line."""


def sha256(path: str, limit: int, seconds: float) -> str:
    """In hexadecimal. Raises NotRead, and OSError for what may not be read.

    Nothing but a plain file is read: a pipe that took its place is not waited for.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    try:
        seen = os.fstat(descriptor)
        if not stat.S_ISREG(seen.st_mode):
            raise NotRead("it is no plain file")
        return _digest(descriptor, limit, perf_counter() + seconds)
    finally:
        os.close(descriptor)


def _digest(descriptor: int, limit: int, end: float) -> str:
    """What a writer adds meanwhile counts towards the limit."""
    digest, done = hashlib.sha256(), 0
    while piece := os.read(descriptor, _PIECE):
        done += len(piece)
        if done > limit:
            raise NotRead("it is larger than hash_limit:")
        if perf_counter() > end:
            raise NotRead("it could not be read in time (raise timeout:)")
        digest.update(piece)
    return digest.hexdigest()
