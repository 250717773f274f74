"""Stores as each released schema had them, kept as text in tests/data/schemas; `python -m tests.agent.store.released`
writes those that are lacking, and never changes one that is there.
"""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from sqlalchemy import text

from agent.store.dialect import writing_engine
from agent.store.migrate import MIGRATIONS

KEPT = Path(__file__).resolve().parents[2] / "data" / "schemas"


def revisions() -> list[str]:
    """All that there were, the oldest first."""
    return [each.revision for each in reversed(list(ScriptDirectory(str(MIGRATIONS)).walk_revisions()))]


def made(file: Path, revision: str) -> None:
    """A store of that schema, by its migrations, with one row in every table that takes one by itself."""
    engine = writing_engine(file)
    steps = list(ScriptDirectory(str(MIGRATIONS)).iterate_revisions(revision, "base"))
    with engine.begin() as connection:
        for step in reversed(steps):
            with Operations.context(MigrationContext.configure(connection)):
                step.module.upgrade()
        connection.execute(
            text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        )
        connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    engine.dispose()
    filled(file)


def filled(file: Path) -> None:
    """The rows: of a kind that every later version has to carry over."""
    store = sqlite3.connect(file)
    for (table,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table == "alembic_version":
            continue
        columns = store.execute(f'PRAGMA table_info("{table}")').fetchall()
        row = {name: _value(name, kind) for _, name, kind, needed, default, key in columns if needed or key}
        names = ", ".join(f'"{name}"' for name in row)
        store.execute(
            f'INSERT INTO "{table}" ({names}) VALUES ({", ".join("?" * len(row))})', tuple(row.values())
        )
    store.commit()
    store.close()


def _value(name: str, kind: str) -> object:
    if name in _WORDS:
        return _WORDS[name]
    if "INT" in kind.upper() or "BOOL" in kind.upper() or "FLOAT" in kind.upper():
        return 1
    return b"{}" if "BLOB" in kind.upper() else "{}" if "JSON" in kind.upper() else "x"


_WORDS = {"agent_id": "kept", "service": "web", "check_id": "home", "state": "open", "klass": "up"}


def dump(file: Path) -> str:
    """The whole store as statements."""
    store = sqlite3.connect(file)
    try:
        return "\n".join(store.iterdump()) + "\n"
    finally:
        store.close()


def loaded(file: Path, revision: str) -> None:
    """The kept store of that schema, as a file."""
    store = sqlite3.connect(file)
    store.executescript((KEPT / f"{revision}.sql").read_text(encoding="utf-8"))
    store.close()


def lacking() -> Iterator[str]:
    for revision in revisions():
        if not (KEPT / f"{revision}.sql").exists():
            yield revision


def main() -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    for revision in lacking():
        with tempfile.TemporaryDirectory() as place:
            made(Path(place) / "made.db", revision)
            (KEPT / f"{revision}.sql").write_text(dump(Path(place) / "made.db"), encoding="utf-8")
        print(f"wrote {revision}")


if __name__ == "__main__":
    main()
