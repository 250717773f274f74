"""From every schema that was ever released to the head: nothing is lost, at whatever moment it is killed."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.store.dialect import writing_engine
from agent.store.migrate import migrate
from agent.store.schema import HEAD
from tests.agent.store.released import KEPT, dump, lacking, loaded, made, revisions
from tests.agent.store.test_migrate import shape

SEED = 20261123
OLDER = [each for each in revisions() if each != HEAD]
MIGRATE = (
    "import sys; from pathlib import Path; from agent.store.dialect import writing_engine\n"
    "from agent.store.migrate import migrate; migrate(writing_engine(Path(sys.argv[1])))\n"
)
# Tables whose rows a later schema gave up, or keeps under another name.
MOVED = {"alembic_version"}


def rows(file: Path) -> dict[str, int]:
    store = sqlite3.connect(file)
    tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {name: store.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in tables}
    store.close()
    return found


def revision_of(file: Path) -> str:
    store = sqlite3.connect(file)
    assert store.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    (revision,) = store.execute("SELECT version_num FROM alembic_version").fetchone()
    store.close()
    return str(revision)


def test_every_schema_is_kept() -> None:
    assert list(lacking()) == [], "python -m tests.agent.store.released"
    assert {each.stem for each in KEPT.glob("*.sql")} == set(revisions())


@pytest.mark.parametrize("revision", revisions())
def test_a_migration_that_was_released_is_never_changed(tmp_path: Path, revision: str) -> None:
    made(tmp_path / "made.db", revision)
    assert dump(tmp_path / "made.db") == (KEPT / f"{revision}.sql").read_text(encoding="utf-8")


@pytest.mark.parametrize("revision", OLDER)
def test_it_is_brought_to_the_head_with_its_rows(tmp_path: Path, revision: str) -> None:
    file = tmp_path / "old.db"
    loaded(file, revision)
    before = rows(file)
    engine, fresh = writing_engine(file), writing_engine(tmp_path / "fresh.db")
    assert migrate(engine) is True
    migrate(fresh)
    assert shape(engine) == shape(fresh)
    engine.dispose()
    fresh.dispose()
    after = rows(file)
    lost = {name: count for name, count in before.items() if after.get(name, 0) < count}
    assert set(lost) <= MOVED


@pytest.mark.parametrize("revision", OLDER)
def test_killed_at_any_write_it_is_the_old_or_the_new(
    tmp_path: Path, revision: str, program: Callable[[str, str], Path], request: pytest.FixtureRequest
) -> None:
    strace, chance = program("strace", "strace"), random.Random(f"{SEED}{revision}")
    file = tmp_path / "old.db"
    calls = writes(strace, file, revision)
    assert calls > 5
    long = bool(request.config.getoption("--long"))
    points = range(1, calls + 1) if long else chance.sample(range(1, calls + 1), 2)
    for number in points:
        fresh(file, revision)
        before = rows(file)
        inject = f"inject=pwrite64,fdatasync:signal=SIGKILL:when={number}"
        done = traced(strace, file, "-e", inject)
        assert done.returncode != 0
        assert revision_of(file) in (revision, HEAD), number
        assert all(rows(file).get(name, 0) >= count for name, count in before.items() if name not in MOVED)
        engine = writing_engine(file)
        migrate(engine)
        engine.dispose()
        assert revision_of(file) == HEAD


def fresh(file: Path, revision: str) -> None:
    for each in file.parent.glob(f"{file.name}*"):
        each.unlink()
    loaded(file, revision)


def writes(strace: Path, file: Path, revision: str) -> int:
    """How many writes and syncs of the database a whole migration makes."""
    fresh(file, revision)
    log = file.with_name("strace.log")
    traced(strace, file, "-o", str(log)).check_returncode()
    return sum(
        "pwrite64(" in line or "fdatasync(" in line for line in log.read_text(errors="replace").splitlines()
    )


def traced(strace: Path, file: Path, *options: str) -> subprocess.CompletedProcess[str]:
    paths = [part for suffix in ("", "-wal", "-shm", "-journal") for part in ("-P", f"{file}{suffix}")]
    command = [str(strace), "-f", "-qq", *paths, "-e", "trace=pwrite64,fdatasync", *options]
    return subprocess.run(
        [*command, sys.executable, "-c", MIGRATE, str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
