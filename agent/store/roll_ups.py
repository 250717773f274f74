"""Roll-ups of latency: a sketch an hour, then one a UTC day, packed where their readings are packed.

A row holds the hourly sketches of a check of one UTC day, or the daily ones of 16 days, so that its key does not take
more room than what it holds. The sketches of a row are packed together, each with its number among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import structlog
from sqlalchemy import ColumnElement, Connection, delete, select

from agent.store import schema
from agent.store.distinct import distinct
from alerting.slo.sketch import Sketch, merged, packed, unpacked

log = structlog.get_logger()
HOUR = 3600 * 1_000_000
DAY = 24 * HOUR
# Of each step: how long one is, and how long all those of a row are together.
_STEPS: Mapping[str, tuple[int, int]] = {"hour": (HOUR, DAY), "day": (DAY, 16 * DAY)}
_AT_ONCE = 50  # rows in one transaction
_TABLE = schema.roll_ups
_ROW = _TABLE.c
Address = tuple[str, str, str]  # agent, service, check


def roll_up(connection: Connection, address: Address, hour: int, sketch: Sketch) -> None:
    """Add what was found in an hour to what is known of it already."""
    if sketch.count:
        _add(connection, address, "hour", (hour, sketch))


def thin_out(connection: Connection, agent: str, before: int) -> bool:
    """Merge hourly sketches of UTC days that were over at `before` into daily ones; whether there may be more."""
    mine = (_ROW.agent_id == agent, _ROW.step == "hour", _ROW.start <= before - DAY)
    old = connection.execute(select(_TABLE).where(*mine).order_by(_ROW.start).limit(_AT_ONCE)).all()
    for row in old:
        address = (agent, row.service, row.check_id)
        day = merged(_known(row.sketches).values())
        connection.execute(delete(_TABLE).where(*_key(address, "hour", row.start)))
        _add(connection, address, "day", (row.start, day))
    return len(old) == _AT_ONCE


def forget_roll_ups(connection: Connection, agent: str, before: int) -> None:
    """Drop daily sketches as soon as all of their row were over at `before`."""
    old = _ROW.start <= before - _STEPS["day"][1]
    connection.execute(delete(_TABLE).where(_ROW.agent_id == agent, _ROW.step == "day", old))


def latency(connection: Connection, address: Address, start: int, end: int) -> Sketch:
    """One sketch of the check's latency, in seconds, of the hours that begin between two moments.

    Where they are merged already, of the days that do.
    """
    return merged(sketch for _, _, sketch in latencies(connection, address, start, end))


def latencies(
    connection: Connection, address: Address, start: int, end: int
) -> Iterator[tuple[int, int, Sketch]]:
    """The same one by one: when each hour or day began, how long it is, and its sketch."""
    for step, (width, whole) in _STEPS.items():
        for first, row in _rows(connection, address, step, (start - whole, end)):
            for number, sketch in _known(row).items():
                if start <= (at := first + number * width) < end:
                    yield at, width, sketch


def _rows(
    connection: Connection, address: Address, step: str, between: tuple[int, int]
) -> Iterator[tuple[int, bytes]]:
    """The check's rows of the step that begin between two moments."""
    agent, service, check = address
    inside = (_ROW.agent_id == agent, _ROW.step == step, _ROW.start > between[0], _ROW.start < between[1])
    starts = select(distinct(_ROW.start, *inside).c.value)
    mine = (_ROW.agent_id == agent, _ROW.step == step, _ROW.service == service, _ROW.check_id == check)
    rows = connection.execute(select(_ROW.start, _ROW.sketches).where(*mine, _ROW.start.in_(starts)))
    return ((first, row) for first, row in rows)


def _add(connection: Connection, address: Address, step: str, found: tuple[int, Sketch]) -> None:
    """Merge a sketch, by the moment at which its time begins, into its row."""
    (width, whole), (at, sketch) = _STEPS[step], found
    start = at // whole * whole
    key, number = _key(address, step, start), (at - start) // width
    known = connection.execute(select(_ROW.sketches).where(*key)).scalar()
    each = _known(known) if known else {}
    each[number] = merged([each[number], sketch]) if number in each else sketch
    # Not in its old place: rows that grow where they stand would leave pages half empty.
    connection.execute(delete(_TABLE).where(*key))
    agent, service, check = address
    connection.execute(
        _TABLE.insert().values(
            agent_id=agent, step=step, start=start, service=service, check_id=check, sketches=packed(each)
        )
    )


def _key(address: Address, step: str, start: int) -> tuple[ColumnElement[bool], ...]:
    agent, service, check = address
    return (
        _ROW.agent_id == agent,
        _ROW.step == step,
        _ROW.start == start,
        _ROW.service == service,
        _ROW.check_id == check,
    )


def _known(row: bytes) -> dict[int, Sketch]:
    """The sketches of a row by their numbers; of a damaged one, nothing."""
    try:
        return unpacked(row)
    except ValueError as error:
        log.error("roll_ups.lost", reason=str(error))
        return {}
