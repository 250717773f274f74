"""Tells each new ticket of earlier incidents like its own, once it is on the disk; looked up beside the loop."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog
from sqlalchemy.exc import DatabaseError

from agent.clock import Clock
from agent.desk.tickets import note
from agent.pipeline import Pipeline
from agent.store.reader import NoStore, reading
from alerting.desk.precedents import alike, told
from alerting.incidents.incident import Incident
from checks.masking import masked

log = structlog.get_logger()
EVIDENCE = "evidence"
_MOST_WAITING = 200


class Precedents:
    """`opened` is to be called with each incident that was opened; in a flood the last ones are told nothing."""

    def __init__(self, directory: Path, clock: Clock, pipeline: Pipeline) -> None:
        self._directory, self._clock, self._pipeline = directory, clock, pipeline
        self._agent = pipeline.rules.agent
        self._waiting: asyncio.Queue[Incident] = asyncio.Queue(_MOST_WAITING)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="precedents")

    async def stop(self) -> None:
        """What was not looked up by now is told nothing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def opened(self, incident: Incident) -> None:
        """Never waits."""
        if not self._waiting.full():
            self._waiting.put_nowait(incident)

    async def _run(self) -> None:
        while True:
            incident = await self._waiting.get()
            try:
                await self._tell(incident)
            except Exception:
                log.exception("precedents.failed", incident=incident.id)

    async def _tell(self, incident: Incident) -> None:
        try:
            said = await asyncio.to_thread(self._said, incident)
        except (NoStore, DatabaseError) as error:
            log.warning("precedents.not_read", incident=incident.id, reason=str(error)[:200])
            return
        if said:
            at = self._clock.now()
            await self._pipeline.change(lambda draft: note(draft, incident.ticket, at, EVIDENCE, said))

    def _said(self, incident: Incident) -> str:
        """Empty when there are none. What people wrote may hold a secret."""
        with reading(self._directory, self._agent) as store:
            found = store.earlier(incident)
        precedents = alike(incident, found.incidents, found.fixes)
        return masked(told(precedents)) if precedents else ""
