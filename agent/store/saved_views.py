"""Rows of saved views: parts of the queue that somebody keeps under a name."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import Connection, delete, select

from agent.store import schema
from agent.store.rows import put

_ROWS = schema.saved_views.c


@dataclass(frozen=True, slots=True)
class SavedView:
    """`who` keeps it; `query` is what an address of the queue says; a `shared` one is seen by their teams too."""

    who: str
    name: str
    query: str
    shared: bool


def saved_views(connection: Connection, agent: str) -> list[SavedView]:
    """All of them, by who and name."""
    query = select(schema.saved_views).where(_ROWS.agent_id == agent).order_by(_ROWS.who, _ROWS.name)
    return [
        SavedView(row["who"], row["name"], row["query"], row["shared"])
        for row in connection.execute(query).mappings()
    ]


def save_view(connection: Connection, agent: str, view: SavedView) -> None:
    """A new one, or another under the same name."""
    put(connection, schema.saved_views, [{"agent_id": agent, **asdict(view)}])


def remove_view(connection: Connection, agent: str, who: str, name: str) -> None:
    """It is kept no more."""
    mine = (_ROWS.agent_id == agent, _ROWS.who == who, _ROWS.name == name)
    connection.execute(delete(schema.saved_views).where(*mine))
