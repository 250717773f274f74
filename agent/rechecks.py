"""Check now: what a person wants looked at is looked at by the daemon, and its readings are told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from agent.clock import Clock
from agent.holds import Holds
from agent.pipeline import Pipeline
from agent.scheduler import Scheduler
from checks.base import Reading, Status
from config.models import Check

_AT_ONCE = 100
_READING = TypeAdapter(Reading)
_LATE = "the daemon looked, but has not stored what it saw"


class Rechecks:
    """Looks of their own, counted like any other; what rests or is paused is left out, with the reason."""

    def __init__(self, pipeline: Pipeline, scheduler: Scheduler, holds: Holds, clock: Clock) -> None:
        self._pipeline, self._scheduler = pipeline, scheduler
        self._holds, self._clock = holds, clock
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def ask(self, addresses: Sequence[str]) -> dict[str, Any]:
        """`readings` by check, as `told` has them, and the reasons of those that are `left_out`."""
        checks = {each.address: each for each in self._pipeline.rules.checks.values()}
        left_out = {name: why for name in addresses if (why := self._why_not(checks.get(name)))}
        looked_at = [checks[name] for name in dict.fromkeys(addresses) if name not in left_out]
        readings = await asyncio.gather(*map(self._look, looked_at))
        told = {check.address: reading for check, reading in zip(looked_at, readings, strict=True)}
        return {"readings": told, "left_out": left_out}

    def _why_not(self, check: Check | None) -> str | None:
        if check is None:
            return "is not in the configuration that the daemon works by: reload it"
        if not self._scheduler.rests(check):
            return None
        return self._holds.why_not(check) or "rests: its calendar is closed"

    async def _look(self, check: Check) -> Any:
        async with self._gate:
            since = self._clock.now()
            await self._scheduler.at_once(check.address)
        last = self._pipeline.memory((check.service, check.name)).last
        if last is None or last.at < since:
            last = Reading(Status.UNKNOWN, Status.UNKNOWN, since, 0.0, _LATE)
        return told(last)


def told(reading: Reading) -> Any:
    """A reading as JSON, without what a probe remembers and what only a close look has."""
    plain = replace(reading, memo=None, traces=None, parts={}, requests=None)
    return _READING.dump_python(plain, mode="json")


def reading_of(document: Any) -> Reading:
    """The inverse of `told`."""
    return _READING.validate_python(document)
