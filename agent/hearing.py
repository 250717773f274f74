"""Jobs that report in: what they say is committed with the reading it leads to, and only then answered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import structlog

from agent import decide
from agent.clock import Clock
from agent.keys import Keys, keys_of, secret_in
from agent.memory import Address, Draft
from agent.pipeline import Pipeline
from agent.runner import Runner
from alerting.calendars import Calendar
from alerting.incidents.suppression import paused
from checks.heartbeat.signals import Signal, hear
from config.models import Check, Config

log = structlog.get_logger()
REFRESH = 60.0
_SECOND = 1_000_000
_PATIENCE = 5.0
_MOST_AT_ONCE = 2000
_BURST, _PER_SECOND = 60.0, 10.0
Wake = Callable[[str, float], None]


class CannotStore(Exception):
    """The signal was not committed, and is not to be answered as if it were."""


class TooMany(Exception):
    """One key speaks without a pause."""


class Hearing:
    """The one place that judges kinds that are told. `wake(check, seconds)` asks for a judging by then."""

    def __init__(self, pipeline: Pipeline, runner: Runner, clock: Clock, wake: Wake) -> None:
        self._pipeline, self._runner, self._clock, self._wake = pipeline, runner, clock, wake
        self._since = clock.now()
        self._keys = Keys()
        self._at_once = 0
        self._buckets: dict[Address, tuple[float, float]] = {}
        self._told_wrong: Mapping[str, str] = {}

    async def use(self, config: Config) -> None:
        """Know the keys of this configuration; keys that stand in files are read anew."""
        checks = [check for check in config.checks() if check.kind == "heartbeat"]
        self._keys = (
            await asyncio.to_thread(_read, checks, Path(config.agent.state_dir)) if checks else Keys()
        )
        if self._keys.wrong != self._told_wrong:
            self._told_wrong = self._keys.wrong
            for check, reason in self._keys.wrong.items():
                log.error("heartbeat.key_unusable", check=check, reason=reason)

    def find(self, key: str) -> Check | None:
        """The check that a key speaks for."""
        address = self._keys.find(key)
        return None if address is None else self._pipeline.rules.checks.get(address)

    async def hear(self, check: Check, signal: Signal) -> bool:
        """Take in a signal: when this returns it is on the disk, or False: the check is gone by now.

        Raises CannotStore or TooMany.
        """
        address = (check.service, check.name)
        self._spend(address)
        signal = replace(signal, at=self._clock.now() / _SECOND)
        if self._pipeline.degraded or self._at_once >= _MOST_AT_ONCE:
            raise CannotStore
        self._at_once += 1
        try:
            async with asyncio.timeout(_PATIENCE):
                known: bool = await self._pipeline.change(lambda draft: self._heard(draft, address, signal))
        except Exception as error:
            raise CannotStore from error
        finally:
            self._at_once -= 1
        self._plan(address)
        return known

    async def judge(self, check: Check) -> None:
        """Judge what a check was told, as it stands when the judging is stored."""
        address = (check.service, check.name)
        with contextlib.suppress(Exception):  # it was logged, and its next turn comes
            async with asyncio.timeout(0 if self._pipeline.degraded else min(check.every, _PATIENCE)):
                await self._pipeline.change(lambda draft: self._judged(draft, address), seen=True)
        self._plan(address)

    def _heard(self, draft: Draft, address: Address, signal: Signal) -> bool:
        check = self._pipeline.rules.checks.get(address)
        if check is None or check.kind != "heartbeat":
            return False
        now = self._clock.now()
        memo = draft.check(address).memo
        told = hear(check.spec, memo, signal, now / _SECOND, self._since / _SECOND)
        closed = not all(Calendar(each).open_at(now) for each in check.active)
        rests = closed or paused(draft.suppressions, *address, now) is not None
        decide.tell(draft, address, check, told, silent=rests)
        if not rests:
            self._judged(draft, address)
        return True

    def _judged(self, draft: Draft, address: Address) -> None:
        check = self._pipeline.rules.checks.get(address)
        if check is None or self._runner.kind(check).judge is None:
            return  # gone, or by now another kind of that name
        reading = self._runner.judged(check, draft.check(address).memo, self._since)
        decide.take(draft, self._pipeline.rules, address, reading)

    def _plan(self, address: Address) -> None:
        """Be there at the moment at which time alone changes the verdict."""
        check = self._pipeline.rules.checks.get(address)
        if check is None:
            return
        now = self._clock.now() / _SECOND
        turn = self._runner.kind(check).turn(check.spec, self._pipeline.decided(address).memo, now)
        if turn is not None:
            self._wake(check.address, turn - now)

    def _spend(self, address: Address) -> None:
        """A bucket for each key; checks that are gone leave theirs, one small entry each."""
        now = self._clock.monotonic()
        left, at = self._buckets.get(address, (_BURST, now))
        left = min(_BURST, left + (now - at) * _PER_SECOND)
        if left < 1:
            raise TooMany
        self._buckets[address] = (left - 1, now)


def _read(checks: list[Check], directory: Path) -> Keys:
    try:
        return keys_of(checks, secret_in(directory))
    except OSError as error:
        log.error("heartbeat.no_secret", reason=(error.strerror or str(error)).lower())
        return keys_of([check for check in checks if check.spec.key is not None], b"")
