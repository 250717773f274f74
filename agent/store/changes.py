"""Changes in the store: written once, never changed, read."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import Connection, select
from sqlalchemy import func as sql

from agent.store import schema
from agent.store.rows import put
from alerting.incidents.change import Change

_ROWS = schema.changes.c


def save_changes(connection: Connection, agent: str, changes: Sequence[Change]) -> None:
    """Those that carry their numbers already."""
    rows = [
        {
            "agent_id": agent,
            "number": each.number,
            "at": each.at,
            "kind": each.kind,
            "services": json.dumps(each.services),
            "version": each.version,
            "text": each.text,
            "by": each.by,
        }
        for each in changes
    ]
    put(connection, schema.changes, rows)


def last_number(connection: Connection, agent: str) -> int:
    """The number of the latest one; 0 when there is none."""
    return connection.execute(select(sql.max(_ROWS.number)).where(_ROWS.agent_id == agent)).scalar() or 0


def changes_since(connection: Connection, agent: str, since: int, most: int) -> list[Change]:
    """At most so many that were made since then, the newest first."""
    query = (
        select(schema.changes)
        .where(_ROWS.agent_id == agent, _ROWS.at >= since)
        .order_by(_ROWS.at.desc(), _ROWS.number.desc())
        .limit(most)
    )
    return [
        Change(
            row["number"],
            row["at"],
            row["kind"],
            tuple(json.loads(row["services"])),
            row["version"],
            row["text"],
            row["by"],
        )
        for row in connection.execute(query).mappings()
    ]
