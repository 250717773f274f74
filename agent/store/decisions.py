"""Decisions as commands ask for them: of an incident, of a rule; and what belongs to incidents and tickets."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, delete, select

from agent.store import schema
from agent.store.outbox import mirrors_of
from agent.store.restore import incident_of
from alerting.incidents.decision import Decided, Decision
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Key, Member, Problem, restore
from alerting.outgoing import Outgoing
from checks.base import Status

MOST = 1000  # decisions in one answer: the newest of them
_DECISIONS, _AFFECTED, _LINKS = schema.decisions.c, schema.affected.c, schema.ticket_links.c


@dataclass(frozen=True, slots=True)
class Link:
    """A tie of a ticket to another, as it reads from this one: `duplicate_of`, `duplicated_by`, `follows` …"""

    relation: str
    other: int
    at: int


_BACKWARDS = {
    "duplicate_of": "duplicated_by",
    "follows": "followed_by",
    "child_of": "parent_of",
    "known_issue": "known_issue_of",
    "split_from": "split_into",
    "related": "related",
}


class Decisions:
    """One agent's rows, within the transaction of the caller."""

    def __init__(self, connection: Connection, agent: str) -> None:
        self._connection, self._agent = connection, agent

    def of_incident(self, incident: int) -> list[Decision]:
        """In the order in which they were made."""
        return self._found(_DECISIONS.incident == incident)

    def of_rule(self, key: Key, since: int, until: int) -> list[Decision]:
        """What was decided of a rule of a service from one moment to another, both included; in order."""
        mine = and_(_DECISIONS.service == key[0], _DECISIONS.rule == key[1])
        return self._found(mine & _DECISIONS.at.between(since, until))

    def next_of_rule(self, key: Key, between: tuple[int, int], most: int) -> list[Decision]:
        """The first of what was decided of a rule of a service after one moment, and by another."""
        mine = and_(
            _DECISIONS.agent_id == self._agent, _DECISIONS.service == key[0], _DECISIONS.rule == key[1]
        )
        late = (_DECISIONS.at > between[0]) & (_DECISIONS.at <= between[1])
        query = select(schema.decisions).where(mine, late).order_by(_DECISIONS.seq).limit(most)
        return [_decision(row) for row in self._connection.execute(query).mappings()]

    def rules_of(self, service: str) -> set[str]:
        """The rules of a service of which anything was decided, or that ever had an incident."""
        rows = schema.incidents.c
        decided = select(_DECISIONS.rule).where(
            _DECISIONS.agent_id == self._agent, _DECISIONS.service == service
        )
        opened = select(rows.rule).where(rows.agent_id == self._agent, rows.service == service)
        return set(self._connection.execute(decided.union(opened)).scalars())

    def members(self, incidents: Collection[int] | None = None) -> dict[int, list[Member]]:
        """What belongs, or belonged, to each incident, in order of time; or to those of these numbers."""
        mine = [_AFFECTED.agent_id == self._agent]
        if incidents is not None:
            mine.append(_AFFECTED.incident.in_(incidents))
        query = select(schema.affected).where(*mine)
        ordered = query.order_by(_AFFECTED.incident, _AFFECTED.since, _AFFECTED.service, _AFFECTED.rule)
        found: dict[int, list[Member]] = {}
        for row in self._connection.execute(ordered).mappings():
            found.setdefault(row["incident"], []).append(_member(row))
        return found

    def memberships(self, key: Key, at: int) -> list[tuple[int, Member]]:
        """The incidents that a rule of a service belonged to at a moment; that where it belonged last comes last."""
        still = _AFFECTED.until.is_(None) | (_AFFECTED.until > at)
        mine = (_AFFECTED.agent_id == self._agent, _AFFECTED.service == key[0], _AFFECTED.rule == key[1])
        query = select(schema.affected).where(*mine, _AFFECTED.since <= at, still).order_by(_AFFECTED.since)
        return [(row["incident"], _member(row)) for row in self._connection.execute(query).mappings()]

    def problems(self) -> dict[Key, Problem]:
        """Confirmed trouble that lasts, and where it stands."""
        table = schema.problems.c
        rows = self._connection.execute(select(table.data).where(table.agent_id == self._agent)).scalars()
        return {problem.key: problem for problem in (restore(json.loads(data)) for data in rows)}

    def flapping(self) -> frozenset[int]:
        """The incidents whose own trouble comes and goes at present."""
        found = self.problems().values()
        return frozenset(each.incident for each in found if each.flapping and each.incident is not None)

    def incident(self, number: int) -> Incident | None:
        """One incident, however old."""
        table = schema.incidents
        query = select(table).where(table.c.agent_id == self._agent, table.c.id == number)
        row = self._connection.execute(query).mappings().first()
        return incident_of(row) if row is not None else None

    def places(self) -> dict[Key, tuple[int, Key]]:
        """For each rule of a service that is in trouble and in an incident, its number and whose incident it is."""
        found = {key: each.incident for key, each in self.problems().items() if each.incident is not None}
        rows = schema.incidents.c
        query = select(rows.id, rows.service, rows.rule).where(
            rows.agent_id == self._agent, rows.id.in_(set(found.values()))
        )
        owners = {number: (service, rule) for number, service, rule in self._connection.execute(query)}
        return {key: (number, owners[number]) for key, number in found.items() if number in owners}

    def of_ticket(self, ticket: int) -> list[Incident]:
        """The incidents that a ticket is for, oldest first."""
        table = schema.incidents
        query = select(table).where(table.c.agent_id == self._agent, table.c.ticket == ticket)
        return [incident_of(row) for row in self._connection.execute(query.order_by(table.c.id)).mappings()]

    def related(self, incident: Incident) -> list[Incident]:
        """Those that were merged into it, those that follow it, and those that it points to itself."""
        rows = schema.incidents.c
        named = [each for each in (incident.merged_into, incident.follows) if each is not None]
        tied = (rows.merged_into == incident.id) | (rows.follows == incident.id) | rows.id.in_(named)
        query = select(schema.incidents).where(rows.agent_id == self._agent, tied).order_by(rows.id)
        return [incident_of(row) for row in self._connection.execute(query).mappings()]

    def links(self, ticket: int) -> list[Link]:
        """The ties of a ticket, whichever end of them it is; oldest first."""
        ends = (_LINKS.ticket == ticket) | (_LINKS.other == ticket)
        query = select(schema.ticket_links).where(_LINKS.agent_id == self._agent, ends).order_by(_LINKS.at)
        return [_link(row, ticket) for row in self._connection.execute(query).mappings()]

    def deliveries(self, ticket: int) -> list[Outgoing]:
        """What each helpdesk is to hold of a ticket, and what it is known to hold."""
        return mirrors_of(self._connection, self._agent, ticket)

    def _found(self, which: ColumnElement[bool]) -> list[Decision]:
        query = select(schema.decisions).where(_DECISIONS.agent_id == self._agent, which)
        newest = query.order_by(_DECISIONS.seq.desc()).limit(MOST)
        rows = self._connection.execute(newest).mappings()
        return [_decision(row) for row in rows][::-1]


def forget_decisions(connection: Connection, agent: str, before: int) -> bool:
    """Drop some of the decisions made before that, the oldest first; whether there was any."""
    oldest = select(_DECISIONS.seq).where(_DECISIONS.agent_id == agent).order_by(_DECISIONS.seq).limit(MOST)
    some = list(connection.execute(oldest).scalars())
    old = (_DECISIONS.agent_id == agent, _DECISIONS.seq.in_(some), _DECISIONS.at < before)
    return bool(connection.execute(delete(schema.decisions).where(*old)).rowcount)


def _decision(row: RowMapping) -> Decision:
    facts: Mapping[str, Any] = json.loads(row["facts"])
    fields = {name: row[name] for name in row if name not in ("agent_id", "seq")}
    return Decision(**{**fields, "what": Decided(row["what"]), "facts": facts})


def _member(row: RowMapping) -> Member:
    fields = {name: row[name] for name in row if name not in ("agent_id", "incident")}
    return Member(**{**fields, "level": Status(row["level"])})


def _link(row: RowMapping, ticket: int) -> Link:
    if row["ticket"] == ticket:
        return Link(row["relation"], row["other"], row["at"])
    return Link(_BACKWARDS.get(row["relation"], f"{row['relation']} (from there)"), row["ticket"], row["at"])
