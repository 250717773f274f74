"""When a create whose answer was lost can be found, and when it is looked for a twin of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("outbox", sa.Column("lag_until", sa.BigInteger()))
    op.add_column("outbox", sa.Column("twins_at", sa.BigInteger()))
    # What is in doubt at this moment is not made again before it could have been found.
    op.execute("UPDATE outbox SET lag_until = next_at WHERE state = 'doubt' AND remote_id IS NULL")
