"""Problems, what belongs to an incident, decisions, suppressions, ties of tickets, the outbox, and changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    _incidents()
    _troubles()
    _people()
    _outbox()
    _open_ones()


def _incidents() -> None:
    op.add_column("checks", sa.Column("good", sa.Text()))
    op.add_column("incidents", sa.Column("key", sa.String(36), nullable=False, server_default=""))
    op.add_column("incidents", sa.Column("error_kind", sa.String(16)))
    op.add_column("incidents", sa.Column("merged_into", sa.Integer()))
    op.add_column("incidents", sa.Column("follows", sa.Integer()))
    op.add_column("incidents", sa.Column("flaps", sa.Integer(), nullable=False, server_default="0"))


def _troubles() -> None:
    op.create_table(
        "problems",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("rule", sa.String(63), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "service", "rule"),
    )
    op.create_table(
        "affected",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("incident", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("rule", sa.String(63), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger()),
        sa.Column("level", sa.String(8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cause", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "incident", "service", "rule", "since"),
    )
    op.create_table(
        "decisions",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("service", sa.String(63), nullable=False),
        sa.Column("rule", sa.String(63), nullable=False),
        sa.Column("what", sa.String(16), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("incident", sa.Integer()),
        sa.Column("ticket", sa.Integer()),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "seq"),
    )
    op.create_index("decisions_of_a_rule", "decisions", ["agent_id", "service", "rule", "at"])
    op.create_index("decisions_of_an_incident", "decisions", ["agent_id", "incident"])


def _people() -> None:
    op.create_table(
        "suppressions",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "kind", "number", "at"),
    )
    op.create_table(
        "ticket_links",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("relation", sa.String(16), nullable=False),
        sa.Column("other", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "ticket", "relation", "other"),
    )
    op.create_table(
        "changes",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("services", sa.Text(), nullable=False),
        sa.Column("version", sa.Text()),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "number"),
    )
    op.create_index("changes_by_time", "changes", ["agent_id", "at"])


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("agent_id", sa.String(63), nullable=False),
        sa.Column("helpdesk", sa.String(63), nullable=False),
        sa.Column("key", sa.String(36), nullable=False),
        sa.Column("ticket", sa.Integer(), nullable=False),
        sa.Column("desired", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("observed", sa.Text()),
        sa.Column("done_version", sa.Integer(), nullable=False),
        sa.Column("remote_id", sa.Text()),
        sa.Column("remote_url", sa.Text()),
        sa.Column("remote_state", sa.String(16)),
        sa.Column("sent_priority", sa.String(13)),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("asked_state", sa.String(8)),
        sa.Column("last_error", sa.Text()),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("agent_id", "helpdesk", "key"),
    )
    op.create_index("outbox_due", "outbox", ["agent_id", "state", "next_at"])


def _open_ones() -> None:
    """What was open before is a problem of its own."""
    op.execute(
        """
        INSERT INTO affected (agent_id, incident, service, rule, since, until, level, reason, cause)
        SELECT agent_id, id, service, rule, opened_at, resolved_at, level, reason, TRUE FROM incidents
        """
    )
