"""One look at a check, to its end: seen, believed as far as the way there can be trusted, and committed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from agent.clock import Clock
from agent.guard import Guard
from agent.hearing import Hearing
from agent.holds import Holds
from agent.pipeline import Pipeline
from agent.rulebook import fingerprint
from agent.runner import Runner
from agent.scheduler import Scheduler
from agent.tracing import Tracing
from alerting.state import look_in, wants_retry
from checks.base import Kind
from config.models import Check

COMMIT_PATIENCE = 5.0


class Looking:
    """What the scheduler runs. `scheduler`, `hearing`, `guard` and `tracing` are to be set before the first look."""

    scheduler: Scheduler
    hearing: Hearing
    guard: Guard
    tracing: Tracing

    def __init__(
        self, clock: Clock, kinds: Mapping[str, Kind], pipeline: Pipeline, runner: Runner, holds: Holds
    ) -> None:
        self._clock, self._kinds = clock, kinds
        self._pipeline, self._runner, self._holds = pipeline, runner, holds

    async def look(self, check: Check) -> bool:
        """One look, committed; True when the state machine wants a quick further one."""
        address = (check.service, check.name)
        if self._kinds[check.kind].judge is not None:
            await self.hearing.judge(check)
        else:
            await self._seen(check)
        spec, state = self._pipeline.rules.state_specs.get(address), self._pipeline.decided(address).state
        if spec is None:
            return False
        if (left := look_in(state, spec)) is not None:
            self.scheduler.soon(check.address, max(left, check.retry_every))
        problem = self._pipeline.world.problems.get(address)
        return wants_retry(state, spec) or (problem is not None and problem.left_behind)

    def at_once(self, address: tuple[str, str]) -> None:
        """Have a check looked at now, unless a look at it is under way."""
        name = ".".join(address)
        if name not in self.scheduler.running:  # its own look tells as much
            self.scheduler.soon(name, 0.0)

    async def _seen(self, check: Check) -> None:
        address = (check.service, check.name)
        rules = self._pipeline.rules
        # A reload that is being stored has its rules in force before the scheduler has its checks.
        same = rules.checks.get(address) is check
        made_under = rules.fingerprints[address] if same else fingerprint(check)
        reading = await self.guard.passed(check, await self._runner.look(check, self._memo(address)))
        if self._holds.paused_until(check, self._clock.now()) is not None:
            return  # it was paused while the look was under way
        before = self._pipeline.decided(address).state.level
        committed = self._pipeline.submit(address, reading, made_under)
        if not self._pipeline.degraded:
            await _patiently(committed, min(check.every, COMMIT_PATIENCE))
        if self._pipeline.decided(address).state.level > before and self.guard.leads_out(check):
            self.tracing.begin(check, reading)

    def _memo(self, address: tuple[str, str]) -> Any:
        """What the probe remembered, when it was made under the same options."""
        memory = self._pipeline.decided(address)
        return memory.memo if memory.memo_of == self._pipeline.rules.fingerprints.get(address) else None


async def _patiently(committed: asyncio.Future[Any], seconds: float) -> None:
    """Wait for a commit, but not for ever: a store that cannot write must not stop the looking.

    The reading waits in the pipeline; what the store refused was logged there.
    """
    timer = asyncio.get_running_loop().call_later(seconds, _let_go, committed)
    try:
        with contextlib.suppress(Exception):
            await committed
    finally:
        timer.cancel()


def _let_go(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_result(None)
