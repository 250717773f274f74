"""Where a person stands in the rows of the desk."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, or_, select

from agent.store import schema
from agent.store.tickets import ticket_of
from alerting.desk.forgetting import is_of
from alerting.desk.masked import Personal
from alerting.desk.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Held:
    """The tickets that a person reported, and the numbers of those that only mention their address."""

    reported: tuple[Ticket, ...]
    mentioned: tuple[int, ...]

    @property
    def numbers(self) -> list[int]:
        return sorted({*self.mentioned, *(each.number for each in self.reported)})


def held(connection: Connection, agent: str, known_by: str) -> Held:
    """What there is of the person with that address or user id (or name, where they have neither)."""
    table = schema.tickets
    query = select(table).where(table.c.agent_id == agent, table.c.reporter.is_not(None))
    rows = connection.execute(query.order_by(table.c.number)).mappings()
    reported = tuple(ticket for ticket in map(ticket_of, rows) if is_of(ticket.reporter, known_by))
    personal = Personal.of([each.reporter for each in reported if each.reporter])
    emails = {each.lower() for each in personal.emails} | ({known_by.lower()} if "@" in known_by else set())
    own = {each.number for each in reported}
    found = {number for email in emails for number in _mentions(connection, agent, email)}
    return Held(reported, tuple(sorted(found - own)))


def _mentions(connection: Connection, agent: str, email: str) -> set[int]:
    """Tickets with the address in their own texts, their timelines, whom they told, or who attached something."""
    places = (
        (schema.tickets, "number", ("title", "description", "data")),
        (schema.ticket_events, "ticket", ("text", "by")),
        (schema.notices, "ticket", ("to", "data")),
        (schema.attachments, "ticket", ("by",)),
    )
    found: set[int] = set()
    for table, number, texts in places:
        named = or_(*(table.c[name].icontains(email, autoescape=True) for name in texts))
        query = select(table.c[number]).where(table.c.agent_id == agent, named).distinct()
        found.update(connection.execute(query).scalars())
    return found
