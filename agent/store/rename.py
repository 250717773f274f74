"""Checks' rows under their new names: state, readings, flips, spans, blips, requests, incidents, tickets, in one go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    ScalarSelect,
    Table,
    bindparam,
    delete,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy import func as sql

from agent.memory import Address
from agent.store import schema
from agent.store.distinct import distinct

# Each with the column that places a row in time.
_HISTORY = (
    (schema.readings, "at"),
    (schema.packed_readings, "hour"),
    (schema.roll_ups, "start"),
    (schema.flips, "at"),
    (schema.spans, "start"),
    (schema.blips, "start"),
    (schema.requests, "hour"),
)
_MINE: BindParameter[str] = bindparam("agent")
_PACKED, _ROLLED = schema.packed_readings.c, schema.roll_ups.c
_STEPS = {
    step: distinct(_ROLLED.start, _ROLLED.agent_id == _MINE, _ROLLED.step == step, name=step)
    for step in ("hour", "day")
}
# These lie by time: a look at the check's rows of each hour or day instead of one at the rows of all checks.
_LOOKUPS: dict[Table, tuple[ColumnElement[bool], ...]] = {
    schema.packed_readings: (
        _PACKED.hour.in_(select(distinct(_PACKED.hour, _PACKED.agent_id == _MINE).c.value)),
    ),
    schema.roll_ups: (
        # Not `in`, which cannot be said of several names at once.
        or_(*(_ROLLED.step == step for step in _STEPS)),
        _ROLLED.start.in_(union_all(*(select(starts.c.value) for starts in _STEPS.values()))),
    ),
}
_NEW_NAME: dict[str, Any] = {"service": bindparam("new_service"), "check_id": bindparam("new_check")}
_NEW_RULE: dict[str, Any] = {"service": bindparam("new_service"), "rule": bindparam("new_check")}


def carry_over(connection: Connection, agent: str, moves: Sequence[tuple[Address, Address]]) -> None:
    """All rows of each old name become those of the new one.

    What the new name left behind in an earlier life stays as far as it ended before; where both lived at the
    same time, the one that is carried over counts.
    """
    if not moves:
        return
    named = [
        {
            "agent": agent,
            "old_service": old[0],
            "old_check": old[1],
            "new_service": new[0],
            "new_check": new[1],
        }
        for old, new in moves
    ]
    for statement in _STATEMENTS:
        connection.execute(statement, named)


def _of(table: Table, which: str) -> tuple[ColumnElement[bool], ...]:
    """The rows of the `old` or the `new` name."""
    check = table.c.rule if "rule" in table.c else table.c.check_id
    return (
        table.c.agent_id == bindparam("agent"),
        table.c.service == bindparam(f"{which}_service"),
        check == bindparam(f"{which}_check"),
        *_LOOKUPS.get(table, ()),
    )


def _history(table: Table, moment: str) -> list[Any]:
    """Make way, then move. Where there is nothing to move, `first` is null and nothing makes way."""
    first: ScalarSelect[Any] = select(sql.min(table.c[moment])).where(*_of(table, "old")).scalar_subquery()
    statements: list[Any] = [delete(table).where(*_of(table, "new"), table.c[moment] >= first)]
    if table is schema.spans:
        reaches = table.c.end.is_(None) | (table.c.end > first)
        statements.append(update(table).where(*_of(table, "new"), reaches).values(end=first))
    return [*statements, _moved(table)]


def _moved(table: Table) -> Any:
    name = _NEW_RULE if "rule" in table.c else _NEW_NAME
    return update(table).where(*_of(table, "old")).values(name)


def _incidents() -> Any:
    """Occurrences go on counting after those of an earlier life of the new name."""
    table = schema.incidents
    lived = select(sql.max(table.c.occurrence)).where(*_of(table, "new")).scalar_subquery()
    values = {**_NEW_RULE, "occurrence": table.c.occurrence + sql.coalesce(lived, 0)}
    return update(table).where(*_of(table, "old")).values(values)


_STATEMENTS = [
    *(statement for table, moment in _HISTORY for statement in _history(table, moment)),
    delete(schema.checks).where(*_of(schema.checks, "new")),
    _moved(schema.checks),
    _moved(schema.tickets),
    _moved(schema.affected),
    _moved(schema.decisions),
    _incidents(),
]
