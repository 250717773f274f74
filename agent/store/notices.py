"""Notices: written, and read again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from agent.store import schema
from agent.store.rows import dumps, put
from alerting.desk.notices import Notice
from alerting.outgoing import Standing

_TABLE = schema.notices.c
_COLUMNS = ("key", "ticket", "channel", "to", "at", "next_at")


def save_notices(connection: Connection, agent: str, notices: Iterable[Notice]) -> None:
    """Write notices, new or changed."""
    put(connection, schema.notices, [_row(agent, notice) for notice in notices])


def unsent_notices(connection: Connection, agent: str) -> list[Notice]:
    """Those that are still to be sent."""
    over = [Standing.DONE.value, Standing.DROPPED.value]
    return _found(connection, agent, _TABLE.state.not_in(over))


def all_notices(connection: Connection, agent: str) -> list[Notice]:
    """Every notice there ever was, the latest first."""
    return _found(connection, agent)


def notices_of(connection: Connection, agent: str, ticket: int) -> list[Notice]:
    """What people were told of one ticket."""
    return _found(connection, agent, _TABLE.ticket == ticket)


def first_notices(connection: Connection, agent: str, tickets: Collection[int]) -> dict[tuple[int, str], str]:
    """The key of the first notice of each ticket to each address, in small letters."""
    query = select(_TABLE.ticket, _TABLE.to, _TABLE.key).where(
        _TABLE.agent_id == agent, _TABLE.ticket.in_(tickets)
    )
    found: dict[tuple[int, str], str] = {}
    for ticket, to, key in connection.execute(query.order_by(_TABLE.at, _TABLE.key)):
        found.setdefault((ticket, to.lower()), key)
    return found


def _found(connection: Connection, agent: str, *which: ColumnElement[bool]) -> list[Notice]:
    query = select(schema.notices).where(_TABLE.agent_id == agent, *which)
    ordered = query.order_by(_TABLE.at.desc(), _TABLE.key)
    return [
        Notice(
            **{name: row[name] for name in _COLUMNS}, state=Standing(row["state"]), **json.loads(row["data"])
        )
        for row in connection.execute(ordered).mappings()
    ]


def _row(agent: str, notice: Notice) -> dict[str, Any]:
    told = {**asdict(notice), "state": notice.state.value}
    columns = {name: told.pop(name) for name in (*_COLUMNS, "state")}
    return {"agent_id": agent, **columns, "data": dumps(told)}
