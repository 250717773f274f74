"""What holds back, kept current: planned work, silences and pauses, asked for by people or by the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DatabaseError

from agent.clock import Clock
from agent.ledger import turn_away
from agent.memory import Draft
from agent.pipeline import Pipeline
from agent.store.maintenance import PlannedWork
from agent.store.planning import Asked, Books, Request, carry_out
from agent.store.restore import lasting
from agent.store.writer import Writer
from alerting.incidents.problem import Why
from alerting.incidents.suppression import Suppression, paused, words
from alerting.slo.figures import rfc3339
from config.models import Check, Config

log = structlog.get_logger()
PLANNING = 60.0
_PATIENCE = 5.0
Entry = tuple[int, Suppression]
Wake = Callable[[str, float], None]


class Holds:
    """The one place in the daemon that writes them. `wake(check, seconds)` asks for a look by then."""

    def __init__(self, pipeline: Pipeline, writer: Writer, clock: Clock) -> None:
        self.wake: Wake = lambda _check, _seconds: None
        self._pipeline, self._writer, self._clock = pipeline, writer, clock
        self._agent = pipeline.rules.agent
        # From the reading of what is written down to its change nobody else may change it.
        self._one_at_a_time = asyncio.Lock()
        self._planned_at = clock.now()

    async def record(self, config: Config) -> None:
        """Before the pipeline remembers: record the planned work that the configuration says is about to begin."""
        now, agent, windows = self._clock.now(), self._agent, config.maintenance.values()
        try:
            await self._writer.write(lambda connection: PlannedWork(connection, agent).follow(windows, now))
        except DatabaseError as error:
            _not_recorded(error)

    async def plan(self, config: Config) -> None:
        """The same while it runs; and forget what is over. A clock that was set back makes some of it count again."""
        now, agent, windows = self._clock.now(), self._agent, config.maintenance.values()
        async with self._one_at_a_time:
            entries: list[Entry] = []
            set_back = now < self._planned_at

            def read(connection: Connection) -> tuple[Suppression, ...]:
                PlannedWork(connection, agent, _pen(entries)).follow(windows, now)
                return lasting(connection, agent, now) if set_back else ()

            try:
                kept = await self._writer.write(read)
            except DatabaseError as error:
                _not_recorded(error)
                return
            self._planned_at = now
            if entries or kept or any(each.end <= now for each in self._pipeline.world.suppressions):
                await self._pipeline.change(lambda draft: _renewed(draft, entries, kept, now))

    async def begin(self) -> None:
        """After a start: what is paused has not been looked at, on purpose."""
        suppressions = self._pipeline.world.suppressions
        if any(each.why is Why.PAUSE for each in suppressions):
            done = self._pipeline.change(lambda draft: self._turn_away(draft, suppressions))
            # A store that cannot write yet must not keep the daemon from looking.
            await asyncio.wait([asyncio.ensure_future(done)], timeout=_PATIENCE)

    async def ask(self, command: str, arguments: Mapping[str, Any], who: str) -> Any:
        """What a person asks for, in force and on the disk when this returns. Raises CannotPlan."""
        asked = Asked.read(arguments)
        async with self._one_at_a_time:
            entries: list[Entry] = []
            request, pen = Request(asked, who, self._clock.now()), _pen(entries)
            result = await self._writer.write(
                lambda connection: carry_out(command, request, Books(connection, self._agent, pen))
            )
            await self._pipeline.change(lambda draft: self._taken_in(draft, command, entries, who))
        self._wake_up(entries)
        return result

    def paused_until(self, check: Check, now: int) -> int | None:
        """Until when a check is not looked at because somebody paused it."""
        pause = self._pause_of(check, now)
        return None if pause is None else pause.end

    def why_not(self, check: Check) -> str | None:
        """That a check is paused, for people; None when it is not."""
        pause = self._pause_of(check, self._clock.now())
        return None if pause is None else f"is paused until {rfc3339(pause.end)} ({pause.id}: {pause.reason})"

    def _pause_of(self, check: Check, now: int) -> Suppression | None:
        suppressions = self._pipeline.world.suppressions
        return paused(suppressions, check.service, check.name, now) if suppressions else None

    def _taken_in(self, draft: Draft, command: str, entries: list[Entry], who: str) -> None:
        for at, suppression in entries:
            draft.record(at, suppression)
            _tell(draft, command, suppression, who)
        self._turn_away(draft, [suppression for _, suppression in entries])

    def _turn_away(self, draft: Draft, pauses: Sequence[Suppression]) -> None:
        """The time of a check that is paused is unknown from now on."""
        now, rules = self._clock.now(), self._pipeline.rules
        for address in rules.checks if any(each.why is Why.PAUSE for each in pauses) else ():
            if paused(pauses, *address, now):
                turn_away(draft, rules, address, now)

    def _wake_up(self, entries: list[Entry]) -> None:
        """What is not paused any more looks at once."""
        now = self._clock.now()
        names = {
            name
            for _, each in entries
            if each.why is Why.PAUSE and not each.holds_at(now)
            for name in each.match.names
        }
        for check in self._pipeline.rules.checks.values() if names else ():
            if not names.isdisjoint((check.service, check.address)):
                self.wake(check.address, 0.0)


def _pen(entries: list[Entry]) -> Callable[[int, Suppression], None]:
    return lambda at, suppression: entries.append((at, suppression))


def _renewed(draft: Draft, entries: list[Entry], kept: tuple[Suppression, ...], now: int) -> None:
    """What memory holds of a suppression is never older than what was read of it."""
    known = {each.id for each in draft.suppressions}
    both = (*draft.suppressions, *(each for each in kept if each.id not in known))
    draft.suppressions = tuple(each for each in both if each.end > now)
    draft.unsettled = True
    for at, suppression in entries:
        draft.record(at, suppression)


def _tell(draft: Draft, command: str, suppression: Suppression, who: str) -> None:
    draft.tell(
        "suppression.changed",
        id=suppression.id,
        asked=command,
        by=suppression.by,
        login=who,
        match=list(words(suppression.match)),
        start=rfc3339(suppression.start),
        until=rfc3339(suppression.end),
        reason=suppression.reason,
    )


def _not_recorded(error: DatabaseError) -> None:
    log.error("maintenance.not_recorded", reason=str(error.orig), retry="in a minute")
