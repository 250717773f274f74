"""History that is imported, and planned work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "told_events",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("klass", sa.String(11), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("agent_id", "service", "at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "told_windows",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("klass", sa.String(11), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "service", "start", "end"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "maintenance",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("plan", sa.String(63)),
        sa.PrimaryKeyConstraint("agent_id", "number", "at"),
    )
