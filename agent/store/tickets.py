"""Tickets, their timelines, policies, attachments and the roster: written, and read again."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, fields
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, select
from sqlalchemy import func as sql

from agent.store import schema
from agent.store.rows import dumps, put
from alerting.desk.attachment import Attachment
from alerting.desk.roster import RosterEntry
from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from config.policies import Policy

# Those that stand in columns; `reporter` does as well, but only to be asked for.
_COLUMNS = (
    "number", "service", "state", "severity", "priority", "title", "description", "opened_at", "acknowledged_at",
    "resolved_at", "closed_at", "assignee", "tier", "version", "team", "origin",
)  # fmt: skip
# In one question; where more are asked for all are told.
_MOST_NAMED = 5000
_REST = tuple(each.name for each in fields(Ticket) if each.name not in {*_COLUMNS, "check", "due"})


@cache
def _tickets() -> TypeAdapter[Ticket]:
    return TypeAdapter(Ticket)


@cache
def _policies() -> TypeAdapter[Policy]:
    return TypeAdapter(Policy)


def policy_text(policy: Policy) -> str:
    """The policy as JSON, the same for the same policy."""
    told = _policies().dump_python(policy, mode="json")
    if told["calendar"] is not None:
        told["calendar"]["dates"].sort()  # a set has no order of its own
    return json.dumps(told, sort_keys=True, separators=(",", ":"))


def save_tickets(connection: Connection, agent: str, tickets: Iterable[Ticket]) -> None:
    """Write tickets, new or changed."""
    put(connection, schema.tickets, [_row(agent, ticket) for ticket in tickets])


def save_policies(connection: Connection, agent: str, policies: Iterable[tuple[str, Policy]]) -> None:
    """Write policies by their digests."""
    rows = [
        {"agent_id": agent, "digest": digest, "name": policy.name, "data": policy_text(policy)}
        for digest, policy in policies
    ]
    put(connection, schema.policies, rows)


def policies(connection: Connection, agent: str) -> dict[str, Policy]:
    """Every policy that a ticket was opened under, by its digest."""
    table = schema.policies
    found = connection.execute(select(table.c.digest, table.c.data).where(table.c.agent_id == agent))
    return {digest: _policies().validate_json(data) for digest, data in found}


def save_events(connection: Connection, agent: str, events: Iterable[TicketEvent]) -> None:
    """Write further lines of timelines."""
    listed = list(events)
    if not listed:
        return
    table = schema.ticket_events.c
    mine = (table.agent_id == agent, table.ticket.in_({event.ticket for event in listed}))
    query = select(table.ticket, sql.max(table.seq).label("seq")).where(*mine).group_by(table.ticket)
    last = {row.ticket: row.seq for row in connection.execute(query)}
    rows = []
    for event in listed:
        last[event.ticket] = last.get(event.ticket, 0) + 1
        rows.append({"agent_id": agent, "seq": last[event.ticket], **asdict(event)})
    put(connection, schema.ticket_events, rows)


def save_attachments(connection: Connection, agent: str, found: Iterable[Attachment]) -> None:
    """Write what is kept of files."""
    put(connection, schema.attachments, [{"agent_id": agent, **asdict(each)} for each in found])


def attachments(connection: Connection, agent: str, ticket: int) -> list[Attachment]:
    """The files of a ticket, in their order."""
    table = schema.attachments
    query = select(table).where(table.c.agent_id == agent, table.c.ticket == ticket).order_by(table.c.number)
    return [_without_agent(Attachment, row) for row in connection.execute(query).mappings()]


def attached(connection: Connection) -> set[str]:
    """The hashes of all files that belong to tickets, whoever's."""
    return set(connection.execute(select(schema.attachments.c.sha256).distinct()).scalars())


def save_roster(connection: Connection, agent: str, entries: Iterable[tuple[int, RosterEntry]]) -> None:
    """Write entries of the roster, each from a moment on."""
    put(connection, schema.roster, [{"agent_id": agent, "at": at, **asdict(each)} for at, each in entries])


def roster(connection: Connection, agent: str, since: int = 0) -> list[RosterEntry]:
    """The entries that end after `since`, each as it is now, in the order of their numbers."""
    table = schema.roster
    query = select(table).where(table.c.agent_id == agent).order_by(table.c.number, table.c.at)
    latest = {row["number"]: row for row in connection.execute(query).mappings()}
    found = [
        RosterEntry(**{name: row[name] for name in row if name not in ("agent_id", "at")})
        for row in latest.values()
    ]
    return [each for each in found if each.end > since]


def given(connection: Connection, agent: str) -> dict[str, int]:
    """About when each person was last given a ticket: when their newest was opened (microseconds UTC)."""
    table = schema.tickets.c
    query = select(table.assignee, sql.max(table.opened_at).label("at")).where(
        table.agent_id == agent, table.assignee.is_not(None)
    )
    return {row.assignee: row.at for row in connection.execute(query.group_by(table.assignee))}


def ticket_of(row: RowMapping) -> Ticket:
    """A row of the tickets table."""
    data = json.loads(row["data"])
    told = {name: row[name] for name in _COLUMNS}
    told.update(check=row["check_id"], state=TicketState(row["state"]), due=json.loads(row["due"]))
    known = {name: data[name] for name in _REST if name in data}
    # Most tickets have little more than their columns: reading those with the model would take ten times as long.
    return _tickets().validate_python({**told, **known}) if known else Ticket(**told)


def ticket_from_store(connection: Connection, agent: str, number: int) -> Ticket | None:
    """One ticket, however old."""
    table = schema.tickets
    query = select(table).where(table.c.agent_id == agent, table.c.number == number)
    row = connection.execute(query).mappings().first()
    return ticket_of(row) if row is not None else None


def ticket_from_origin(connection: Connection, agent: str, origin: str) -> int | None:
    """The number of the latest ticket that came from there."""
    table = schema.tickets
    wanted = (table.c.agent_id == agent, table.c.origin == origin)
    return connection.execute(select(sql.max(table.c.number)).where(*wanted)).scalar()


def timeline(connection: Connection, agent: str, ticket: int) -> list[TicketEvent]:
    """The lines of a ticket's timeline, in their order."""
    table = schema.ticket_events
    query = select(table).where(table.c.agent_id == agent, table.c.ticket == ticket).order_by(table.c.seq)
    wanted = [each.name for each in fields(TicketEvent)]
    return [
        TicketEvent(**{name: row[name] for name in wanted}) for row in connection.execute(query).mappings()
    ]


def last_events(connection: Connection, agent: str, tickets: Collection[int]) -> dict[int, int]:
    """By ticket the moment of the last line of its timeline."""
    table = schema.ticket_events.c
    query = select(table.ticket, sql.max(table.at).label("at")).where(table.agent_id == agent)
    if len(tickets) <= _MOST_NAMED:
        query = query.where(table.ticket.in_(tickets))
    return {row.ticket: row.at for row in connection.execute(query.group_by(table.ticket))}


def _row(agent: str, ticket: Ticket) -> dict[str, Any]:
    plain = _DEFAULTS
    told = _tickets().dump_python(ticket, mode="json")
    return {
        "agent_id": agent,
        **{name: told[name] for name in _COLUMNS},
        "check_id": ticket.check,
        "due": dumps(dict(ticket.due)),
        "reporter": ticket.reporter.identity if ticket.reporter else None,
        "data": dumps({name: told[name] for name in _REST if getattr(ticket, name) != plain[name]}),
    }


def _without_agent(made: type[Any], row: RowMapping) -> Any:
    return made(**{name: row[name] for name in row if name != "agent_id"})


_PLAIN = Ticket(0, "", "", TicketState.NEW, "low", "low", "", "", 0, {})
_DEFAULTS = {name: getattr(_PLAIN, name) for name in _REST}
