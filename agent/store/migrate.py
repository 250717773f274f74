"""Bring the schema to the head, all or nothing; Alembic is imported only when there is something to migrate."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, select, table
from sqlalchemy.sql import column

from agent.store.dialect import APPLICATION, application_of, sign
from agent.store.schema import HEAD, metadata

MIGRATIONS = Path(__file__).parent / "migrations"
_VERSION = table("alembic_version", column("version_num"))


class Foreign(Exception):
    """The database is another program's."""


class StoreTooNew(Exception):
    """The database was written by a later version."""


def migrate(engine: Engine) -> bool:
    """Make the schema, or migrate when the head differs; whether anything was done. Raises StoreTooNew or Foreign."""
    with engine.connect() as connection:
        here, whose = current(connection), application_of(connection)
        new = is_new(connection)
    if new:
        with engine.begin() as connection:
            metadata.create_all(connection)
            _stamp(connection)
    elif here != HEAD:
        run_migrations(engine)
    if not whose:
        with engine.begin() as connection:
            sign(connection)
    return new or here != HEAD


def is_new(connection: Connection) -> bool:
    """Whether nothing is in the database yet. Raises Foreign when it is no store of ours."""
    new = current(connection) is None and not inspect(connection).get_table_names()
    if application_of(connection) not in (0, APPLICATION) or (current(connection) is None and not new):
        raise Foreign("is the database of another program")
    return new


def current(connection: Connection) -> str | None:
    """The schema's revision, None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(select(_VERSION.c.version_num)).scalar()
    return None if found is None else str(found)


def run_migrations(engine: Engine) -> None:
    """Step by step from where the database is (an empty one included) to the head. Raises StoreTooNew."""
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from alembic.script import ScriptDirectory

    script = ScriptDirectory(str(MIGRATIONS))
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA foreign_keys=OFF")
    finally:
        raw.close()
    with engine.begin() as connection:
        context = MigrationContext.configure(connection, opts={"transactional_ddl": True})
        here = context.get_current_revision()
        known = {revision.revision for revision in script.walk_revisions()}
        if here is not None and here not in known:
            raise StoreTooNew(f"the database has schema {here}, which this version does not know")
        steps = list(script.iterate_revisions(HEAD, here or "base"))
        for revision in reversed(steps):
            with Operations.context(context):
                revision.module.upgrade()
        _stamp(connection)
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise RuntimeError(f"the migration would break {len(broken)} references")
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA foreign_keys=ON")
    finally:
        raw.close()


def _stamp(connection: Connection) -> None:
    if not inspect(connection).has_table("alembic_version"):
        connection.exec_driver_sql(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"
        )
    connection.execute(_VERSION.delete())
    connection.execute(_VERSION.insert().values(version_num=HEAD))
