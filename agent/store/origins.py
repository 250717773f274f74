"""Which tickets, however old, are known by an origin: an alert of another tool, a request that may come twice."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select
from sqlalchemy import func as sql

from agent.store import schema

_AT_ONCE = 500


def newest_by_origin(connection: Connection, agent: str, origins: Collection[str]) -> list[int]:
    """The number of the newest ticket of each origin that has one."""
    table, found = schema.tickets.c, list[int]()
    asked = sorted(origins)
    for start in range(0, len(asked), _AT_ONCE):
        some = asked[start : start + _AT_ONCE]
        query = select(sql.max(table.number)).where(table.agent_id == agent, table.origin.in_(some))
        found += connection.execute(query.group_by(table.origin)).scalars()
    return found
