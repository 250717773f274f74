"""Pid files: which process one means, and whether it is still that one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal

from checks.paths import MISSING
from checks.process.table import TICKS, Process, look
from checks.text import visible

State = Literal["running", "missing", "invalid", "stale", "reused"]
_LONGEST = 128
_MOST_DIGITS = 10
# Starts are told in hundredths of a second, the age of a file by a clock that may be slewed meanwhile.
_SLACK = 10.0


@dataclass(frozen=True, slots=True)
class Named:
    """The process that a pid file means, if it means a running one; `note` says what is wrong, else empty."""

    process: Process | None
    state: State
    note: str = ""


def named_by(path: str, since_boot: float, now: float) -> Named:
    """What the file says at the moment `now` (Unix seconds), `since_boot` seconds after boot.

    A process that began after the file was written has only got the number of the one that was meant. Raises
    OSError for a file that is there and cannot be read.
    """
    shown = visible(path, 120)
    try:
        text, written = _read(path)
    except OSError as error:
        if error.errno in MISSING:
            return Named(None, "missing", f"there is no pid file {shown}")
        raise
    pid = _number(text)
    if pid is None:
        return Named(None, "invalid", f"no process number in {shown}: it begins with {_quoted(text)}")
    process = look(pid)
    if process is None or process.zombie:
        why = "no process has that number" if process is None else "that process has ended (zombie)"
        return Named(None, "stale", f"{shown} says {pid}, but {why}")
    began = now - (since_boot - process.began / TICKS)
    if began > written + _SLACK:
        return Named(process, "reused", f"{shown} says {pid}, which a later process has now")
    return Named(process, "running")


def _read(path: str) -> tuple[bytes, float]:
    """Its beginning, and when it was written. It is not waited for if it is a pipe."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _LONGEST), os.fstat(descriptor).st_mtime
    finally:
        os.close(descriptor)


def _number(text: bytes) -> int | None:
    words = text.split(maxsplit=1)
    if not words or not words[0].isdigit() or len(words[0]) > _MOST_DIGITS:
        return None
    return int(words[0]) or None


def _quoted(text: bytes) -> str:
    return f'"{visible(text.decode("utf-8", "replace").strip(), 30)}"' if text.strip() else "nothing"
