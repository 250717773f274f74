"""The bytes of attachments: in the state directory under their hash, the same ones once, on the disk before any row."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Collection
from pathlib import Path

FOLDER = "attachments"
_DIGEST = re.compile(r"[0-9a-f]{64}")


class Lost(Exception):
    """The bytes are not there, or are not those that were stored; the text says which."""


def place(state: Path, sha256: str) -> Path:
    """Where the bytes of that hash lie. Raises ValueError for what is no hash."""
    if not _DIGEST.fullmatch(sha256):
        raise ValueError("expected a sha256 in hex")
    return state / FOLDER / sha256[:2] / sha256


def keep(state: Path, content: bytes) -> str:
    """The hash of the bytes, once they are on the disk: readable by the daemon's user alone, executable by nobody."""
    sha256 = hashlib.sha256(content).hexdigest()
    target = place(state, sha256)
    if target.is_file() and target.stat().st_size == len(content):
        os.utime(target)  # no tidying takes it away before its row is there
        return sha256
    for folder in (target.parent.parent, target.parent):
        folder.mkdir(mode=0o700, exist_ok=True)
        _to_disk(folder.parent)
    number, written = tempfile.mkstemp(dir=target.parent, prefix=".new-")  # 0600
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(written).replace(target)
    except BaseException:
        Path(written).unlink(missing_ok=True)
        raise
    _to_disk(target.parent)
    return sha256


def content_of(state: Path, sha256: str) -> bytes:
    """The bytes. Raises Lost when they are gone or changed."""
    try:
        content = place(state, sha256).read_bytes()
    except OSError as error:
        raise Lost(f"the file cannot be read: {(error.strerror or str(error)).lower()}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise Lost("the file is not what was stored: its bytes have changed on the disk")
    return content


def tidy(state: Path, known: Collection[str], before: float) -> int:
    """Take away what no row has, such as files of requests that were refused; `before`: seconds since 1970.

    How many they were. What is younger may belong to a row that is being written.
    """
    left = 0
    for path in (state / FOLDER).glob("??/*"):
        if path.name not in known and path.lstat().st_mtime < before:
            path.unlink(missing_ok=True)
            left += 1
    return left


def forget(state: Path, sha256: str) -> None:
    """Take the bytes away; for who knows that no ticket has them any more."""
    place(state, sha256).unlink(missing_ok=True)


def _to_disk(folder: Path) -> None:
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
