"""The state directory: whose it is, and whether there is room in it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agent.doctor.finding import Finding, State, finding
from agent.doctor.ground import Ground
from agent.doctor.who import Who, user_of
from agent.store.ballast import FILE_NAME as BALLAST
from config.units import show_size

_TOPIC = "state"
_LITTLE, _TOO_LITTLE = 256 * 1024**2, 32 * 1024**2
_FEW_FILES, _TOO_FEW_FILES = 1000, 20


def look(ground: Ground) -> Iterator[Finding]:
    """Owner, mode, room and ballast."""
    directory, who = ground.state_dir, ground.who
    if not directory.exists():
        yield _lacking(directory, who)
        return
    yield from _owner(directory, who)
    yield from _room(directory)
    yield from _ballast(directory, ground.config.agent.ballast)


def _lacking(directory: Path, who: Who) -> Finding:
    remedy = f"install -d -m 700 -o {who.name} {directory}"
    above = next((each for each in directory.parents if each.exists()), directory)
    if os.access(above, os.W_OK | os.X_OK, effective_ids=True):
        return finding(_TOPIC, "directory", "ok", f"{directory} is made at the first start")
    text = f"{directory} is not there, and {who.name} cannot make it"
    return finding(_TOPIC, "directory", "warn", text, f"{remedy} (the unit makes /var/lib/tocsin by itself)")


def _owner(directory: Path, who: Who) -> Iterator[Finding]:
    there = directory.stat()
    if not stat.S_ISDIR(there.st_mode):
        yield finding(
            _TOPIC, "directory", "fail", f"{directory} is no directory", "name another agent.state_dir"
        )
        return
    mode = stat.S_IMODE(there.st_mode)
    if not os.access(directory, os.R_OK | os.W_OK | os.X_OK, effective_ids=True):
        read_only = bool(os.statvfs(directory).f_flag & os.ST_RDONLY)
        why = (
            "the file system is read-only"
            if read_only
            else f"it belongs to {user_of(there.st_uid)}, mode {mode:03o}"
        )
        remedy = f"mount -o remount,rw of {directory}" if read_only else f"chown -R {who.name}: {directory}"
        yield finding(_TOPIC, "directory", "fail", f"{who.name} cannot write in {directory}: {why}", remedy)
    elif mode & 0o077:
        text = f"{directory} has mode {mode:03o}: others can look in"
        yield finding(_TOPIC, "directory", "warn", text, f"chmod 700 {directory}")
    else:
        yield finding(_TOPIC, "directory", "ok", f"{directory}, of {user_of(there.st_uid)}, mode {mode:03o}")
    strange = [each.name for each in directory.glob("tocsin.*") if each.lstat().st_uid != there.st_uid]
    if strange:
        text = f"{', '.join(sorted(strange)[:5])} in it: not of {user_of(there.st_uid)}"
        yield finding(_TOPIC, "files", "fail", text, f"chown -R {who.name}: {directory}")


def _room(directory: Path) -> Iterator[Finding]:
    there = os.statvfs(directory)
    free, files = there.f_bavail * there.f_frsize, there.f_favail
    remedy = f"make room on the file system of {directory}"
    state = _how(free, _LITTLE, _TOO_LITTLE)
    yield finding(_TOPIC, "room", state, f"{free // 1024**2} MiB free", remedy * (state != "ok"))
    if there.f_files:
        state = _how(files, _FEW_FILES, _TOO_FEW_FILES)
        yield finding(_TOPIC, "inodes", state, f"{files} more files can be made", remedy * (state != "ok"))


def _how(there_is: int, little: int, too_little: int) -> State:
    return "ok" if there_is >= little else "warn" if there_is >= too_little else "fail"


def _ballast(directory: Path, wanted: float) -> Iterator[Finding]:
    """A daemon takes it in as soon as there is room."""
    if not wanted:
        return
    try:
        size = (directory / BALLAST).lstat().st_size
    except FileNotFoundError:
        size = 0
    if size == int(wanted):
        yield finding(_TOPIC, "ballast", "ok", f"{show_size(size)} to throw off when the disk is full")
    elif any(directory.glob("tocsin.db")):
        text = "none on board: it was thrown off, or there was no room for it"
        yield finding(_TOPIC, "ballast", "warn", text, "make room; a running daemon takes it in by itself")
