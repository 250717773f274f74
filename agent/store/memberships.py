"""Memberships: incidents of others that a service's problems belonged to."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Connection, select

from agent.store import schema
from agent.store.restore import incident_of
from alerting.incidents.incident import Incident


def incidents_of_others(
    connection: Connection, agent: str, service: str, since: int, rules: Collection[str]
) -> list[Incident]:
    """Each as if it had lasted as long as problems of these rules belonged to it; where that was not over `since`."""
    of, members = schema.incidents.c, schema.affected.c
    mine = (members.agent_id == agent, members.service == service, members.rule.in_(rules))
    still = members.until.is_(None) | (members.until >= since)
    times = select(members.incident, members.since, members.until).where(*mine, still)
    lasted = {row.incident: (row.since, row.until) for row in connection.execute(times)}
    if not lasted:
        return []
    query = select(schema.incidents).where(of.agent_id == agent, of.id.in_(lasted), of.service != service)
    found = (incident_of(row) for row in connection.execute(query).mappings())
    return [replace(each, opened_at=lasted[each.id][0], resolved_at=lasted[each.id][1]) for each in found]
