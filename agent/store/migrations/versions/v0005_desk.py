"""The desk: what a ticket is made of, policies, notices, attachments, and who is away or on call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    _tickets()
    _policies()
    _notices()
    _attachments()
    _roster()


def _tickets() -> None:
    op.add_column("tickets", sa.Column("team", sa.String(63)))
    op.add_column("tickets", sa.Column("reporter", sa.Text()))
    op.add_column("tickets", sa.Column("origin", sa.Text()))
    op.add_column("tickets", sa.Column("data", sa.Text(), nullable=False, server_default="{}"))
    op.add_column(
        "ticket_events", sa.Column("internal", sa.Boolean(), nullable=False, server_default=sa.true())
    )
    op.create_index("tickets_by_state", "tickets", ["agent_id", "state"])
    op.create_index("tickets_by_origin", "tickets", ["agent_id", "origin"])
    op.create_index("tickets_by_reporter", "tickets", ["agent_id", "reporter"])


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("digest", sa.String(32), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "digest"),
    )


def _notices() -> None:
    op.create_table(
        "notices",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("key", sa.String(40), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(63), nullable=False),
        sa.Column("to", sa.Text(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "key"),
    )
    op.create_index("notices_by_state", "notices", ["agent_id", "state"])
    op.create_index("notices_of_a_ticket", "notices", ["agent_id", "ticket"])


def _attachments() -> None:
    op.create_table(
        "attachments",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("internal", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "ticket", "number"),
    )


def _roster() -> None:
    op.create_table(
        "roster",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("team", sa.String(63), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "number", "at"),
    )
