"""Readings in, one transaction out: decided on a draft, committed by the writer, then taken into memory and told."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import structlog

from agent import decide
from agent.ahead import Ahead
from agent.clock import Clock, StepWatch
from agent.desk.asked import Asked, NoSuchTicket, NotNow, Refusal
from agent.desk.document import document
from agent.desk.files import ATTACHMENTS, with_files
from agent.desk.rooms import VERBS, WITH_TIMELINE
from agent.desk.tickets import PersonsMove, move_ticket
from agent.memory import Address, CheckMemory, Draft, World
from agent.rulebook import Rulebook
from agent.store.outbox import mirrors_of
from agent.store.restore import restored
from agent.store.save import save
from agent.store.tickets import ticket_from_origin, ticket_from_store, timeline
from agent.store.trouble import Fault, Trouble, cannot_write
from agent.store.writer import Work, Writer
from alerting.desk.ticket import IllegalMove, Ticket, parse_id
from alerting.incidents.incident import Incident
from alerting.slo.gaps import believed
from checks.base import Reading

log = structlog.get_logger()
_GATHER = 0.03
_BACKLOG = 50_000
_RETRY = 1.0
_PATIENCE = 5.0
_AT_ONCE = 1000
_TELL_AGAIN = 60.0
Change = Callable[[Draft], Any]
Heard = Callable[[Address, Reading], None]
Wants = Callable[[Address], None]
Opened = Callable[[Incident], None]
# Tickets as they were, None where there was none, and as they are.
Turned = Callable[[list[tuple[Ticket | None, Ticket]]], None]
# Into the timelines of these tickets something was written.
Entered = Callable[[set[int]], None]


class BacklogFull(Exception):
    """The store could not write for so long that nothing more is taken."""


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A change that waits for its commit; `seen`: it tells what was seen, which is decided ahead of the disk too."""

    change: Change
    future: asyncio.Future[Any]
    seen: bool = False


class Pipeline:
    """The only way into the store. One transaction is under way at a time; what comes meanwhile forms the next.

    `trouble` is why the store cannot write, None while it can; `ahead` is what is decided meanwhile, until all that
    waited is stored. `replaced` is called when another file stands where the store was: only a new start helps.
    """

    def __init__(self, writer: Writer, clock: Clock, agent_id: str, rules: Rulebook) -> None:
        self.world = World()
        self.rules = self._settled_rules = rules
        self.trouble: Trouble | None = None
        self.ahead: Ahead | None = None
        self.heard: Heard = lambda _address, _reading: None
        self.wants: Wants = lambda _address: None
        self.opened: Opened = lambda _incident: None
        self.turned: Turned = lambda _turns: None
        self.entered: Entered = lambda _tickets: None
        self.replaced: Callable[[], None] = lambda: None
        self._writer, self._clock, self._agent_id = writer, clock, agent_id
        self._waiting: deque[_Entry] = deque()
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._task: asyncio.Task[None] | None = None
        self._last_commit = self._committed_at = clock.monotonic()
        self._told_at = float("-inf")
        self._looking = False
        self._steps = StepWatch(clock)
        self._clock_was_set: deque[_Entry] = deque()

    async def start(self, *, catch_up: bool = True) -> None:
        """Remember what was stored. To `catch_up` is the daemon's: its own absence becomes unknown time.

        A command that only writes a person's move does not: nobody is looking meanwhile.
        """
        self._looking = catch_up
        self.world, alive_until = await self._writer.write(
            lambda connection: restored(connection, self._agent_id)
        )
        self.world.known = alive_until
        self._task = asyncio.create_task(self._pump(), name="pipeline")
        if catch_up:
            now = self._clock.now()
            caught_up = self._enqueue(lambda draft: decide.catch_up(draft, self.rules, alive_until, now))
            # A store that cannot write yet must not keep the daemon from looking.
            await asyncio.wait([caught_up], timeout=_PATIENCE)

    async def stop(self, grace: float = _PATIENCE) -> None:
        """Commit what is waiting, for at most `grace` seconds. From here on nothing is seen until the next start."""
        try:
            async with asyncio.timeout(grace):
                await self.idle()
        except TimeoutError:
            log.error("pipeline.given_up", uncommitted=len(self._waiting), reason="the store cannot write")
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def idle(self) -> None:
        """Until everything handed in is committed."""
        await self._idle.wait()

    def memory(self, address: Address) -> CheckMemory:
        """What is committed of a check."""
        return self.world.checks.get(address) or CheckMemory()

    def decided(self, address: Address) -> CheckMemory:
        """The same, and while the store cannot write with what waits for it: the next look goes on from there."""
        return self.memory(address) if self.ahead is None else self.ahead.memory(address)

    def submit(self, address: Address, reading: Reading, made_under: str = "") -> asyncio.Future[Any]:
        """Hand in a reading; the future is done when it is committed.

        `made_under` is the fingerprint of the options of the look, when the rules may be others by now.
        """
        return self._enqueue(
            lambda draft: decide.take(draft, self.rules, address, reading, made_under), seen=True
        )

    async def change(self, change: Change, *, seen: bool = False) -> Any:
        """Apply a change and wait for its COMMIT; gives what it returns, raises what it raises.

        `seen`: it tells what was seen, as a reading does.
        """
        return await self._enqueue(change, seen=seen)

    @property
    def believed(self) -> World:
        """What is committed; while the store cannot write, with what was seen since."""
        return self.world if self.ahead is None else self.ahead.world

    @property
    def directory(self) -> Path:
        """Where the store lies."""
        return self._writer.directory

    @property
    def degraded(self) -> bool:
        """Whether the store cannot write."""
        return self.trouble is not None

    def why_it_failed(self, error: Exception) -> str:
        """What is behind an error of the store, in words."""
        fault = self._writer.fault
        return fault[1] if fault is not None else str(error)[:200]

    def _only_while_it_writes(self) -> None:
        """What a person asks for is refused at once: who asks would wait in vain. Raises NotNow."""
        if self.trouble is not None:
            raise NotNow(f"nothing can be changed now: the store cannot write: {self.trouble.reason}")

    async def move_ticket(self, number: int, asked: PersonsMove) -> Ticket:
        """A person's move on a ticket. Raises NoSuchTicket, NotNow or IllegalMove."""
        self._only_while_it_writes()
        if number not in self.world.tickets:
            await self._remember_ticket(number)
        moved: Ticket = await self.change(lambda draft: move_ticket(draft, number, asked, self._clock.now()))
        return self.world.tickets.get(number, moved)  # with what the desk did to it at once by itself

    async def ask_desk(self, verb: str, asked: Asked) -> Any:
        """What a person asks of the desk. Raises asked.Refusal or IllegalMove."""
        self._only_while_it_writes()
        for number in _tickets_in(asked):
            if number not in self.world.tickets:
                await self._remember_ticket(number)
        await self._remember_origin(asked.arguments.get("origin"))
        if ATTACHMENTS in asked.arguments:
            self._known(asked.arguments.get("ticket"))  # before anything is written for it
            limits, directory = self.rules.desk.attachments, self._writer.directory
            asked = await asyncio.to_thread(with_files, asked, limits, directory)
        if verb in WITH_TIMELINE:
            asked = await self._with_timeline(asked)
        answer = await self.change(lambda draft: VERBS[verb](draft, self.rules, asked))
        return self._as_it_is(answer)

    def _known(self, number: object) -> None:
        """Raises NoSuchTicket for a number that no ticket has."""
        if isinstance(number, int) and number not in self.world.tickets:
            raise NoSuchTicket(f"there is no ticket T-{number}")

    def _as_it_is(self, answer: Any) -> Any:
        """An answer that is a ticket's document, with what the desk did to the ticket at once by itself."""
        if not isinstance(answer, dict) or not {"id", "stamps"} <= answer.keys():
            return answer
        ticket = self.world.tickets.get(parse_id(str(answer["id"])) or 0)
        return answer if ticket is None else {**answer, **document(ticket)}

    async def stored(self, look: Work) -> Any:
        """What the store holds beside what is in memory."""
        return await self._writer.write(look)

    async def reload(self, rules: Rulebook) -> None:
        """Go on under new rules, in one transaction with what they change. Unchanged checks keep everything."""

        def swap(draft: Draft) -> None:
            decide.follow(draft, rules, self._clock.now(), self.rules)
            self.rules = rules

        await self.change(swap)

    async def checkpoint(self) -> None:
        """What time alone brings; and the mark that the agent is alive, at most every few seconds."""
        await self.change(lambda draft: decide.sweep(draft, self.rules, self._clock.now()))
        self.world.forget_ended()

    async def watch_clock(self) -> None:
        """Notice when the machine's clock was set; to be asked every second or so, for a clock also drifts."""
        step = self._steps.look()
        if step is None or not self._looking:
            return
        log.warning("clock.stepped", seconds=round((step.new - step.old) / 1_000_000, 3))

        def change(draft: Draft) -> None:
            decide.clock_was_set(draft, self.rules, step)

        self._clock_was_set.append(_Entry(change, asyncio.get_running_loop().create_future()))
        self._idle.clear()
        self._wake.set()

    @property
    def stalled_for(self) -> float:
        """Seconds since the last commit while something is waiting; 0 when nothing waits."""
        return self._clock.monotonic() - self._last_commit if not self._idle.is_set() else 0.0

    @property
    def silent_for(self) -> float:
        """Seconds since the last commit, whether anything waits or not: the mark of being alive is one every few."""
        return self._clock.monotonic() - self._committed_at

    @property
    def backlog(self) -> int:
        """Changes that wait for the store."""
        return len(self._waiting)

    @property
    def ended(self) -> bool:
        """Whether nothing is committed any more, because the pump itself has ended."""
        return self._task is not None and self._task.done()

    def _enqueue(self, change: Change, *, seen: bool = False) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        if seen and self.ahead is not None:
            self.ahead.take(change, self.rules, self._clock.now())
        if len(self._waiting) >= _BACKLOG:
            log.error("pipeline.backlog_full", dropped=1)
            future.set_exception(BacklogFull("the store cannot write, and too much is waiting for it"))
            future.exception()  # a caller that does not wait must not leave a warning behind
            return future
        if self._idle.is_set():
            self._last_commit = self._clock.monotonic()
        self._waiting.append(_Entry(change, future, seen))
        self._idle.clear()
        self._wake.set()
        return future

    async def _pump(self) -> None:
        while True:
            await self._wake.wait()
            # Readings released together come in together: one commit for them all.
            await self._clock.sleep(_GATHER)
            self._wake.clear()
            while self._waiting or self._clock_was_set:
                # What is decided after the clock was set is decided in the knowledge that it was.
                await self.watch_clock()
                first = [self._clock_was_set.popleft() for _ in range(len(self._clock_was_set))]
                more = [self._waiting.popleft() for _ in range(min(_AT_ONCE, len(self._waiting)))]
                await self._commit([*first, *more])
            self.ahead = None
            self._idle.set()

    async def _commit(self, batch: list[_Entry]) -> None:
        """Decide each entry on one draft, write it, and only then believe it.

        A store that cannot write is asked again until it can. A draft that the store refuses for what is in
        it is taken apart, so that one bad entry does not take its neighbours with it.
        """
        draft, results = self._decided(batch)
        if self._looking and believed(self._steps.at, draft.known):
            draft.known = self._steps.at
        refusal = await self._written(draft, batch)
        if refusal is None:
            self._last_commit = self._committed_at = self._clock.monotonic()
            self._settled_rules = self.rules
            turns = [(self.world.tickets.get(number), each) for number, each in draft.tickets.changed.items()]
            draft.settle()
            self.turned(turns)
            self.entered({each.ticket for each in draft.events})
            self._announce(draft, results)
            if draft.desk_left:
                self._enqueue(decide.sweep_desk)
        elif len(batch) > 1:
            for entry in batch:
                await self._commit([entry])
        else:
            self.rules = self._settled_rules
            log.error("store.refused", reason=f"{type(refusal).__name__}: {refusal}"[:500])
            future = batch[0].future
            if not future.done():
                future.set_exception(refusal)
                future.exception()  # a caller that does not wait must not leave a warning behind

    async def _written(self, draft: Draft, batch: list[_Entry]) -> Exception | None:
        """Commit the draft, however long it takes; why the store refuses what is in it, None when it is written."""
        alive_until = draft.known if self._looking else None
        while True:
            try:
                await self._writer.write(
                    lambda connection: save(connection, self._agent_id, draft, alive_until)
                )
            except Exception as error:
                if not cannot_write(error):
                    return error
                self._in_trouble(error, batch)
                await asyncio.sleep(_RETRY)
                continue
            if self.trouble is not None:
                log.info("store.writes_again", waiting=len(self._waiting))
            self.trouble = None
            return None

    def _in_trouble(self, error: Exception, batch: list[_Entry]) -> None:
        """Note why nothing is written, tell of it now and then, and begin to decide ahead of the disk."""
        fault, reason = self._writer.fault or (Fault.OTHER, str(error)[:200])
        before, now = self.trouble, self._clock.monotonic()
        since = self._clock.now() if before is None else before.since
        self.trouble = Trouble(fault, reason, since)
        if before is None or before.fault is not fault or now - self._told_at > _TELL_AGAIN:
            self._told_at = now
            log.error("store.cannot_write", fault=fault.value, reason=reason, waiting=len(self._waiting))
        if fault is Fault.REPLACED and (before is None or before.fault is not fault):
            self.replaced()
        if self.ahead is None:
            self.ahead = Ahead(self.world)
            for each in (*batch, *self._waiting):
                if each.seen:
                    self.ahead.take(each.change, self.rules, self._clock.now())

    def _decided(self, batch: list[_Entry]) -> tuple[Draft, list[Any]]:
        """All changes on one draft. One that fails is left out, and the others are decided as if it never came."""
        failed: dict[int, Exception] = {}
        while True:
            self.rules = self._settled_rules
            draft, results = Draft(self.world), []
            for number, entry in enumerate(batch):
                if number in failed:
                    results.append((entry.future, failed[number]))
                    continue
                try:
                    results.append((entry.future, entry.change(draft)))
                except Exception as error:
                    if not isinstance(error, (Refusal, IllegalMove)):
                        log.exception("pipeline.change_failed")
                    failed[number] = error
                    break
            else:
                self._conclude(draft)
                return draft, results

    def _conclude(self, draft: Draft) -> None:
        try:
            decide.conclude(draft, self.rules, self._clock.now())
        except Exception:
            # What was seen is stored all the same; what becomes of it is asked again with the next transaction.
            log.exception("incidents.not_decided")

    def _announce(self, draft: Draft, results: list[Any]) -> None:
        for address, _, reading in draft.readings:
            self.heard(address, reading)
        for fact in draft.facts:
            log.info(fact.event, **fact.fields)
        for address in draft.wanted:
            self.wants(address)
        for incident in draft.opened_incidents():
            self.opened(incident)
        for future, result in results:
            if future.done():
                continue
            if isinstance(result, BaseException):
                future.set_exception(result)
                future.exception()  # a caller that does not wait must not leave a warning behind
            else:
                future.set_result(result)

    async def _remember_origin(self, origin: object) -> None:
        """The ticket that came from there, though it may have ended long ago."""
        if not isinstance(origin, str) or not origin:
            return
        number = await self._writer.write(
            lambda connection: ticket_from_origin(connection, self._agent_id, origin)
        )
        if number is not None and number not in self.world.tickets:
            await self._remember_ticket(number)

    async def _with_timeline(self, asked: Asked) -> Asked:
        """The request with the lines of its ticket, which are not kept in memory."""
        number = asked.arguments.get("ticket")
        if not isinstance(number, int) or isinstance(number, bool):
            return asked
        lines = await self._writer.write(lambda connection: timeline(connection, self._agent_id, number))
        return replace(asked, timeline=tuple(lines))

    async def _remember_ticket(self, number: int) -> None:
        ticket, mirrors = await self._writer.write(
            lambda connection: (
                ticket_from_store(connection, self._agent_id, number),
                mirrors_of(connection, self._agent_id, number),
            )
        )
        if ticket is not None:
            self.world.tickets[number] = ticket
        for each in mirrors:
            self.world.outbox.setdefault((each.helpdesk, each.key), each)
        if (
            ticket is not None
            and ticket.merged_into is not None
            and ticket.merged_into not in self.world.tickets
        ):
            await self._remember_ticket(ticket.merged_into)  # what is asked of the one is done on the other


def _tickets_in(asked: Asked) -> list[int]:
    """The numbers of tickets that a request names."""
    named = [asked.arguments.get(name) for name in ("ticket", "other")]
    many = asked.arguments.get("tickets")
    named += many if isinstance(many, list) else []
    return [each for each in named if isinstance(each, int) and not isinstance(each, bool)]
