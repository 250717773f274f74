"""Readings in, one transaction out: decided on a draft, committed by the writer, then taken into memory and told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from agent.clock import Clock
from agent.decide import (
    NoSuchTicket,
    PersonsMove,
    Rulebook,
    drop_removed,
    mark_unseen,
    move_ticket,
    rejudge,
    sweep,
    take,
)
from agent.memory import Address, CheckMemory, Draft, World
from agent.store.restore import restored, ticket_from_store
from agent.store.save import save
from agent.store.writer import Writer
from alerting.desk.ticket import IllegalMove, Ticket
from checks.base import Reading

log = structlog.get_logger()
_GATHER = 0.03
_BACKLOG = 50_000
_RETRY = 1.0
Change = Callable[[Draft], Any]
Heard = Callable[[Address, Reading], None]


class Pipeline:
    """The only way into the store. One transaction is under way at a time; what comes meanwhile forms the next."""

    def __init__(self, writer: Writer, clock: Clock, agent_id: str, rules: Rulebook) -> None:
        self.world = World()
        self.rules = rules
        self.degraded = False
        self.heard: Heard = lambda _address, _reading: None
        self._writer, self._clock, self._agent_id = writer, clock, agent_id
        self._waiting: deque[tuple[Change, asyncio.Future[Any]]] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._last_commit = clock.monotonic()

    async def start(self, *, catch_up: bool = True) -> None:
        """Remember what was stored; to `catch_up`, mark the time since as unknown and drop what is gone."""
        self.world, alive_until = await self._writer.write(
            lambda connection: restored(connection, self._agent_id)
        )
        self._task = asyncio.create_task(self._pump(), name="pipeline")
        if catch_up:
            await self.change(lambda draft: self._catch_up(draft, alive_until))

    def _catch_up(self, draft: Draft, alive_until: int | None) -> None:
        if alive_until is not None:
            mark_unseen(draft, self.rules, alive_until)
        drop_removed(draft, self.rules, self.world.checks, self._clock.now())

    async def stop(self) -> None:
        """Commit what is waiting, then stop. From here on nothing is seen until the next start."""
        await self.idle()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def idle(self) -> None:
        """Until everything handed in is committed."""
        await self._idle.wait()

    def memory(self, address: Address) -> CheckMemory:
        """What is committed of a check."""
        return self.world.checks.get(address) or CheckMemory()

    def submit(self, address: Address, reading: Reading) -> asyncio.Future[Any]:
        """Hand in a reading; the future is done when it is committed."""
        return self._enqueue(lambda draft: take(draft, self.rules, address, reading))

    async def change(self, change: Change) -> Any:
        """Apply a change and wait for its COMMIT; gives what it returns, raises what it raises."""
        return await self._enqueue(change)

    async def move_ticket(self, number: int, asked: PersonsMove) -> Ticket:
        """A person's move on a ticket. Raises NoSuchTicket or IllegalMove."""
        if number not in self.world.tickets:
            await self._remember_ticket(number)
        moved: Ticket = await self.change(lambda draft: move_ticket(draft, number, asked, self._clock.now()))
        return moved

    async def reload(self, rules: Rulebook) -> list[Address]:
        """Go on under new rules; gives the checks that were dropped. Unchanged checks keep everything."""

        def swap(draft: Draft) -> list[Address]:
            self.rules, now = rules, self._clock.now()
            gone = drop_removed(draft, rules, self.world.checks, now)
            rejudge(draft, rules, now)
            return gone

        dropped: list[Address] = await self.change(swap)
        return dropped

    async def checkpoint(self) -> None:
        """What time alone brings; and the mark that the agent is alive, at most every few seconds."""
        await self.change(lambda draft: sweep(draft, self._clock.now()))
        self.world.forget_ended_tickets()

    @property
    def stalled_for(self) -> float:
        """Seconds since the last commit while something is waiting; 0 when nothing waits."""
        return self._clock.monotonic() - self._last_commit if not self._idle.is_set() else 0.0

    def _enqueue(self, change: Change) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if len(self._waiting) >= _BACKLOG:
            log.error("pipeline.backlog_full", dropped=1)
            future.cancel()
            return future
        if self._idle.is_set():
            self._last_commit = self._clock.monotonic()
        self._waiting.append((change, future))
        self._idle.clear()
        self._wake.set()
        return future

    async def _pump(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(
                _GATHER
            )  # readings released together come in together: one commit for them all
            self._wake.clear()
            batch = list(self._waiting)
            self._waiting.clear()
            await self._commit(batch)
            if not self._waiting:
                self._idle.set()

    async def _commit(self, batch: list[tuple[Change, asyncio.Future[Any]]]) -> None:
        """Decide each entry on one draft, write it, and only then believe it; a store that cannot write is retried."""
        draft, results = self._decided(batch)
        alive_until = self._clock.now()

        def work(connection: Connection) -> None:
            save(connection, self._agent_id, draft, alive_until)

        while True:
            try:
                await self._writer.write(work)
                break
            except OperationalError as error:
                if not self.degraded:
                    log.error("store.cannot_write", reason=str(error.orig))
                self.degraded = True
                await asyncio.sleep(_RETRY)
            except Exception as error:
                log.exception("store.refused", entries=len(batch))
                for _, future in batch:
                    if not future.done():
                        future.set_exception(error)
                return
        if self.degraded:
            log.info("store.writes_again")
        self.degraded = False
        self._last_commit = self._clock.monotonic()
        draft.settle()
        self._announce(draft, results)

    def _decided(self, batch: list[tuple[Change, asyncio.Future[Any]]]) -> tuple[Draft, list[Any]]:
        """All changes on one draft. One that fails is left out, and the others are decided as if it never came."""
        failed: dict[int, Exception] = {}
        while True:
            draft, results = Draft(self.world), []
            for number, (change, future) in enumerate(batch):
                if number in failed:
                    results.append((future, failed[number]))
                    continue
                try:
                    results.append((future, change(draft)))
                except Exception as error:
                    if not isinstance(error, (NoSuchTicket, IllegalMove)):
                        log.exception("pipeline.change_failed")
                    failed[number] = error
                    break
            else:
                return draft, results

    def _announce(self, draft: Draft, results: list[Any]) -> None:
        for address, _, reading in draft.readings:
            self.heard(address, reading)
        for fact in draft.facts:
            log.info(fact.event, **fact.fields)
        for future, result in results:
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
                future.exception()  # a caller that does not wait must not leave a warning behind
            else:
                future.set_result(result)

    async def _remember_ticket(self, number: int) -> None:
        ticket = await self._writer.write(
            lambda connection: ticket_from_store(connection, self._agent_id, number)
        )
        if ticket is not None:
            self.world.tickets[number] = ticket
