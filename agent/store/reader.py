"""What commands and pages ask of the store; read-only."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, select

from agent.lock import is_held
from agent.store import schema
from agent.store.dialect import FILE_NAME, reading_engine
from agent.store.restore import incident_of, ticket_of
from agent.uptime import Alive, Cause, Ledger
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.incidents import Incident
from alerting.slo.spans import Klass


class NoStore(Exception):
    """Nothing was ever stored there; the text says where and what to do."""


class Reader:
    """Answers questions on one agent's rows."""

    def __init__(self, connection: Connection, agent: str, *, running: bool) -> None:
        self._connection, self._agent, self._running = connection, agent, running
        self._told: dict[str, list[Cause]] | None = None

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
        """The spans of a service (or check) that end after `since`, and the incidents of the service."""
        table = schema.spans.c
        still = table.end.is_(None) | (table.end > since)
        rows = self._connection.execute(
            select(table.start, table.end, table.klass)
            .where(table.agent_id == self._agent, table.service == service, table.check_id == check, still)
            .order_by(table.start)
        )
        spans = tuple((start, end, Klass(klass)) for start, end, klass in rows)
        return Ledger(spans, self.alive(), tuple(self._incidents_of(service)))

    def _incidents_of(self, service: str) -> list[Cause]:
        """Asked for many services, read once."""
        if self._told is None:
            self._told = {}
            for incident in self.incidents():
                cause = Cause(
                    incident.opened_at, incident.resolved_at, incident.id, incident.rule, incident.reason
                )
                self._told.setdefault(incident.service, []).append(cause)
        return self._told.get(service, [])

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
    """A reader over one consistent view. Raises NoStore where nothing was stored yet."""
    engine = reading_engine(stored(directory))
    try:
        with engine.begin() as connection:
            yield Reader(connection, agent, running=is_held(directory))
    finally:
        engine.dispose()
