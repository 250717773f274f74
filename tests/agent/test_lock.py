"""One writer to a state directory, readers never in its way, and nothing of it for other users."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from agent.lock import LOCK_NAME, StateLock, StateLocked, is_held
from agent.store.dialect import FILE_NAME
from agent.store.opening import BEGUN
from agent.store.writer import Writer


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def _usual_umask() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_asking_never_keeps_a_writer_from_its_lock(tmp_path: Path) -> None:
    StateLock(tmp_path).release()
    ended = threading.Event()

    def keep_asking() -> None:
        while not ended.is_set():
            is_held(tmp_path)

    asker = threading.Thread(target=keep_asking)
    asker.start()
    taken = 0
    try:
        for _ in range(300):
            StateLock(tmp_path).release()  # raises StateLocked when it is not to be had
            taken += 1
    finally:
        ended.set()
        asker.join()
    assert taken == 300


def test_a_second_writer_is_refused_and_the_next_one_is_not(tmp_path: Path) -> None:
    first = StateLock(tmp_path)
    assert is_held(tmp_path)
    with pytest.raises(StateLocked, match="another tocsin writes to"):
        StateLock(tmp_path)
    first.release()
    assert not is_held(tmp_path)
    StateLock(tmp_path).release()


def test_a_new_directory_and_everything_in_it_is_private(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    lock, writer = StateLock(directory), Writer(directory / FILE_NAME)
    try:
        assert mode(directory) == 0o700
        files = {path.name: mode(path) for path in directory.iterdir()}
    finally:
        writer.close()
        lock.release()
    assert files == dict.fromkeys(
        [LOCK_NAME, BEGUN, FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-shm"], 0o600
    )


def test_what_an_earlier_run_left_open_is_made_private(tmp_path: Path) -> None:
    directory = tmp_path / "state"
    directory.mkdir(mode=0o755)
    Writer(directory / FILE_NAME).close()
    before = sqlite3.connect(directory / FILE_NAME)
    before.execute("CREATE TABLE mark (x)")  # an open connection keeps -wal and -shm
    for path in directory.glob(f"{FILE_NAME}*"):
        path.chmod(0o644)
    assert mode(directory / f"{FILE_NAME}-wal") == 0o644
    lock, writer = StateLock(directory), Writer(directory / FILE_NAME)
    try:
        assert mode(directory) == 0o700
        assert {mode(path) for path in directory.iterdir()} == {0o600}
        before.close()
    finally:
        writer.close()
        lock.release()
    with sqlite3.connect(directory / FILE_NAME) as after:
        assert after.execute("SELECT name FROM sqlite_master WHERE name = 'mark'").fetchone() == ("mark",)
    after.close()


def test_a_directory_that_holds_other_things_keeps_its_mode(tmp_path: Path) -> None:
    directory = tmp_path / "shared"
    directory.mkdir(mode=0o755)
    (directory / "of-somebody-else").write_text("")
    lock, writer = StateLock(directory), Writer(directory / FILE_NAME)
    writer.close()
    lock.release()
    assert mode(directory) == 0o755
    assert mode(directory / FILE_NAME) == mode(directory / LOCK_NAME) == 0o600
