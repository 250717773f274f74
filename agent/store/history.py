"""Imported history in the store: written all at once, read with a service's own spans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import islice

from sqlalchemy import CTE, ColumnElement, Connection, ScalarSelect, Table, select
from sqlalchemy import func as sql

from agent.store import schema
from agent.store.rows import put
from agent.uptime import Told
from alerting.slo.events import Event
from alerting.slo.lines import Line, Recorded
from alerting.slo.spans import Klass

_BATCH = 5000
_KLASSES = {klass.value: klass for klass in Klass}


def take_in(
    connection: Connection, agent: str, lines: Iterable[Line], done: Callable[[int], object] = int
) -> None:
    """Write the lines. Of several states of one service at one moment the last one given counts, now and later.

    `done` is told how many rows more were written, several times.
    """
    events: dict[tuple[str, int], Event] = {}
    windows: set[tuple[str, int, int, str]] = set()
    for line in lines:
        if isinstance(line, Recorded):
            events[line.service, line.event.at] = line.event
        else:
            windows.add((line.service, line.start, line.end, line.klass.value))
    # In the order in which they lie in the database, which is faster: a daemon waits meanwhile.
    told = ((agent, *key, events[key].klass.value, events[key].until) for key in sorted(events))
    _write(connection, schema.told_events, told, done)
    _write(connection, schema.told_windows, ((agent, *window) for window in sorted(windows)), done)


def _write(
    connection: Connection, table: Table, rows: Iterable[tuple[object, ...]], done: Callable[[int], object]
) -> None:
    """Rows as the table has its columns; a few at a time, so that no copy is held of them all."""
    names, left = [column.name for column in table.columns], iter(rows)
    while batch := [dict(zip(names, row, strict=True)) for row in islice(left, _BATCH)]:
        put(connection, table, batch)
        done(len(batch))


def told_services(agent: str, since: int) -> CTE:
    """A row for each service of which events were told: the moments of the `first` and the `last` of them, and of
    the one that was in force at `since`, null where that is before the first.
    """
    rows = schema.told_events.c
    mine = rows.agent_id == agent
    names = select(sql.min(rows.service).label("service")).where(mine).cte("told_names", recursive=True)
    # From one name to the next, for there may be millions of rows.
    following = select(sql.min(rows.service)).where(mine, rows.service > names.c.service)
    names = names.union_all(select(following.scalar_subquery()).where(names.c.service.is_not(None)))

    def moment(of: ColumnElement[int], *which: ColumnElement[bool]) -> ScalarSelect[int]:
        return select(of).where(mine, rows.service == names.c.service, *which).scalar_subquery()

    return (
        select(
            names.c.service,
            moment(sql.min(rows.at)).label("first"),
            moment(sql.max(rows.at)).label("last"),
            moment(sql.max(rows.at), rows.at <= since).label("in_force"),
        )
        .where(names.c.service.is_not(None))
        .cte("told_services")
    )


def told(connection: Connection, agent: str, since: int = 0) -> Mapping[str, Told]:
    """What was imported, by service; what holds for every service stands in each, and under the empty name.

    Of the events those that matter from `since` on, and the moment of the very first.
    """
    rows, of = schema.told_events.c, told_services(agent, since).c
    query = select(rows.service, rows.at, rows.klass, rows.until, of.first).where(
        rows.agent_id == agent, rows.service == of.service, rows.at >= sql.coalesce(of.in_force, of.first)
    )
    events: dict[str, list[Event]] = {}
    firsts: dict[str, int] = {}
    ordered = query.order_by(rows.service, rows.at).execution_options(yield_per=_BATCH)
    for service, at, klass, until, first in connection.execute(ordered):
        events.setdefault(service, []).append(Event(at, _KLASSES[klass], until))
        firsts[service] = first
    windows = _windows(connection, agent)
    off = tuple(windows.pop("", ()))
    return {
        service: Told(
            tuple(events.get(service, ())), tuple(windows.get(service, ())), off, firsts.get(service)
        )
        for service in (*events, *windows, *([""] if off else []))
    }


def _windows(connection: Connection, agent: str) -> dict[str, list[tuple[int, int]]]:
    rows = schema.told_windows.c
    query = (
        select(rows.service, rows.start, rows.end)
        .where(rows.agent_id == agent)
        .order_by(rows.start, rows.end)
    )
    found: dict[str, list[tuple[int, int]]] = {}
    for service, start, end in connection.execute(query):
        found.setdefault(service, []).append((start, end))
    return found
