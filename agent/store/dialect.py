"""Everything that is peculiar to SQLite: opening, pragmas, explicit transactions."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import ColumnElement, Connection, Engine, create_engine, event, func
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.pool import NullPool, StaticPool

__all__ = [
    "APPLICATION", "FILE_NAME", "application_of", "copy_into", "folder_of", "greater", "lesser",
    "overwrite_what_goes", "reading_engine", "sign", "take_back", "upsert", "writing_engine",
]  # fmt: skip

FILE_NAME = "tocsin.db"
# In the header of the file, by which it is known for ours: "tocs".
APPLICATION = 0x746F6373
_PRIVATE = 0o600
_BUSY_MS = 5000
_JOURNAL_LIMIT = 64 * 1024 * 1024
_PRAGMAS = (
    "page_size=8192",  # of a new file: rows of about 1 KB fill such pages better, and a commit takes no longer
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"journal_size_limit={_JOURNAL_LIMIT}",
)


def greater(one: Any, other: Any) -> ColumnElement[int]:
    """The greater of two numbers of a row."""
    return func.max(one, other)


def lesser(one: Any, other: Any) -> ColumnElement[int]:
    """The lesser of two numbers of a row."""
    return func.min(one, other)


def folder_of(connection: Connection) -> Path | None:
    """The folder in which the database lies; None where it lies in no file."""
    file = connection.exec_driver_sql("PRAGMA database_list").first()
    return Path(file[2]).parent if file is not None and file[2] else None


def application_of(connection: Connection) -> int:
    """Whose the database is, by its header: 0 where nobody said so."""
    return int(connection.exec_driver_sql("PRAGMA application_id").scalar() or 0)


def sign(connection: Connection) -> None:
    """Note in the header that it is ours."""
    connection.exec_driver_sql(f"PRAGMA application_id={APPLICATION}")


def copy_into(engine: Engine, file: Path) -> None:
    """Write all that is committed into a new file, private and on the disk in the end. Raises what SQLite raises."""
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE))
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("VACUUM INTO ?", (str(file),))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    finally:
        raw.close()
    for each, flags in ((file, os.O_RDWR), (file.parent, os.O_RDONLY)):
        handle = os.open(each, flags | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def overwrite_what_goes(connection: Connection) -> None:
    """From now on what is deleted is overwritten with zeros: https://www.sqlite.org/pragma.html#pragma_secure_delete"""
    connection.exec_driver_sql("PRAGMA secure_delete=ON")


def writing_engine(path: Path) -> Engine:
    """The one writer's engine: a single connection, WAL, every commit on the disk before it counts."""

    def connect() -> sqlite3.Connection:
        _make_private(path)
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
        )
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def reading_engine(path: Path) -> Engine:
    """An engine that cannot write, for commands and pages."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            f"file:{quote(str(path))}?mode=ro", uri=True, isolation_level=None, check_same_thread=False,
            timeout=_BUSY_MS / 1000,
        )  # fmt: skip

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _begin_deferred)
    return engine


def take_back(path: Path) -> None:
    """Have SQLite take back what a killed writer left half done outside the log: at a first start, after a restore.

    A reader may not, and takes the file for read-only. What goes wrong here, the next who opens it says better.
    """
    if not Path(f"{path}-journal").exists():
        return
    with contextlib.suppress(sqlite3.Error):
        connection = sqlite3.connect(f"file:{quote(str(path))}?mode=rw", uri=True, timeout=_BUSY_MS / 1000)
        try:
            connection.execute("PRAGMA schema_version").fetchone()
        finally:
            connection.close()


def _make_private(path: Path) -> None:
    """Only its owner reads the database; SQLite gives the mode on to the files it makes beside it.

    What goes wrong here, SQLite says better. The file is never opened when it exists: closing it again would
    let go of the locks that other connections of this process hold on it.
    """
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _PRIVATE))
    for each in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        with contextlib.suppress(OSError):
            if stat.S_IMODE(each.stat().st_mode) != _PRIVATE:
                each.chmod(_PRIVATE)


def _begin_immediate(connection: Any) -> None:
    """A read that turns into a write would be refused as stale; so writers say at once that they write."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_deferred(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN")
