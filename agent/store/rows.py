"""Values -> rows: written, or replaced by primary key, as the driver wants them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic_core import PydanticSerializationError, to_json
from sqlalchemy import Connection, Dialect, Table

from agent.store.dialect import upsert

Row = dict[str, Any]
_KEPT = {"agents": {"started_at"}}


def put(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert, or replace by primary key, all but the columns in _KEPT."""
    if not rows:
        return
    sql, order = _upsert_of(table, connection.dialect)
    # Handed to the driver as it is: composing it anew for each commit would cost more than SQLite does.
    ready = [tuple(map(row.__getitem__, order)) for row in rows] if order else rows
    connection.exec_driver_sql(sql, ready)


@cache
def _upsert_of(table: Table, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """The statement, and the order of its parameters; no order where the dialect names them."""
    insert = upsert(table)
    keys = [column.name for column in table.primary_key]
    fixed = {*keys, *_KEPT.get(table.name, ())}
    names = [column.name for column in table.columns]
    rest = {name: insert.excluded[name] for name in names if name not in fixed}
    compiled = insert.on_conflict_do_update(index_elements=keys, set_=rest).compile(dialect=dialect)
    return str(compiled), tuple(compiled.positiontup or ())


# Made once: the library would make an encoder for every call with settings of one's own.
def dumps(value: Any) -> str:
    """As JSON. pydantic's writer takes a fifth of the time of the standard one, but no lone surrogates."""
    try:
        return to_json(value, inf_nan_mode="constants", fallback=str).decode()
    except PydanticSerializationError:
        return json.dumps(value, separators=(",", ":"), default=str)
