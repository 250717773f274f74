"""What commands and pages ask of the store; read-only."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, literal, select, union_all
from sqlalchemy import func as sql

from agent.lock import is_held
from agent.store import schema
from agent.store.dialect import FILE_NAME, greater, lesser, reading_engine
from agent.store.history import told
from agent.store.maintenance import PlannedWork, Work, by_service
from agent.store.migrate import current
from agent.store.restore import incident_of, ticket_of
from agent.uptime import NOTHING_TOLD, Alive, Cause, Ledger, Told
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.incidents import Incident
from alerting.plans import Edition
from alerting.slo.spans import Klass

_SPANS = schema.spans.c


class NoStore(Exception):
    """Nothing was ever stored there; the text says where and what to do."""


class Reader:
    """Answers questions on one agent's rows."""

    def __init__(self, connection: Connection, agent: str, *, running: bool) -> None:
        self._connection, self._agent, self._running = connection, agent, running
        self._mine = _SPANS.agent_id == agent

    def alive(self) -> Alive:
        """Whether the agent runs, and its last sign of life (0 when it never ran)."""
        table = schema.agents.c
        query = select(table.alive_until).where(table.agent_id == self._agent)
        return Alive(self._running, self._connection.execute(query).scalar() or 0)

    def checks(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Per check: kind, confirmed state, last reading (or None)."""
        table = schema.checks
        found = {}
        for row in self._connection.execute(select(table).where(table.c.agent_id == self._agent)).mappings():
            state = json.loads(row["state"])
            found[(row["service"], row["check_id"])] = {
                "kind": row["kind"],
                "state": state[0],
                "since": state[1],
                "last": json.loads(row["last"]),
            }
        return found

    def memos(self) -> dict[tuple[str, str], Any]:
        """What each check remembers, where it remembers anything."""
        table = schema.checks.c
        query = select(table.service, table.check_id, table.memo).where(
            table.agent_id == self._agent, table.memo.is_not(None)
        )
        return {
            (service, check): json.loads(memo)[1] for service, check, memo in self._connection.execute(query)
        }

    def ledger(self, service: str, check: str = "", since: int = 0) -> Ledger:
        """The spans of a service that end after `since`, and what else is known of its time; or those of a check."""
        rows = self._connection.execute(
            select(_SPANS.start, _SPANS.end, _SPANS.klass)
            .where(self._mine, _SPANS.service == service, _SPANS.check_id == check, self._matters(since))
            .order_by(_SPANS.start)
        )
        spans = tuple((start, end, Klass(klass)) for start, end, klass in rows)
        first = select(sql.min(_SPANS.start)).where(
            self._mine, _SPANS.service == service, _SPANS.check_id == check
        )
        return self._ledger(service, spans, self._connection.execute(first).scalar())

    def ledgers(self, since: int = 0) -> dict[str, Ledger]:
        """The ledger of every service of which anything is known; two queries for all of them."""
        own = (self._mine, _SPANS.check_id == "")
        spans: dict[str, list[tuple[int, int | None, Klass]]] = {}
        query = select(_SPANS.service, _SPANS.start, _SPANS.end, _SPANS.klass).where(
            *own, self._matters(since)
        )
        for service, start, end, klass in self._connection.execute(
            query.order_by(_SPANS.service, _SPANS.start)
        ):
            spans.setdefault(service, []).append((start, end, Klass(klass)))
        first = self.first_seen()
        names = {*first, *self._told} - {""}
        return {
            name: self._ledger(name, tuple(spans.get(name, ())), first.get(name)) for name in sorted(names)
        }

    def sums(self, start: int, end: int) -> dict[str, dict[Klass, int]]:
        """Per service the time in each class that we saw ourselves between two moments; microseconds."""
        closed = self._lengths(_SPANS.end, start, end).where(_SPANS.end > start)
        still_open = self._lengths(literal(self._alive.seen_until(end)), start, end).where(
            _SPANS.end.is_(None)
        )
        each = union_all(closed, still_open).subquery()
        found: dict[str, dict[Klass, int]] = {}
        query = select(each.c.service, each.c.klass, sql.sum(each.c.length)).group_by(
            each.c.service, each.c.klass
        )
        for service, klass, length in self._connection.execute(query):
            found.setdefault(service, {})[Klass(klass)] = length
        return found

    def _lengths(self, until: ColumnElement[int], start: int, end: int) -> Select[tuple[str, str, int]]:
        """One row a span: both are asked for apart, so that each finds its rows by an index."""
        low, high = greater(_SPANS.start, start), lesser(until, end)
        own = (self._mine, _SPANS.check_id == "", high > low)
        return select(_SPANS.service, _SPANS.klass, (high - low).label("length")).where(*own)

    def first_seen(self) -> dict[str, int]:
        """When each service was first seen by us."""
        names = select(sql.min(_SPANS.service).label("name")).where(self._mine).cte("names", recursive=True)
        following = select(sql.min(_SPANS.service)).where(self._mine, _SPANS.service > names.c.name)
        # From one name to the next: a service has thousands of rows, of which its first is wanted.
        names = names.union_all(select(following.scalar_subquery()).where(names.c.name.is_not(None)))
        begun = select(sql.min(_SPANS.start)).where(
            self._mine, _SPANS.service == names.c.name, _SPANS.check_id == ""
        )
        rows = self._connection.execute(select(names.c.name, begun.scalar_subquery()))
        return {name: start for name, start in rows if start is not None}

    def told_of(self, service: str) -> bool:
        """Whether more is known of the service's time than what we saw ourselves."""
        ledger = self._ledger(service, (), None)
        return ledger.told is not NOTHING_TOLD or bool(ledger.work)

    def _matters(self, since: int) -> ColumnElement[bool]:
        """Spans that end after `since`; all of a service of which others told, for they say how far that reaches."""
        still = _SPANS.end.is_(None) | (_SPANS.end > since)
        if not any(told.events for told in self._told.values()):
            return still
        rows = schema.told_events.c
        return still | exists().where(rows.agent_id == self._agent, rows.service == _SPANS.service)

    def _ledger(
        self, service: str, spans: tuple[tuple[int, int | None, Klass], ...], first: int | None
    ) -> Ledger:
        told = self._told.get(service) or self._told.get("", NOTHING_TOLD)
        work = (*self._work.get(service, ()), *self._work.get("", ()))
        return Ledger(spans, self._alive, tuple(self._causes.get(service, ())), told, first, work)

    @cached_property
    def _told(self) -> Mapping[str, Told]:
        return told(self._connection, self._agent)

    @cached_property
    def _work(self) -> Mapping[str, list[tuple[Edition, ...]]]:
        return by_service(self.planned_work())

    def planned_work(self) -> list[Work]:
        """Planned work by number, as it was last planned."""
        return PlannedWork(self._connection, self._agent).all()

    @cached_property
    def _alive(self) -> Alive:
        return self.alive()

    @cached_property
    def _causes(self) -> Mapping[str, list[Cause]]:
        causes: dict[str, list[Cause]] = {}
        for each in self.incidents():
            cause = Cause(each.opened_at, each.resolved_at, each.id, each.rule, each.reason)
            causes.setdefault(each.service, []).append(cause)
        return causes

    def incidents(self) -> list[Incident]:
        """Newest first."""
        table = schema.incidents
        query = select(table).where(table.c.agent_id == self._agent).order_by(table.c.id.desc())
        return [incident_of(row) for row in self._connection.execute(query).mappings()]

    def tickets(self) -> list[Ticket]:
        """Newest first."""
        table = schema.tickets
        query = select(table).where(table.c.agent_id == self._agent).order_by(table.c.number.desc())
        return [ticket_of(row) for row in self._connection.execute(query).mappings()]

    def timeline(self, number: int) -> list[TicketEvent]:
        """A ticket's events in order."""
        table = schema.ticket_events
        columns = (table.c.ticket, table.c.at, table.c.by, table.c.what, table.c.text)
        query = (
            select(*columns)
            .where(table.c.agent_id == self._agent, table.c.ticket == number)
            .order_by(table.c.seq)
        )
        return [TicketEvent(*row) for row in self._connection.execute(query)]


def stored(directory: Path) -> Path:
    """The database of a state directory. Raises NoStore where nothing was stored yet."""
    path = directory / FILE_NAME
    try:
        exists = path.is_file()
    except PermissionError:
        raise NoStore(f"{directory} cannot be read: become root or the user that runs tocsin") from None
    if not exists:
        raise NoStore(f"nothing is stored in {directory} yet: start the daemon with `tocsin run`")
    return path


@contextmanager
def reading(directory: Path, agent: str) -> Iterator[Reader]:
    """A reader over one consistent view. Raises NoStore where nothing was stored yet, or by an older version only."""
    path = stored(directory)
    engine = reading_engine(path)
    try:
        with engine.begin() as connection:
            if (current(connection) or "") < schema.HEAD:
                raise NoStore(
                    f"{path} is as an older version left it: (re)start the daemon, which brings it up to date"
                )
            yield Reader(connection, agent, running=is_held(directory))
    finally:
        engine.dispose()
