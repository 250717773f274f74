"""Pages and API: people, tokens, sessions, one-time links, what was done, saved views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    _users()
    _tokens()
    _sessions()
    _one_time_links()
    _audit()
    _idempotency()
    _saved_views()


def _users() -> None:
    op.create_table(
        "users",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("teams", sa.Text()),
        sa.Column("email", sa.Text()),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("agent_id", "name"),
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("scope", sa.String(16), nullable=False),
        sa.Column("teams", sa.Text()),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger()),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("agent_id", "digest"),
        sa.UniqueConstraint("agent_id", "name"),
    )


def _sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("user", sa.String(63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("csrf", sa.String(64), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("whence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "digest"),
    )
    op.create_index("sessions_of_a_user", "sessions", ["agent_id", "user"])


def _one_time_links() -> None:
    op.create_table(
        "one_time_links",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("agent_id", "digest"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("way", sa.String(16), nullable=False),
        sa.Column("what", sa.String(63), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("whence", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "number"),
    )
    op.create_index("audit_by_time", "audit", ["agent_id", "at"])


def _idempotency() -> None:
    op.create_table(
        "idempotency",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("request", sa.String(64), nullable=False),
        sa.Column("status", sa.Integer()),
        sa.Column("answer", sa.Text()),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "who", "key"),
    )


def _saved_views() -> None:
    op.create_table(
        "saved_views",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("who", sa.String(80), nullable=False),
        sa.Column("name", sa.String(63), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "who", "name"),
    )
