"""Notices -> the channel that tells people: leased on the disk, sent, backed off; nothing is given up in silence."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import structlog

from agent.clock import Clock
from agent.memory import Draft
from agent.pipeline import Pipeline
from agent.remote_desk import RemoteDesk
from agent.store.notices import first_notices
from alerting.connectors.base import Letter, Outcome, Result
from alerting.desk.letters import together
from alerting.desk.notices import Notice, digest_key, interrupted, leased, parked, sent, waits
from alerting.desk.ticket import TicketEvent
from alerting.outgoing import Standing, pause

log = structlog.get_logger()
_SECOND = 1_000_000
_MINUTE = 60.0
_AT_ONCE = 20
_MOST_TOGETHER = 100
Desks = Callable[[], Mapping[str, RemoteDesk]]


@dataclass(frozen=True, slots=True)
class _Message:
    """What is sent as one: a notice by itself, or many to one person that go together."""

    key: str
    notices: tuple[Notice, ...]

    @property
    def to(self) -> str:
        return self.notices[0].to


class Postbox:
    """Takes notices to people, one batch at a time for each channel; `tick` starts what is due.

    `tally` counts what came of each message: the channel, and how it failed or nothing.
    """

    def __init__(
        self, desks: Desks, pipeline: Pipeline, clock: Clock, tally: Callable[[str, str], None]
    ) -> None:
        self._desks, self._pipeline, self._clock, self._tally = desks, pipeline, clock, tally
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._latest: dict[str, deque[float]] = {}
        self.delivered = 0
        self.under: Callable[[Notice], str] = lambda _notice: ""

    async def start(self) -> None:
        """What was being sent when the daemon ended is sent again, as the same message."""

        def change(draft: Draft) -> None:
            for notice in list(draft.notices.values()):
                if notice.state is Standing.LEASED:
                    draft.notices.put(notice.key, interrupted(notice, self._clock.now()))

        if any(notice.state is Standing.LEASED for notice in self._notices.values()):
            await self._pipeline.change(change)

    async def tick(self) -> None:
        """Start what is due, the oldest first."""
        now, found = self._clock.now(), dict[str, list[Notice]]()
        for notice in sorted(self._notices.values(), key=lambda notice: (notice.at, notice.key)):
            desk = self._desk(notice)
            if desk is not None and notice.is_due(now) and desk.name not in self._tasks:
                found.setdefault(desk.name, []).append(notice)
        for name, notices in found.items():
            messages = list(self._messages(notices))[:_AT_ONCE]
            desk = self._desks()[name]
            if messages and desk.may_call("notices"):
                self._begin(desk, messages)

    async def settled(self) -> None:
        """Until nothing is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def aclose(self, grace: float = 5.0) -> None:
        """Let what is under way end within `grace` seconds; the rest is sent again after the next start."""
        tasks = list(self._tasks.values())
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def waiting(self) -> Iterable[Notice]:
        """What is not sent and could be: no person has to say anything, and we do not hold it back ourselves."""
        for notice in list(self._notices.values()):
            lasts = notice.state in (Standing.WAITING, Standing.LEASED) and self._desk(notice) is not None
            if lasts and (notice.state is Standing.LEASED or self._room(notice.to) > 0):
                yield notice

    @property
    def _notices(self) -> Mapping[str, Notice]:
        return self._pipeline.world.notices

    def _desk(self, notice: Notice) -> RemoteDesk | None:
        """Its channel; where that is no more, the one that people are told by now."""
        desks = self._desks()
        desk = desks.get(notice.channel) or desks.get(self._pipeline.rules.notices)
        return desk if desk is not None and desk.tells_people else None

    def _messages(self, notices: list[Notice]) -> Iterator[_Message]:
        """What is sent now: each notice by itself while that is few a minute to one person, else all together."""
        by_person: dict[str, list[Notice]] = {}
        for notice in notices:
            by_person.setdefault(notice.to.lower(), []).append(notice)
        for to, theirs in by_person.items():
            yield from self._to_person(theirs, self._room(to))

    def _to_person(self, notices: list[Notice], room: int) -> Iterator[_Message]:
        digests: dict[str, list[Notice]] = {}
        for notice in notices:
            if notice.digest:
                digests.setdefault(notice.digest, []).append(notice)
        for key, members in list(digests.items())[:room]:
            yield _Message(key, tuple(members))
        room -= len(digests)
        alone = [notice for notice in notices if not notice.digest]
        if len(alone) <= room:
            yield from (_Message(notice.key, (notice,)) for notice in alone)
        elif room > 0:
            members = alone[:_MOST_TOGETHER]
            key = digest_key(self._pipeline.rules.agent, (notice.key for notice in members))
            yield _Message(key, tuple(members))

    def _room(self, to: str) -> int:
        """How many messages this person may get now."""
        latest = self._latest.get(to.lower(), deque())
        while latest and latest[0] <= self._clock.monotonic() - _MINUTE:
            latest.popleft()
        if not latest:
            self._latest.pop(to.lower(), None)
        return max(0, self._pipeline.rules.desk.notices_per_minute - len(latest))

    def _begin(self, desk: RemoteDesk, messages: list[_Message]) -> None:
        task = asyncio.create_task(self._deliver(desk, messages), name=f"notices {desk.name}")
        self._tasks[desk.name] = task
        task.add_done_callback(lambda _done: self._over(desk.name, task))

    def _over(self, name: str, task: asyncio.Task[None]) -> None:
        self._tasks.pop(name, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("notices.failed", helpdesk=name, exc_info=task.exception())

    async def _deliver(self, desk: RemoteDesk, messages: list[_Message]) -> None:
        tickets = {notice.ticket for message in messages for notice in message.notices}
        agent = self._pipeline.rules.agent
        # Before the lease: where the store cannot be read nothing stays behind that is neither sent nor waits.
        firsts = await self._pipeline.stored(lambda connection: first_notices(connection, agent, tickets))
        begun = await self._pipeline.change(lambda draft: self._leased(draft, desk, messages))
        if not begun:
            return
        by_key = {message.key: message for message in begun}

        async def told(letter: Letter, result: Result) -> None:
            message = by_key[letter.key]
            await self._pipeline.change(lambda draft: self._ended(draft, desk, message, result))

        await desk.tell([self._letter(message, firsts) for message in begun], told)

    def _letter(self, message: _Message, firsts: Mapping[tuple[int, str], str]) -> Letter:
        """A message about one ticket stands in that ticket's thread with the person.

        What is `under` it is of this moment and never kept: links in it let in.
        """
        notices = [replace(each, text=f"{each.text}{self.under(each)}") for each in message.notices]
        newest, tickets = notices[-1], {notice.ticket for notice in notices}
        subject, text = newest.subject, newest.text
        if message.key != newest.key:
            subject, text = together(notices)
        first = firsts.get((newest.ticket, newest.to.lower())) if len(tickets) == 1 else None
        return Letter(message.key, newest.to, newest.name, subject, text, newest.at, first)

    def _leased(self, draft: Draft, desk: RemoteDesk, messages: list[_Message]) -> list[_Message]:
        """Those of the messages that are still to be sent, on the disk before they are."""
        now, begun = self._clock.now(), []
        for message in messages:
            notices = [draft.notices.get(notice.key) for notice in message.notices]
            still = [notice for notice in notices if notice is not None and notice.is_due(now)]
            if len(still) < len(notices):
                continue  # a person dropped one meanwhile: what is left comes with the next tick
            digest = message.key if len(still) > 1 or still[0].digest else ""
            taken = [leased(notice, now, desk.limits.deadline, digest) for notice in still]
            for notice in taken:
                draft.notices.put(notice.key, notice)
            begun.append(replace(message, notices=tuple(taken)))
        return begun

    def _ended(self, draft: Draft, desk: RemoteDesk, message: _Message, result: Result) -> None:
        self._tally(desk.name, "" if result.outcome is Outcome.OK else result.outcome.value)
        if result.outcome is Outcome.OK:
            self.delivered += 1
            self._latest.setdefault(message.to.lower(), deque()).append(self._clock.monotonic())
        jitter = random.random()  # one for them all: what goes together is due together
        for each in message.notices:
            notice = draft.notices.get(each.key)
            if notice is None or notice.state is not Standing.LEASED:
                continue
            after = self._judged(notice, result, jitter)
            draft.notices.put(notice.key, after)
            if after.state is Standing.PARKED:
                said = f"{after.name or after.to} could not be told ({after.kind}): {after.last_error}"
                draft.events.append(TicketEvent(after.ticket, self._clock.now(), "tocsin", "untold", said))
            facts = {"ticket": f"T-{after.ticket}", "kind": after.kind, "reason": after.last_error}
            event = "sent" if after.state is Standing.DONE else after.state.value
            draft.tell(f"notice.{event}", helpdesk=desk.name, key=after.key, attempts=after.attempts, **facts)

    def _judged(self, notice: Notice, result: Result, jitter: float) -> Notice:
        now = self._clock.now()
        if result.outcome is Outcome.OK:
            return sent(notice, now)
        if result.outcome is Outcome.PERMANENT:
            return parked(notice, result.reason)
        later = now + int(pause(notice.attempts, result.after, jitter) * _SECOND)
        return waits(notice, later, result.reason)
