"""What a program that gave a key was answered: the same key gets the same answer, and nothing is done twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select

from agent.clock import Clock
from agent.store import schema
from agent.store.rows import put
from agent.store.writer import Writer

KEPT = 24 * 3600 * 1_000_000
_TABLE = schema.idempotency


@dataclass(frozen=True, slots=True)
class Answer:
    """The status and the body, as JSON."""

    status: int
    text: str


class OtherRequest(Exception):
    """The key was given for another request before."""


class NotKnown(Exception):
    """The request with that key is under way, or its end was lost with the daemon: nobody does it again."""


class Replays:
    """`begin` before something is done, `end` with its answer, or `forget` where nothing was done."""

    def __init__(self, writer: Writer, clock: Clock, agent: str) -> None:
        self._writer, self._clock, self._agent = writer, clock, agent

    async def begin(self, who: str, key: str, request: str) -> Answer | None:
        """The answer of before, None for a key that is new. Raises OtherRequest or NotKnown.

        `request` is a digest of what is asked.
        """
        now = self._clock.now()

        def written(connection: Connection) -> Any:
            own = _TABLE.c.agent_id == self._agent
            connection.execute(delete(_TABLE).where(own, _TABLE.c.at < now - KEPT))
            found = connection.execute(
                select(_TABLE).where(own, _TABLE.c.who == who, _TABLE.c.key == key)
            ).one_or_none()
            if found is None:
                put(connection, _TABLE, [self._row(who, key, request, now)])
            return found

        found = await self._write(written)
        if found is None:
            return None
        if found.request != request:
            raise OtherRequest
        if found.status is None:
            raise NotKnown
        return Answer(found.status, found.answer)

    async def end(self, who: str, key: str, request: str, answer: Answer) -> None:
        """What was answered, kept for a day."""
        row = {
            **self._row(who, key, request, self._clock.now()),
            "status": answer.status,
            "answer": answer.text,
        }
        await self._write(lambda connection: put(connection, _TABLE, [row]))

    async def forget(self, who: str, key: str) -> None:
        """Nothing was done: it may be tried again."""
        which = (_TABLE.c.agent_id == self._agent, _TABLE.c.who == who, _TABLE.c.key == key)
        await self._write(lambda connection: connection.execute(delete(_TABLE).where(*which)))

    def _row(self, who: str, key: str, request: str, at: int) -> dict[str, Any]:
        return {
            "agent_id": self._agent, "who": who, "key": key, "request": request, "status": None, "answer": None,
            "at": at,
        }  # fmt: skip

    async def _write(self, work: Callable[[Connection], Any]) -> Any:
        return await self._writer.write(work)
