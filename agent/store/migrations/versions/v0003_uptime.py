"""Gaps, blips and requests."""

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
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("why", sa.String(7), nullable=False),
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


def _of_a_check() -> tuple[sa.Column[str], ...]:
    return (
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("check_id", sa.String(63), nullable=False),
    )
