"""Migrations: what they build is the schema, all or nothing, and a later schema is refused."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from agent.store import schema
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import StoreTooNew, current, migrate


def shape(engine: Engine) -> dict[str, object]:
    """Tables, columns, keys and indexes as the database tells them."""
    seen = inspect(engine)
    return {
        name: (
            [(c["name"], str(c["type"]), c["nullable"]) for c in seen.get_columns(name)],
            seen.get_pk_constraint(name)["constrained_columns"],
            sorted((i["name"] or "", i["unique"], i["column_names"]) for i in seen.get_indexes(name)),
            sorted(u["column_names"] for u in seen.get_unique_constraints(name)),
        )
        for name in sorted(seen.get_table_names())
        if name != "alembic_version"
    }


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = writing_engine(tmp_path / FILE_NAME)
    yield engine
    engine.dispose()


def test_the_migrations_build_exactly_the_schema(engine: Engine, tmp_path: Path) -> None:
    made = writing_engine(tmp_path / "made.db")
    assert migrate(engine) is True
    schema.metadata.create_all(made)
    assert shape(engine) == shape(made)
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
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE tickets (somebody_elses INTEGER)"))
    with pytest.raises(Exception, match="tickets"):
        migrate(engine)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["tickets"]
        assert current(connection) is None


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
