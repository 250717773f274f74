"""The writer where the file it has open is deleted, replaced, or the disk is full: nothing committed is lost."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from agent.lock import StoreUnavailable
from agent.store.ballast import FILE_NAME as BALLAST
from agent.store.dialect import FILE_NAME
from agent.store.opening import BEGUN, StoreUnusable
from agent.store.start import opened
from agent.store.trouble import Fault, Misplaced
from agent.store.writer import Writer
from config.errors import ConfigError
from tests.agent.store.released import loaded

pytestmark = pytest.mark.anyio
MIB = 1024**2
SIZE = 3 * MIB
Program = Callable[[str, str], Path]


def noted(number: int) -> Callable[[Connection], Any]:
    def work(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE IF NOT EXISTS noted (number INTEGER)"))
        connection.execute(text("INSERT INTO noted VALUES (:number)"), {"number": number})

    return work


def said(writer: Writer) -> tuple[Fault, str]:
    assert writer.fault is not None
    return writer.fault


def numbers(file: Path) -> list[int]:
    store = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [number for (number,) in store.execute("SELECT number FROM noted ORDER BY number")]
    finally:
        store.close()


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    writer = opened(tmp_path / FILE_NAME)
    yield writer
    writer.close()


async def test_a_deleted_database_is_put_back_with_all_that_was_in_it(writer: Writer, tmp_path: Path) -> None:
    await writer.write(noted(1))
    (tmp_path / FILE_NAME).unlink()
    await writer.write(noted(2))
    assert numbers(tmp_path / FILE_NAME) == [1, 2]
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    await writer.write(noted(3))
    assert numbers(tmp_path / FILE_NAME) == [1, 2, 3]


async def test_so_it_is_when_its_log_went_with_it(writer: Writer, tmp_path: Path) -> None:
    await writer.write(noted(1))
    for each in tmp_path.glob(f"{FILE_NAME}*"):
        each.unlink()
    await writer.write(noted(2))
    assert numbers(tmp_path / FILE_NAME) == [1, 2]


async def test_where_another_file_stands_nothing_is_written_and_ours_is_kept(
    writer: Writer, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = opened(tmp_path / "other" / FILE_NAME)
    await other.write(noted(100))
    other.close()
    await writer.write(noted(1))
    (tmp_path / "other" / FILE_NAME).rename(tmp_path / FILE_NAME)
    for number in (2, 3):
        with pytest.raises(Misplaced):
            await writer.write(noted(number))
    assert said(writer)[0] is Fault.REPLACED
    (kept,) = tmp_path.glob(f"{FILE_NAME}.replaced-*")
    assert numbers(kept) == [1]
    # Our log is gone: SQLite would have taken it for that of the file which stands there now.
    assert numbers(tmp_path / FILE_NAME) == [100]


async def test_another_file_with_a_log_of_its_own_keeps_it(writer: Writer, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = opened(tmp_path / "other" / FILE_NAME)
    await other.write(noted(100))
    await writer.write(noted(1))
    for each in sorted((tmp_path / "other").glob(f"{FILE_NAME}*")):
        shutil.copy(each, tmp_path / f"{each.name}.new")
        (tmp_path / f"{each.name}.new").rename(tmp_path / each.name)
    with pytest.raises(Misplaced):
        await writer.write(noted(2))
    other.close()
    assert numbers(tmp_path / FILE_NAME) == [100]


def test_what_is_gone_or_empty_is_no_new_beginning(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    opened(file).close()
    file.write_bytes(b"")
    with pytest.raises(StoreUnusable, match="is empty, though"):
        opened(file)
    assert file.stat().st_size == 0
    file.unlink()
    with pytest.raises(StoreUnusable, match="is gone, though"):
        opened(file)
    assert not file.exists()
    (tmp_path / BEGUN).unlink()
    opened(file).close()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"no database at all, but somebody's", "is no database"),
        (b"SQLite format 3\0" + b"\xff" * 8176, "cannot be used"),
        (None, "another program"),
    ],
)
def test_what_is_no_store_of_ours_is_set_aside_only_where_the_operator_said_so(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / FILE_NAME
    if content is None:
        foreign = sqlite3.connect(file)
        foreign.execute("CREATE TABLE theirs (x)")
        foreign.close()
    else:
        file.write_bytes(content)
    before = file.read_bytes()
    with pytest.raises(StoreUnusable, match=said):
        opened(file)
    assert file.read_bytes() == before
    opened(file, "aside").close()
    (kept,) = tmp_path.glob(f"{FILE_NAME}.aside-*Z")
    assert kept.read_bytes() == before
    opened(file).close()


def test_of_a_file_of_another_user_it_says_whose_it_is(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    opened(tmp_path / FILE_NAME).close()
    for each in (tmp_path, *tmp_path.parents):
        if each.stat().st_uid == 0 and each != Path("/tmp") and each != Path("/"):
            each.chmod(0o755)
    child = os.fork()
    if child == 0:  # what it says is its exit code: nothing of pytest is to run on in it
        code = 1
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            opened(tmp_path / FILE_NAME)
        except ConfigError as error:
            code = 0 if "belongs to root, with mode 600: nobody cannot write to it" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@pytest.fixture
def small(tmp_path: Path, program: Program) -> Iterator[Path]:
    """A small file system of its own."""
    place = tmp_path / "small"
    place.mkdir()
    mount = [str(program("mount", "mount")), "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(place)]
    done = subprocess.run(mount, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run([str(program("umount", "mount")), str(place)], timeout=60, check=True)


def fill(place: Path) -> Path:
    """Until nothing more goes in."""
    file = place / "filling"
    with file.open("wb", buffering=0) as filling:
        try:
            while filling.write(bytes(65536)) == 65536:
                pass
        except OSError:
            pass
    return file


async def test_on_a_full_disk_the_ballast_is_thrown_off_and_the_store_goes_on(small: Path) -> None:
    writer = opened(small / FILE_NAME, ballast=SIZE)
    try:
        assert writer.ballast.take_in()
        fill(small)
        for number in range(20):
            await writer.write(noted(number))
        assert not writer.ballast.on_board
        assert not (small / BALLAST).exists()
        assert writer.fault is None
    finally:
        writer.close()
    assert numbers(small / FILE_NAME) == list(range(20))


async def test_when_that_is_used_up_it_says_so_and_takes_all_again_once_there_is_room(small: Path) -> None:
    writer = opened(small / FILE_NAME, ballast=SIZE)
    try:
        writer.ballast.take_in()
        filling = fill(small)
        taken = await many(writer, 2000)
        assert 20 < taken < 2000
        fault, reason = said(writer)
        assert fault is Fault.FULL
        assert str(small) in reason and "no space is left" in reason
        filling.unlink()
        await writer.write(noted(5000))
        assert writer.fault is None
        assert writer.ballast.take_in()
    finally:
        writer.close()
    assert numbers(small / FILE_NAME) == [1] * taken + [5000]


async def many(writer: Writer, most: int) -> int:
    """How many transactions of 20 kB were written until one was refused."""
    for number in range(most):
        try:
            await writer.write(padded)
        except OperationalError:
            return number
    return most


def padded(connection: Connection) -> None:
    noted(1)(connection)
    connection.execute(text("CREATE TABLE IF NOT EXISTS padding (x)"))
    connection.execute(text("INSERT INTO padding VALUES (zeroblob(20000))"))


def test_a_store_on_a_full_disk_opens_with_the_ballast_thrown_off(small: Path) -> None:
    writer = opened(small / FILE_NAME, ballast=SIZE)
    writer.ballast.take_in()
    writer.close()
    fill(small)
    opened(small / FILE_NAME, ballast=SIZE).close()
    fill(small)
    with pytest.raises(StoreUnavailable, match="no space is left on the disk of"):
        opened(small / FILE_NAME, ballast=SIZE)


def test_the_ballast_never_fills_the_disk_itself(small: Path) -> None:
    writer = opened(small / FILE_NAME, ballast=5 * MIB)
    assert not writer.ballast.take_in()
    writer.close()


def test_a_store_that_is_migrated_is_kept_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / FILE_NAME
    loaded(file, "0006")
    opened(file).close()
    kept = tmp_path / f"{FILE_NAME}.schema-0006"
    store = sqlite3.connect(kept)
    assert store.execute("SELECT version_num FROM alembic_version").fetchone() == ("0006",)
    assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()
    assert kept.stat().st_mode & 0o777 == 0o600
    before = kept.read_bytes()
    opened(file).close()
    assert kept.read_bytes() == before
