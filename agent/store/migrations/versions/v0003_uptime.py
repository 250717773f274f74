"""Gaps, blips, requests and roll-ups; spans, flips and packed readings in the order in which they are wanted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "gaps",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(7), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "start", "why"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "blips",
        *_of_a_check(),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("worst", sa.String(8), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "service", "check_id", "start"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "requests",
        *_of_a_check(),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("valid", sa.BigInteger(), nullable=False),
        sa.Column("good", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "service", "check_id", "hour"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "roll_ups",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("step", sa.String(4), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("check_id", sa.String(63), nullable=False),
        sa.Column("sketches", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "step", "start", "service", "check_id"),
    )
    _rebuild_packed_readings()
    _rebuild_spans()
    _rebuild_flips()


def _rebuild_packed_readings() -> None:
    """Those of an hour lie together."""
    op.rename_table("packed_readings", "old_packed_readings")
    op.create_table(
        "packed_readings",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("hour", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("check_id", sa.String(63), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "hour", "service", "check_id"),
    )
    _carry_over("packed_readings", ("agent_id", "hour", "service", "check_id", "count", "packed"))


def _rebuild_spans() -> None:
    """The services' own spans of all services lie together, and need no second index."""
    op.drop_index("spans_by_end", "spans")
    op.rename_table("spans", "old_spans")
    op.create_table(
        "spans",
        *_of_a_check(),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger()),
        sa.Column("klass", sa.String(11), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "check_id", "service", "start"),
        sqlite_with_rowid=False,
    )
    _carry_over("spans", ("agent_id", "service", "check_id", "start", "end", "klass"))


def _rebuild_flips() -> None:
    op.rename_table("flips", "old_flips")
    op.create_table(
        "flips",
        *_of_a_check(),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("before", sa.String(8), nullable=False),
        sa.Column("after", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "service", "check_id", "at"),
        sqlite_with_rowid=False,
    )
    _carry_over("flips", ("agent_id", "service", "check_id", "at", "since", "before", "after", "reason"))


def _carry_over(name: str, columns: tuple[str, ...]) -> None:
    """All rows of the old table, which goes."""
    new, old = (sa.table(each, *map(sa.column, columns)) for each in (name, f"old_{name}"))
    op.execute(sa.insert(new).from_select(list(columns), sa.select(*old.c)))
    op.drop_table(f"old_{name}")


def _of_a_check() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("check_id", sa.String(63), nullable=False),
    )
