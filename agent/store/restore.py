"""Rows -> what the daemon knew when it stopped."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select
from sqlalchemy import func as sql

from agent.memory import LAST_CHANGES, Address, CheckMemory, World
from agent.store import schema
from agent.store.changes import changes_since, last_number
from agent.store.gaps import latest_far
from agent.store.maintenance import PlannedWork
from agent.store.notices import unsent_notices
from agent.store.outbox import unsent
from agent.store.suppressions import Suppressions
from agent.store.tickets import given, policies, roster, ticket_of
from agent.store.troubles import restore_troubles
from alerting.desk.ticket import TicketState
from alerting.incidents.incident import Incident, IncidentState
from alerting.incidents.suppression import Suppression
from alerting.slo.spans import Klass
from alerting.slo.track import Track
from alerting.state import CheckState, restore
from checks.base import ErrorKind, Reading, Status


def restored(connection: Connection, agent: str) -> tuple[World, int | None]:
    """The World as committed, and until when the agent was alive (None when it never ran)."""
    world = World()
    states = _states(connection, agent)
    pending = [state.unsettled_since for state, *_ in states.values() if state.unsettled_since is not None]
    tracks = _tracks(connection, agent, min(pending, default=None))
    for address, (state, last, good, (memo_of, memo)) in states.items():
        readings = (last,) if last else ()
        track = tracks.get(address, ())
        world.checks[address] = CheckMemory(state, track, readings, memo, memo_of, last_good=good)
    world.services = {service: track for (service, check), track in tracks.items() if check == ""}
    _incidents(connection, agent, world)
    world.policies = policies(connection, agent)
    restore_troubles(connection, agent, world)
    world.outbox = {(each.helpdesk, each.key): each for each in unsent(connection, agent, world.tickets)}
    world.changes = tuple(reversed(changes_since(connection, agent, 0, LAST_CHANGES)))
    world.last_change = last_number(connection, agent)
    world.far = latest_far(connection, agent)
    alive = connection.execute(
        select(schema.agents.c.alive_until).where(schema.agents.c.agent_id == agent)
    ).scalar()
    world.suppressions = lasting(connection, agent, alive or 0)
    world.roster = tuple(roster(connection, agent))
    world.given = given(connection, agent)
    world.notices = {each.key: each for each in unsent_notices(connection, agent)}
    return world, alive


def lasting(connection: Connection, agent: str, since: int) -> tuple[Suppression, ...]:
    """Planned work, silences and pauses that end after that moment."""
    books = (PlannedWork(connection, agent), Suppressions(connection, agent))
    return tuple(each for book in books for each in book.lasting(since))


def _states(
    connection: Connection, agent: str
) -> dict[Address, tuple[CheckState, Reading | None, Reading | None, Any]]:
    """By check its state, its last reading, its last good one, and its memo."""
    table = schema.checks
    found = {}
    for row in connection.execute(select(table).where(table.c.agent_id == agent)).mappings():
        last = json.loads(row["last"])
        memo = json.loads(row["memo"]) if row["memo"] is not None else ["", None]
        newest = _last(last) if last else None
        good = _last(json.loads(row["good"])) if row["good"] else newest
        found[(row["service"], row["check_id"])] = (
            restore(json.loads(row["state"])),
            newest,
            good if good is not None and good.status is Status.OK else None,
            memo,
        )
    return found


def _last(shown: dict[str, Any]) -> Reading:
    status = Status(shown["status"])
    kind = ErrorKind(shown["error_kind"]) if shown["error_kind"] else None
    return Reading(
        status=status,
        firm=status,
        at=shown["at"],
        took=shown["took"],
        message=shown["message"],
        error_kind=kind,
        values=shown["values"],
        phases=shown.get("phases", {}),  # an older version wrote neither these nor the next
        versions=shown.get("versions", {}),
    )


def _tracks(connection: Connection, agent: str, since: int | None) -> dict[Address, Track]:
    """Open tracks, with as much of their past as a pending flip may still change."""
    table = schema.spans
    still = table.c.end.is_(None) if since is None else (table.c.end.is_(None) | (table.c.end > since))
    query = select(table).where(table.c.agent_id == agent, still).order_by(table.c.start)
    tracks: dict[Address, list[tuple[int, Klass]]] = {}
    ended: dict[Address, int | None] = {}
    for row in connection.execute(query).mappings():
        address = (row["service"], row["check_id"])
        track = tracks.setdefault(address, [])
        gap = ended.get(address)
        if track and gap is not None and gap < row["start"]:
            track.append((gap, Klass.UNKNOWN))
        track.append((row["start"], Klass(row["klass"])))
        ended[address] = row["end"]
    return {address: tuple(track) for address, track in tracks.items() if ended[address] is None}


def _incidents(connection: Connection, agent: str, world: World) -> None:
    table = schema.incidents
    latest: Select[Any] = (
        select(table)
        .where(table.c.agent_id == agent)
        .order_by(table.c.service, table.c.rule, table.c.occurrence)
    )
    for row in connection.execute(latest).mappings():
        incident = incident_of(row)
        world.incidents[(incident.service, incident.rule)] = incident
        world.last_incident = max(world.last_incident, incident.id)
    tickets = schema.tickets
    world.last_ticket = (
        connection.execute(select(sql.max(tickets.c.number)).where(tickets.c.agent_id == agent)).scalar() or 0
    )
    linked = {incident.ticket for incident in world.incidents.values()}
    wanted = tickets.c.number.in_(linked) | (tickets.c.state != TicketState.CLOSED.value)
    # Follow-up actions outlast a ticket: who has one that is not done is reminded of it.
    wanted |= tickets.c.data.contains('"done":false', autoescape=True)
    for row in connection.execute(select(tickets).where(tickets.c.agent_id == agent, wanted)).mappings():
        world.tickets[row["number"]] = ticket_of(row)


def incident_of(row: RowMapping) -> Incident:
    """A row of the incidents table."""
    fields = {key: row[key] for key in row if key != "agent_id"}
    fields["state"] = IncidentState(row["state"])
    fields["level"] = Status(row["level"])
    fields["error_kind"] = ErrorKind(row["error_kind"]) if row["error_kind"] else None
    return Incident(**fields)
