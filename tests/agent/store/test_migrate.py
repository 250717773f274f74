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
from agent.store.migrate import StoreTooNew, current, migrate, run_migrations
from agent.store.reader import NoStore, reading


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


def test_a_store_of_the_first_version_is_not_read_until_it_is_migrated_and_keeps_its_rows(
    engine: Engine, tmp_path: Path
) -> None:
    migrate(engine)
    whole = shape(engine)
    with engine.begin() as connection:
        for later in ("told_events", "told_windows", "maintenance", "gaps", "blips", "requests"):
            connection.execute(text(f"DROP TABLE {later}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        connection.execute(schema.agents.insert().values(agent_id="test", started_at=1, alive_until=2))
    with pytest.raises(NoStore, match="as an older version left it"), reading(tmp_path, "test"):
        pass
    assert migrate(engine) is True
    assert shape(engine) == whole
    with reading(tmp_path, "test") as store:
        assert (store.alive().until, store.ledgers()) == (2, {})
