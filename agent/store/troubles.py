"""Problems, what belongs to incidents, decisions and ties of tickets: rows written and read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from sqlalchemy import Connection, delete, select
from sqlalchemy import func as sql

from agent.memory import AFFECTED, Address, Draft, Named, World
from agent.store import schema
from agent.store.rows import dumps, put
from alerting.incidents.decision import Decided, Decision
from alerting.incidents.incident import IncidentState
from alerting.incidents.problem import Member, Problem, dump, restore
from checks.base import Status


def save_troubles(connection: Connection, agent: str, draft: Draft) -> None:
    """What the draft holds of them."""
    for service, rule in draft.problems.dropped:
        _forget(connection, agent, service, rule)
    rows = [
        {"agent_id": agent, "service": key[0], "rule": key[1], "data": dumps(dump(problem))}
        for key, problem in draft.problems.changed.items()
    ]
    put(connection, schema.problems, rows)
    put(connection, schema.affected, [_member(agent, *each) for each in draft.changed_members()])
    _save_decisions(connection, agent, draft.decisions)
    _forget_links(connection, agent, draft)
    links = [
        {"agent_id": agent, "ticket": ticket, "relation": relation, "other": other, "at": at}
        for ticket, relation, other, at in draft.links
    ]
    put(connection, schema.ticket_links, links)


def _forget_links(connection: Connection, agent: str, draft: Draft) -> None:
    table = schema.ticket_links.c
    for ticket, relation, other in draft.unlinks:
        mine = (
            table.agent_id == agent,
            table.ticket == ticket,
            table.relation == relation,
            table.other == other,
        )
        connection.execute(delete(schema.ticket_links).where(*mine))


def restore_troubles(connection: Connection, agent: str, world: World) -> None:
    """Problems that last, and what belongs to incidents that are not over; after the incidents themselves."""
    table = schema.problems
    for data in connection.execute(select(table.c.data).where(table.c.agent_id == agent)).scalars():
        problem = restore(json.loads(data))
        world.problems[problem.key] = problem
    kept = world.remembered()
    members: dict[int, list[Member]] = {}
    of = schema.affected.c
    query = select(schema.affected).where(of.agent_id == agent, of.incident.in_(kept)).order_by(of.since)
    for row in connection.execute(query).mappings():
        fields = {name: row[name] for name in row if name not in ("agent_id", "incident")}
        members.setdefault(row["incident"], []).append(Member(**{**fields, "level": Status(row["level"])}))
    world.members = {incident: tuple(found) for incident, found in members.items()}
    world.named = dict(_named(connection, agent, world))
    for key, incident in world.incidents.items():
        # Opened by a version that knew no problems.
        if (
            incident.state is IncidentState.OPEN
            and key not in world.problems
            and not _served(world, incident.id)
        ):
            world.problems[key] = _of_incident(key, world)


def _named(connection: Connection, agent: str, world: World) -> Iterator[tuple[int, Named]]:
    """When each ticket was last told what else its incident affects, and of what: all that had joined by then."""
    event, made = schema.ticket_events.c, schema.decisions.c
    for incident in world.incidents.values():
        if all(each.cause for each in world.members.get(incident.id, ())):
            continue
        mine = (event.agent_id == agent, event.ticket == incident.ticket, event.what == AFFECTED)
        told = connection.execute(select(sql.max(event.at)).where(*mine)).scalar()
        if told is None:
            continue
        joined = (made.agent_id == agent, made.incident == incident.id, made.what == Decided.FOLDED.value)
        rows = connection.execute(select(made.service, made.rule).where(*joined, made.at <= told))
        yield incident.id, (told, frozenset(f"{service}.{rule}" for service, rule in rows))


def _served(world: World, incident: int) -> bool:
    return any(problem.incident == incident for problem in world.problems.values())


def _of_incident(key: Address, world: World) -> Problem:
    incident = world.incidents[key]
    opened, reason = incident.opened_at, incident.reason
    return Problem(*key, incident.level, opened, opened, reason, incident.error_kind, incident=incident.id)


def _forget(connection: Connection, agent: str, service: str, rule: str) -> None:
    table = schema.problems.c
    mine = (table.agent_id == agent, table.service == service, table.rule == rule)
    connection.execute(delete(schema.problems).where(*mine))


def _member(agent: str, incident: int, member: Member) -> dict[str, object]:
    return {"agent_id": agent, "incident": incident, **asdict(member), "level": member.level.value}


def _save_decisions(connection: Connection, agent: str, decisions: Iterable[Decision]) -> None:
    if not decisions:
        return
    table = schema.decisions.c
    last = connection.execute(select(sql.max(table.seq)).where(table.agent_id == agent)).scalar() or 0
    rows = [
        {
            "agent_id": agent,
            "seq": seq,
            **asdict(each),
            "what": each.what.value,
            "facts": dumps(dict(each.facts)),
        }
        for seq, each in enumerate(decisions, last + 1)
    ]
    put(connection, schema.decisions, rows)
