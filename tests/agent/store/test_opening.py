"""A store whose writer was killed outside the write-ahead log, as before the first sync, or right after a restore."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from agent.store.dialect import FILE_NAME
from agent.store.opening import StoreUnusable, look
from agent.store.start import opened

# Writes more than fits in memory, so that the file itself is half overwritten, and dies without a commit.
_KILLED = """
import os, signal, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA cache_size=2")
connection.execute("BEGIN IMMEDIATE")
connection.execute("CREATE TABLE half (done BLOB)")
connection.executemany("INSERT INTO half VALUES (zeroblob(4000))", [()] * 200)
os.kill(os.getpid(), signal.SIGKILL)
"""


def killed_in(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", _KILLED, str(file)], timeout=60, check=False)
    assert done.returncode == -9
    journal = file.with_name(f"{file.name}-journal")
    assert file.stat().st_size > 0 and journal.stat().st_size > 0


def test_a_first_start_that_was_killed_is_begun_again(tmp_path: Path) -> None:
    killed_in(tmp_path / FILE_NAME)
    opened(tmp_path / FILE_NAME).close()
    connection = sqlite3.connect(tmp_path / FILE_NAME)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    connection.close()
    assert "tickets" in names and "half" not in names


def test_a_restored_store_that_was_killed_is_what_was_restored(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    opened(file).close()
    connection = sqlite3.connect(file)
    connection.execute("PRAGMA journal_mode=DELETE")
    before = connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall()
    connection.close()
    killed_in(file)
    opened(file).close()
    connection = sqlite3.connect(file)
    assert connection.execute("SELECT name FROM sqlite_master ORDER BY name").fetchall() == before
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_what_is_no_database_is_not_touched_for_a_journal_beside_it(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(b"\xa5" * 8192)
    file.with_name(f"{FILE_NAME}-journal").write_bytes(b"\xa5" * 512)
    with pytest.raises(StoreUnusable, match="is no database"):
        look(file)
    assert file.read_bytes() == b"\xa5" * 8192
