"""Raw readings: rows for two hours, then one packed blob per check and hour, dropped when they are old."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, delete, select
from sqlalchemy import func as sql

from agent.store import schema
from agent.store.dialect import upsert

_HOUR = 3600 * 1_000_000
_LEVEL = 6


def pack_hours(connection: Connection, agent: str, before: int) -> bool:
    """Pack the oldest full hour that began before `before`; whether there was one."""
    rows = schema.readings.c
    mine = rows.agent_id == agent
    oldest = connection.execute(select(sql.min(rows.at)).where(mine, rows.at < before)).scalar()
    if oldest is None:
        return False
    start = oldest // _HOUR * _HOUR
    inside = (rows.at >= start) & (rows.at < start + _HOUR)
    query = select(schema.readings).where(mine, inside).order_by(rows.service, rows.check_id, rows.at)
    groups: dict[tuple[str, str], list[list[Any]]] = {}
    for row in connection.execute(query).mappings():
        entry = [row["at"], row["status"], row["took"], row["message"], json.loads(row["values"])]
        groups.setdefault((row["service"], row["check_id"]), []).append(entry)
    for (service, check), entries in groups.items():
        _add(connection, (agent, service, check, start), entries)
    connection.execute(delete(schema.readings).where(mine, inside))
    return True


def drop_old(connection: Connection, agent: str, before: int) -> None:
    """Forget packed hours that began before `before`; spans and flips stay."""
    table = schema.packed_readings.c
    connection.execute(delete(schema.packed_readings).where(table.agent_id == agent, table.hour < before))


def unpacked(blob: bytes) -> list[list[Any]]:
    """`[at, status, took, message, values]` of each reading in the blob, in order of time."""
    names, entries = json.loads(zlib.decompress(blob))
    return [
        [at, status, took, message, dict(zip(names, values, strict=True))]
        for at, status, took, message, values in entries
    ]


def packed(entries: Iterable[list[Any]]) -> bytes:
    """The inverse of `unpacked`; a value that an entry lacks comes back as None."""
    listed = list(entries)
    names = sorted({name for entry in listed for name in entry[4]})
    rows = [[*entry[:4], [entry[4].get(name) for name in names]] for entry in listed]
    return zlib.compress(json.dumps([names, rows], separators=(",", ":")).encode(), _LEVEL)


def _add(connection: Connection, key: tuple[str, str, str, int], entries: list[list[Any]]) -> None:
    """Late rows of an hour that is packed already are packed into it."""
    agent, service, check, hour = key
    table = schema.packed_readings
    mine = (table.c.agent_id == agent) & (table.c.service == service) & (table.c.check_id == check)
    known = connection.execute(select(table.c.packed).where(mine, table.c.hour == hour)).scalar()
    if known is not None:
        entries = sorted([*unpacked(known), *entries], key=lambda entry: entry[0])
    row = {"count": len(entries), "packed": packed(entries)}
    statement = upsert(table).values(agent_id=agent, service=service, check_id=check, hour=hour, **row)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["agent_id", "service", "check_id", "hour"], set_=row)
    )
