"""Migrations: what they build is the schema, all or nothing, and a later schema is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Engine, LargeBinary, inspect, select, text

from agent.store import schema
from agent.store.dialect import APPLICATION, FILE_NAME, application_of, writing_engine
from agent.store.migrate import MIGRATIONS, Foreign, StoreTooNew, current, migrate, run_migrations
from agent.store.reader import NoStore, reading
from alerting.slo.spans import Klass

WHERE: dict[str, Any] = {"agent_id": "test", "service": "web"}
SPANS: list[dict[str, Any]] = [
    {**WHERE, "check_id": "", "start": 0, "end": 40, "klass": "up"},
    {**WHERE, "check_id": "", "start": 40, "end": None, "klass": "down"},
    {**WHERE, "check_id": "home", "start": 0, "end": 40, "klass": "up"},
    {**WHERE, "check_id": "home", "start": 40, "end": None, "klass": "down"},
]
PACKED = [
    {"agent_id": "test", "hour": hour, "service": "web", "check_id": "home", "count": 1, "packed": b"x"}
    for hour in (0, 3_600_000_000)
]
FLIPS: list[dict[str, Any]] = [
    {
        **WHERE,
        "check_id": "home",
        "at": 45,
        "since": 40,
        "before": "ok",
        "after": "down",
        "reason": "refused",
    },
]


def shape(engine: Engine) -> set[tuple[str, str]]:
    """Every table and index by its statement; how it is laid out in lines does not count."""
    with engine.connect() as connection:
        rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
        return {(name, "".join(sql.split())) for name, sql in rows}


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = writing_engine(tmp_path / FILE_NAME)
    yield engine
    engine.dispose()


def test_the_migrations_build_exactly_what_a_new_store_gets_at_once(engine: Engine, tmp_path: Path) -> None:
    made = writing_engine(tmp_path / "made.db")
    assert migrate(made) is True
    run_migrations(engine)
    assert shape(engine) == shape(made)
    with engine.connect() as connection:
        assert current(connection) == schema.HEAD
    made.dispose()


def test_at_the_head_nothing_is_done_and_alembic_is_not_imported(engine: Engine, tmp_path: Path) -> None:
    migrate(engine)
    engine.dispose()
    script = (
        "import sys\nfrom pathlib import Path\nfrom agent.store.dialect import writing_engine\n"
        "from agent.store.migrate import migrate\n"
        f"assert migrate(writing_engine(Path({str(tmp_path / FILE_NAME)!r}))) is False\n"
        "assert 'alembic' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_a_migration_that_fails_leaves_the_old_schema(engine: Engine) -> None:
    left_by(engine, "0001")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE suppressions (somebody_elses INTEGER)"))
    before = shape(engine)
    with pytest.raises(Exception, match="suppressions"):
        migrate(engine)
    assert shape(engine) == before
    with engine.connect() as connection:
        assert current(connection) == "0001"


def test_the_database_of_another_program_is_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE tickets (somebody_elses INTEGER)"))
    with pytest.raises(Foreign, match="another program"):
        migrate(engine)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["tickets"]


def test_a_database_that_another_program_signed_is_left_alone(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA application_id=1")
    with pytest.raises(Foreign):
        migrate(engine)


def test_a_store_from_before_stores_were_signed_is_signed(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA application_id=0")
    assert migrate(engine) is False
    with engine.connect() as connection:
        assert application_of(connection) == APPLICATION


def test_a_database_of_a_later_version_is_refused(engine: Engine) -> None:
    migrate(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreTooNew, match="9999"):
        migrate(engine)


def test_commits_are_on_the_disk_before_they_count(engine: Engine) -> None:
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"


def left_by(engine: Engine, revision: str) -> None:
    """A store as the version that had this schema left it, with a row of what later ones rebuild."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    steps = list(ScriptDirectory(str(MIGRATIONS)).iterate_revisions(revision, "base"))
    with engine.begin() as connection:
        for step in reversed(steps):
            with Operations.context(MigrationContext.configure(connection)):
                step.module.upgrade()
        connection.execute(
            text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        )
        connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
        connection.execute(schema.agents.insert().values(agent_id="test", started_at=1, alive_until=90))
        connection.execute(schema.spans.insert(), SPANS)
        connection.execute(schema.flips.insert(), FLIPS)
        connection.execute(schema.packed_readings.insert(), PACKED)


@pytest.mark.parametrize("revision", ["0001", "0002"])
def test_a_store_of_an_older_version_is_not_read_until_it_is_migrated_and_keeps_its_rows(
    engine: Engine, tmp_path: Path, revision: str
) -> None:
    left_by(engine, revision)
    with pytest.raises(NoStore, match="as an older version left it"), reading(tmp_path, "test"):
        pass
    assert migrate(engine) is True
    made = writing_engine(tmp_path / "made.db")
    migrate(made)
    assert shape(engine) == shape(made)
    made.dispose()
    with engine.connect() as connection:
        kept = connection.execute(select(schema.spans)).mappings().all()
        assert sorted(map(dict, kept), key=lambda row: (row["check_id"], row["start"])) == SPANS
        assert [dict(row) for row in connection.execute(select(schema.flips)).mappings()] == FLIPS
        assert [dict(row) for row in connection.execute(select(schema.packed_readings)).mappings()] == PACKED
    with reading(tmp_path, "test") as store:
        assert store.sums(0, 100) == {"web": {Klass.UP: 40, Klass.DOWN: 50}}
        assert (store.alive().until, store.first_seen()) == (90, {"web": 0})


def test_what_was_in_doubt_before_doubts_had_a_moment_is_looked_for_first(engine: Engine) -> None:
    left_by(engine, "0005")
    rows = [("lost", "doubt", 500, None), ("asked", "doubt", None, None), ("there", "doubt", 500, "7")]
    rows.append(("due", "waiting", 500, None))
    written = text(
        "INSERT INTO outbox (agent_id, helpdesk, key, ticket, desired, version, done_version, epoch, state, attempts,"
        " first_at, changed_at, next_at, remote_id)"
        " VALUES ('test', 'desk', :key, 1, '{}', 1, 0, 0, :state, 1, 1, 1, :next_at, :remote_id)"
    )
    names = ("key", "state", "next_at", "remote_id")
    with engine.begin() as connection:
        connection.execute(written, [dict(zip(names, row, strict=True)) for row in rows])
    assert migrate(engine) is True
    with engine.connect() as connection:
        found = connection.execute(text("SELECT key, lag_until FROM outbox ORDER BY key")).all()
    assert [tuple(row) for row in found] == [("asked", None), ("due", None), ("lost", 500), ("there", None)]


def test_no_table_is_taken_for_damaged_once_it_has_a_row(engine: Engine) -> None:
    """SQLite 3.40 finds nulls that are not there in a table without row ids whose key is not in front."""
    migrate(engine)
    with engine.begin() as connection:
        for table in schema.metadata.sorted_tables:
            connection.execute(table.insert().values({each.name: sample(each) for each in table.columns}))
        assert connection.execute(text("PRAGMA integrity_check")).scalars().all() == ["ok"]


def sample(column: Column[Any]) -> object:
    return b"x" if isinstance(column.type, LargeBinary) else 1 if column.type.python_type is not str else "x"
