"""What becomes of readings: rows for two hours, then packed and rolled up, dropped when they are old.

Decisions are dropped after three years (agent/store/decisions.py). Nothing else is: spans, flips, gaps, blips,
requests, what was imported and what was planned stay, and with them every figure of uptime.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import structlog
from sqlalchemy import Connection, delete, select
from sqlalchemy import func as sql

from agent.store import schema
from agent.store.packing import Damaged, packed, unpacked
from agent.store.roll_ups import HOUR, Address, roll_up
from agent.store.rows import put
from alerting.slo.sketch import Sketch, sketched
from checks.base import Status

log = structlog.get_logger()
_AT_ONCE = 40  # checks in one transaction: the writer has other work that waits
_ANSWERED = {Status.OK.value, Status.DEGRADED.value}
Entry = list[Any]


def pack_some(connection: Connection, agent: str, before: int) -> bool:
    """Pack the oldest full hour of some checks, where it began before `before`; whether there was one."""
    rows = schema.readings.c
    mine = rows.agent_id == agent
    oldest = connection.execute(select(sql.min(rows.at)).where(mine, rows.at < before)).scalar()
    if oldest is None:
        return False
    hour = oldest // HOUR * HOUR
    inside = (mine, rows.at >= hour, rows.at < hour + HOUR)
    checks = select(rows.service, rows.check_id).where(*inside).distinct().limit(_AT_ONCE)
    for service, check in connection.execute(checks).all():
        of_one = (*inside, rows.service == service, rows.check_id == check)
        found = connection.execute(select(schema.readings).where(*of_one).order_by(rows.at)).mappings()
        entries = [
            [row["at"], row["status"], row["took"], row["message"], json.loads(row["values"])]
            for row in found
        ]
        _pack((agent, service, check), hour, entries, connection)
        connection.execute(delete(schema.readings).where(*of_one))
    return True


def fresh_latencies(
    connection: Connection, address: Address, start: int, end: int
) -> Iterator[tuple[int, int, Sketch]]:
    """Of the hours that begin between two moments what is not packed yet: begin, length, sketch of each."""
    agent, service, check = address
    rows = schema.readings.c
    query = select(rows.at, rows.status, rows.took, rows.message, rows["values"]).where(
        rows.agent_id == agent,
        rows.service == service,
        rows.check_id == check,
        rows.at >= start,
        rows.at < end + HOUR,
    )
    hours: dict[int, list[float]] = {}
    for at, status, took, message, values in connection.execute(query.order_by(rows.at)):
        if status in _ANSWERED and (hour := at // HOUR * HOUR) < end:
            hours.setdefault(hour, []).append(_latency([at, status, took, message, json.loads(values)]))
    for hour, found in hours.items():
        yield hour, HOUR, sketched(found)


def drop_old(connection: Connection, agent: str, before: int) -> None:
    """Forget packed hours that began before `before`."""
    table = schema.packed_readings.c
    connection.execute(delete(schema.packed_readings).where(table.agent_id == agent, table.hour < before))


def _pack(address: Address, hour: int, entries: list[Entry], connection: Connection) -> None:
    """Late readings of an hour that is packed already are packed into it, and added to its latency."""
    roll_up(
        connection, address, hour, sketched(_latency(entry) for entry in entries if entry[1] in _ANSWERED)
    )
    agent, service, check = address
    row = {"agent_id": agent, "service": service, "check_id": check, "hour": hour}
    entries = sorted([*_known(connection, row), *entries], key=lambda entry: entry[0])
    put(connection, schema.packed_readings, [{**row, "count": len(entries), "packed": packed(entries)}])


def _known(connection: Connection, row: dict[str, Any]) -> list[Entry]:
    table = schema.packed_readings.c
    same = (table[name] == value for name, value in row.items())
    blob = connection.execute(select(table.packed).where(*same)).scalar()
    try:
        return unpacked(blob) if blob is not None else []
    except Damaged as error:
        log.error("readings.lost", **row, reason=str(error))
        return []


def _latency(entry: Entry) -> float:
    """How long the answer took, in seconds."""
    told = entry[4].get("latency")
    return told if isinstance(told, (int, float)) else entry[2]
