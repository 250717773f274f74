"""Backups: whole or not there at all, verified to the last byte, and put back without losing what was there."""

from __future__ import annotations

import gzip
import io
import os
import sqlite3
import tarfile
from pathlib import Path

import pytest

from agent.store.backup import CannotBackUp, forget, listed, restore, take, verify
from agent.store.dialect import FILE_NAME
from agent.store.files import keep
from agent.store.opening import BEGUN, StoreUnusable, set_aside
from agent.store.start import opened
from tests.agent.store.test_writer import noted, numbers

pytestmark = pytest.mark.anyio
DAY = 86_400_000_000
NOW = 1_790_000_000_000_000


@pytest.fixture
async def state(tmp_path: Path) -> Path:
    """A state directory with a store, a file of a ticket, and a secret."""
    place = tmp_path / "state"
    place.mkdir(mode=0o700)
    writer = opened(place / FILE_NAME)
    await writer.write(noted(1))
    writer.close()
    keep(place, b"a photograph")
    (place / "tocsin.link-secret").write_bytes(b"s" * 64)
    return place


async def test_it_is_taken_while_somebody_writes_and_holds_what_was_committed(state: Path) -> None:
    writer = opened(state / FILE_NAME)
    await writer.write(noted(2))
    made = take(state, state / "backups", "web-01", NOW)
    await writer.write(noted(3))
    writer.close()
    assert made.file.name == "tocsin-web-01-20260921T141320Z.tar.gz"
    assert made.file.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in made.file.parent.iterdir()] == [made.file.name]
    before = restore(made.file, state, NOW)
    assert numbers(state / FILE_NAME) == [1, 2]
    assert before is not None and numbers(before) == [1, 2, 3]


async def test_what_lies_beside_the_database_is_in_it_too(state: Path, tmp_path: Path) -> None:
    made = take(state, tmp_path / "elsewhere", "a", NOW)
    other = tmp_path / "other"
    other.mkdir(mode=0o700)
    assert restore(made.file, other, NOW) is None
    there = {str(each.relative_to(other)) for each in other.rglob("*") if each.is_file()}
    attached = {str(each.relative_to(state)) for each in (state / "attachments").rglob("*") if each.is_file()}
    assert there == {FILE_NAME, BEGUN, "tocsin.restored", "tocsin.link-secret", *attached}
    assert {each.stat().st_mode & 0o077 for each in other.rglob("*")} == {0}
    opened(other / FILE_NAME).close()


async def test_every_damage_is_found_and_nothing_is_touched(state: Path) -> None:
    made = take(state, state / "backups", "a", NOW)
    assert verify(made.file)["at"] == "20260921T141320Z"
    whole = gzip.decompress(made.file.read_bytes())
    before = (state / FILE_NAME).read_bytes()
    spoiled = state / "backups" / "spoiled.tar.gz"
    for damaged in (whole[: len(whole) // 2], whole[:9000] + bytes(4096) + whole[13_096:], b"", b"x" * 5000):
        spoiled.write_bytes(gzip.compress(damaged, 1))
        with pytest.raises(CannotBackUp):
            verify(spoiled)
        with pytest.raises(CannotBackUp):
            restore(spoiled, state, NOW)
    spoiled.write_bytes(made.file.read_bytes()[:-2000])
    with pytest.raises(CannotBackUp):
        restore(spoiled, state, NOW)
    assert (state / FILE_NAME).read_bytes() == before


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "attachments/../../evil", "tocsin.db-wal", "attachments"]
)
async def test_what_is_none_of_ours_is_refused(state: Path, tmp_path: Path, name: str) -> None:
    made = take(state, tmp_path / "b", "a", NOW)
    evil = tmp_path / "evil.tar.gz"
    with tarfile.open(made.file) as old, tarfile.open(evil, "w:gz") as new:
        for entry in old:
            data = old.extractfile(entry)
            assert data is not None
            content = data.read()
            if entry.name == "manifest.json":
                content = content.replace(
                    b'"files": {', f'"files": {{"{name}": {{"sha256": "", "bytes": 1}},'.encode()
                )
                entry.size = len(content)
            new.addfile(entry, io.BytesIO(content))
        extra = tarfile.TarInfo(name)
        extra.size = 1
        new.addfile(extra, io.BytesIO(b"x"))
    with pytest.raises(CannotBackUp, match="holds what no backup of ours does"):
        restore(evil, state, NOW)
    assert not (tmp_path / "evil").exists()


async def test_a_damaged_store_makes_no_backup(state: Path) -> None:
    store = sqlite3.connect(state / FILE_NAME)
    store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    store.close()
    with (state / FILE_NAME).open("r+b") as file:
        file.seek(8192 * 3)
        file.write(b"\xa5" * 8192 * 8)
    with pytest.raises(CannotBackUp):
        take(state, state / "backups", "a", NOW)
    assert list((state / "backups").iterdir()) == []


async def test_old_ones_go_and_the_newest_stays(state: Path) -> None:
    for day in range(4):
        take(state, state / "backups", "a", NOW + day * DAY)
    assert [each.at for each in listed(state / "backups")] == [NOW + day * DAY for day in (3, 2, 1, 0)]
    assert len(forget(state / "backups", NOW + 2 * DAY)) == 2
    assert len(forget(state / "backups", NOW + 100 * DAY)) == 1
    assert [each.at for each in listed(state / "backups")] == [NOW + 3 * DAY]


async def test_what_waited_to_be_sent_is_looked_for_first(state: Path) -> None:
    store = sqlite3.connect(state / FILE_NAME)
    columns = {
        name: kind
        for _, name, kind, needed, default, _ in store.execute("PRAGMA table_info(outbox)")
        if needed
    }
    for key, standing in (("toc-1", "waiting"), ("toc-2", "done"), ("toc-3", "parked")):
        row = {name: "x" if "CHAR" in kind or "TEXT" in kind else 1 for name, kind in columns.items()}
        row |= {"key": key, "state": standing}
        marks = ", ".join("?" * len(row))
        quoted = ", ".join(f'"{name}"' for name in row)
        store.execute(f"INSERT INTO outbox ({quoted}) VALUES ({marks})", tuple(row.values()))
    store.commit()
    store.close()
    restore(take(state, state / "backups", "a", NOW).file, state, NOW)
    back = sqlite3.connect(state / FILE_NAME)
    found = dict(back.execute("SELECT key, state FROM outbox"))
    back.close()
    assert found == {"toc-1": "doubt", "toc-2": "done", "toc-3": "parked"}


async def test_a_restore_that_is_cut_off_leaves_no_new_beginning(state: Path, tmp_path: Path) -> None:
    made = take(state, tmp_path / "b", "a", NOW)
    set_aside(state / FILE_NAME)  # as far as it came
    with pytest.raises(StoreUnusable, match="is gone, though"):
        opened(state / FILE_NAME)
    restore(made.file, state, NOW)
    assert numbers(state / FILE_NAME) == [1]


async def test_what_one_that_was_killed_left_goes_after_a_day(state: Path) -> None:
    (state / "backups").mkdir()
    for name, age in ((".tocsin-old", 2 * 86_400), (".tocsin-young", 60)):
        left = state / "backups" / name
        left.mkdir()
        (left / "copy").write_bytes(b"x")
        moment = left.stat().st_mtime - age
        os.utime(left, (moment, moment))
    take(state, state / "backups", "a", NOW)
    assert {each.name for each in (state / "backups").glob(".*")} == {".tocsin-young"}
