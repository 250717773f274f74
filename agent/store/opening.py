"""Before a store is opened: is it ours, whole, and where it was? What is not is never taken for a new beginning."""

from __future__ import annotations

import contextlib
import os
import pwd
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from sqlalchemy.exc import DatabaseError

from agent.lock import StoreUnavailable
from agent.store.dialect import reading_engine, take_back
from agent.store.migrate import Foreign, is_new
from agent.store.trouble import Fault, fault_of, words
from config.errors import ConfigError

# Tells, beside the database, that there is one.
BEGUN = "tocsin.begun"
_MAGIC = b"SQLite format 3\0"
Place = tuple[int, int]
Unusable = Literal["refuse", "aside"]
_REMEDY = "restore a backup, or have it set aside by `agent: {unusable_store: aside}`"


class StoreUnusable(ConfigError):
    """What stands there cannot be used, and is not touched."""


def place_of(path: Path) -> Place | None:
    """Device and number of the file there; None where there is none, or nobody can say."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return None
    return there.st_dev, there.st_ino


def look(path: Path) -> None:
    """Raises StoreUnusable, StoreUnavailable or ConfigError when what is there forbids to go on.

    Changes nothing, but takes back what a killed writer left half done.
    """
    begun = path.with_name(BEGUN)
    try:
        path.stat()
    except FileNotFoundError:
        if begun.exists():
            raise StoreUnusable(
                f"{path} is gone, though {begun} says that there was a store"
                f" (restore a backup; to begin anew, take {begun.name} away)"
            ) from None
        return
    if not os.access(path, os.R_OK | os.W_OK):
        raise ConfigError(
            f"{path} {_owned(path)}: {_who()} cannot write to it (give it to that user with chown)"
        )
    take_back(path)
    if path.stat().st_size == 0:
        if begun.exists():
            raise StoreUnusable(f"{path} is empty, though {begun} says that there was a store ({_REMEDY})")
        return
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            raise StoreUnusable(f"{path} is no database ({_REMEDY})")
    engine = reading_engine(path)
    try:
        with engine.connect() as connection:
            is_new(connection)
    except Foreign as error:
        raise StoreUnusable(f"{path} {error} (name another agent.state_dir, or move it away)") from None
    except DatabaseError as error:
        raise unopened(error, path) from None
    finally:
        engine.dispose()


def with_begun(path: Path) -> None:
    """From now on a lacking or empty database is a loss. Where it cannot be noted, the next start does."""
    begun = path.with_name(BEGUN)
    if begun.exists():
        return
    with contextlib.suppress(OSError):
        begun.write_text(
            f"There is a store here. While this file stands, a {path.name} that is gone or empty is a loss,\n"
            "and not taken for a new beginning.\n"
        )
        begun.chmod(0o600)


def unopened(error: DatabaseError | OSError, path: Path) -> Exception:
    """Why the store could not be opened, as what is to be raised."""
    fault = fault_of(error, path.parent)
    if fault is Fault.DAMAGED:
        return StoreUnusable(f"{path} cannot be used: {getattr(error, 'orig', error)} ({_REMEDY})")
    if fault is Fault.DENIED:
        return ConfigError(
            f"{path.parent} {_owned(path.parent)}: {_who()} cannot write in it (give it to that user)"
        )
    return StoreUnavailable(words(fault, path.parent, error))


def set_aside(path: Path) -> Path | None:
    """Give what stands there, and what belongs to it, another name; the new name, None where there was nothing."""
    name = aside(path, "aside", path) if path.exists() else None
    for suffix in ("-wal", "-shm", "") if name is not None else ():
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(f"{name}{suffix}")
    return name


def aside(path: Path, why: str, like: Path) -> Path:
    """A name beside it that nothing has yet, with the moment in it at which the file `like` was last written."""
    moment = datetime.fromtimestamp(like.stat().st_mtime, UTC).strftime("%Y%m%dT%H%M%SZ")
    names = (
        path.with_name(f"{path.name}.{why}-{moment}{again}")
        for again in ("", *map(".{}".format, range(2, 100)))
    )
    return next(name for name in names if not name.exists())


def _owned(path: Path) -> str:
    there = path.stat()
    return f"belongs to {_name(there.st_uid)}, with mode {there.st_mode & 0o777:03o}"


def _who() -> str:
    return _name(os.geteuid())


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
