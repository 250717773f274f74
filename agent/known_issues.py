"""Looks through the closed tickets for what a person's new ticket is about, where nothing open was like it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from sqlalchemy.exc import DatabaseError

from agent.clock import Clock
from agent.desk.asked import Asked
from agent.desk.known_issues import LOOKED, of_ticket, wants_looking_up
from agent.pipeline import Pipeline
from agent.store.reader import NoStore, reading
from alerting.desk.known_issue import best
from alerting.desk.ticket import Ticket

log = structlog.get_logger()
TURN = 5.0
_MOST_AT_ONCE = 20
_NEWEST = 1000


class KnownIssues:
    """To be turned every few seconds; each ticket is looked up once, which is noted on it."""

    def __init__(self, directory: Path, pipeline: Pipeline, clock: Clock) -> None:
        self._directory, self._pipeline, self._clock = directory, pipeline, clock

    async def turn(self) -> None:
        """Those that came since the last time."""
        new = [ticket for ticket in self._pipeline.world.tickets.values() if wants_looking_up(ticket)]
        if not new or self._pipeline.degraded:
            return
        try:
            closed = await asyncio.to_thread(self._closed)
        except (NoStore, DatabaseError) as error:
            log.warning("known_issues.not_read", reason=str(error)[:200])  # the next turn looks again
            return
        for ticket in new[:_MOST_AT_ONCE]:
            await self._look_up(ticket, closed)

    def _closed(self) -> list[Ticket]:
        with reading(self._directory, self._pipeline.rules.agent) as store:
            return store.ended_tickets(_NEWEST)

    async def _look_up(self, ticket: Ticket, closed: list[Ticket]) -> None:
        rules = self._pipeline.rules
        known = [of_ticket(rules, each) for each in closed if each.number < ticket.number]
        match = await asyncio.to_thread(best, ticket.service, ticket.title, ticket.description, known)
        asked = Asked({"ticket": ticket.number, "match": match}, "tocsin", self._clock.now())
        try:
            await self._pipeline.ask_desk("tickets.known", asked)
        except Exception as error:
            log.warning("known_issues.not_noted", ticket=ticket.id, step=LOOKED, reason=str(error)[:200])
