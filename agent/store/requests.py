"""Requests by check and hour: written with the readings that tell of them, summed for a period."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from sqlalchemy import CTE, Connection, Dialect, bindparam, case, select
from sqlalchemy import func as sql

from agent.memory import Address
from agent.store import schema
from agent.store.dialect import upsert
from checks.base import Reading

Row = dict[str, Any]
_SECOND = 1_000_000
_TABLE = schema.requests
Counts = tuple[int, int]  # requests, and those of them that were answered well


def put_requests(
    connection: Connection, agent: str, readings: Iterable[tuple[Address, str, Reading]]
) -> None:
    """Add what these readings tell of. To be called once for each, in the transaction that stores it."""
    rows: dict[bool, list[Row]] = {}
    for (service, check), _kind, reading in readings:
        told = reading.requests
        if told is not None:
            named = {"agent_id": agent, "service": service, "check_id": check}
            rows.setdefault(told.so_far, []).extend(
                {**named, "hour": hour * _SECOND, "valid": valid, "good": good}
                for hour, (valid, good) in told.hours.items()
            )
    for so_far, found in rows.items():
        statement, order = _statement(connection.dialect, so_far=so_far)
        ready = [tuple(map(row.__getitem__, order)) for row in found] if order else found
        if ready:
            connection.exec_driver_sql(statement, ready)


@cache
def _statement(dialect: Dialect, *, so_far: bool) -> tuple[str, tuple[str, ...]]:
    """The statement and the order of its parameters, as `save.put` has them.

    What is known so far stands in place of what is less: an hour's sums only grow. A check that has forgotten
    what it had counted, since its options are others now, so counts nothing twice.
    """
    insert, columns = upsert(_TABLE), _TABLE.c
    new = insert.excluded
    if so_far:
        more = new.valid >= columns.valid
        changed: dict[str, Any] = {
            "valid": case((more, new.valid), else_=columns.valid),
            "good": case((more, new.good), else_=columns.good),
        }
    else:
        changed = {"valid": columns.valid + new.valid, "good": columns.good + new.good}
    keys = [column.name for column in _TABLE.primary_key]
    compiled = insert.on_conflict_do_update(index_elements=keys, set_=changed).compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ())


def requests_between(
    connection: Connection, agent: str, start: int, end: int, service: str | None = None
) -> dict[str, dict[str, Counts]]:
    """Per service, or for one, and check the sums of the hours that begin between two moments (microseconds)."""
    found: dict[str, dict[str, Counts]] = {}
    for name, check in connection.execute(select(_checks(agent))).all():
        if check is not None and service in (None, name):
            of_check = {"agent": agent, "service": name, "check": check, "start": start, "end": end}
            # One after the other: each is a piece of the key in order, while a join would sort them all.
            valid, good = connection.execute(_SUMS, of_check).one()
            if valid:
                found.setdefault(name, {})[check] = (valid, good)
    return found


_SUMS = select(sql.sum(_TABLE.c.valid), sql.sum(_TABLE.c.good)).where(
    _TABLE.c.agent_id == bindparam("agent"),
    _TABLE.c.service == bindparam("service"),
    _TABLE.c.check_id == bindparam("check"),
    _TABLE.c.hour >= bindparam("start"),
    _TABLE.c.hour < bindparam("end"),
)


def _checks(agent: str) -> CTE:
    """All that have rows, from one name to the next: a check has thousands of rows."""
    rows = _TABLE.c
    first = select(sql.min(rows.service).label("service")).where(rows.agent_id == agent)
    services = first.cte("services", recursive=True)
    next_service = select(sql.min(rows.service)).where(
        rows.agent_id == agent, rows.service > services.c.service
    )
    services = services.union_all(
        select(next_service.scalar_subquery()).where(services.c.service.is_not(None))
    )
    first_check = select(sql.min(rows.check_id)).where(
        rows.agent_id == agent, rows.service == services.c.service
    )
    named = select(services.c.service, first_check.scalar_subquery().label("check_id")).where(
        services.c.service.is_not(None)
    )
    checks = named.cte("named", recursive=True)
    next_check = select(sql.min(rows.check_id)).where(
        rows.agent_id == agent, rows.service == checks.c.service, rows.check_id > checks.c.check_id
    )
    return checks.union_all(
        select(checks.c.service, next_check.scalar_subquery()).where(checks.c.check_id.is_not(None))
    )
