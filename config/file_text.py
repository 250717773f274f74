"""The text of a file the operator named, or one short reason why there is none."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from config.errors import ConfigError, Problem

MAX_BYTES = 4 * 1024 * 1024


def text_of(path: Path) -> str:
    """The file's text, at most 4 MiB, without a byte order mark; raises ConfigError."""
    return _decoded(_bytes_of(path), str(path))


def _bytes_of(path: Path) -> bytes:
    try:
        # A FIFO that nobody writes to would hold up a plain open() for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise _problem(path, "no such file") from None
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.ENXIO:  # a socket
            raise _problem(path, "is not a regular file") from None
        reason = error.strerror if isinstance(error, OSError) else "no file can have such a name"
        raise _problem(path, f"cannot be read: {reason}") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise _problem(path, "is a directory", f"name a file in it, or include: [{path.name}/*.yaml]")
        if not stat.S_ISREG(mode):
            raise _problem(path, "is not a regular file")
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise _problem(path, f"cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
    if len(raw) > MAX_BYTES:
        raise _problem(path, "is larger than 4 MiB", "split it with include:")
    return raw


def _decoded(raw: bytes, file: str) -> str:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise ConfigError([Problem("is UTF-16", file, 1, 1, hint="save it as UTF-8")])
    zero = raw.find(b"\0")
    if zero >= 0:
        raise ConfigError([Problem("is not a text file: it holds a zero byte", file, *_spot(raw, zero))])
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        spot = _spot(raw, error.start)
        raise ConfigError([Problem("is not UTF-8 text", file, *spot, hint="save it as UTF-8")]) from None
    if not text.strip():  # what stood in it before would silently be watched no more
        raise ConfigError([Problem("is empty", file, hint="was it cut short while it was saved?")])
    return text


def _spot(raw: bytes, offset: int) -> tuple[int, int]:
    """Line and column, from 1; the column in bytes."""
    return raw.count(b"\n", 0, offset) + 1, offset - raw.rfind(b"\n", 0, offset)


def _problem(path: Path, message: str, hint: str | None = None) -> ConfigError:
    return ConfigError([Problem(message, str(path), hint=hint)])
