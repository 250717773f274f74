"""Earlier incidents that may be like one, and what people wrote when they resolved the tickets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, or_, select

from agent.store import schema
from agent.store.restore import incident_of
from alerting.desk.ticket import Move
from alerting.incidents.incident import Incident, IncidentState

_MOST = 200
_INCIDENTS, _EVENTS = schema.incidents.c, schema.ticket_events.c
_ENDINGS = (Move.RESOLVE.value, Move.CLOSE.value)


class Earlier(NamedTuple):
    """Incidents, the newest first, and by ticket what the last person wrote who ended it."""

    incidents: list[Incident]
    fixes: dict[int, str]


def earlier(connection: Connection, agent: str, incident: Incident) -> Earlier:
    """Those that are over, of the same service or with the same kind of error: at most two hundred."""
    near = [_INCIDENTS.service == incident.service]
    if incident.error_kind is not None:
        near.append(_INCIDENTS.error_kind == incident.error_kind.value)
    query = (
        select(schema.incidents)
        .where(_INCIDENTS.agent_id == agent, _INCIDENTS.id != incident.id, or_(*near))
        .where(_INCIDENTS.state != IncidentState.OPEN.value)
        .order_by(_INCIDENTS.id.desc())
        .limit(_MOST)
    )
    found = [incident_of(row) for row in connection.execute(query).mappings()]
    return Earlier(found, _fixes(connection, agent, {each.ticket for each in found}))


def _fixes(connection: Connection, agent: str, tickets: Iterable[int]) -> dict[int, str]:
    query = (
        select(_EVENTS.ticket, _EVENTS.by, _EVENTS.text)
        .where(_EVENTS.agent_id == agent, _EVENTS.ticket.in_(tickets), _EVENTS.what.in_(_ENDINGS))
        .order_by(_EVENTS.ticket, _EVENTS.seq)
    )
    said = ((ticket, by, text) for ticket, by, text in connection.execute(query) if not _is_bare(by, text))
    return {ticket: f"{text} ({by})" for ticket, by, text in said}


def _is_bare(by: str, text: str) -> bool:
    """Whether the line only says that it was done."""
    return text in (f"resolved by {by}", f"closed by {by}")
