"""One configured helpdesk: its connector, called within its limits, and never the end of anything else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from dataclasses import asdict, replace
from typing import Any, cast

import structlog

from agent.clock import Clock
from alerting.connectors.base import (
    Connector,
    ConnectorType,
    Letter,
    Messenger,
    Outcome,
    Result,
    Setting,
    Told,
)
from alerting.messages import Desired, Known, Observed
from alerting.outgoing import pause
from checks.masking import masked
from checks.text import visible
from config.models import Helpdesk

log = structlog.get_logger()
_LONGEST_REASON = 300
_CLOSING = 5.0


class RemoteDesk:
    """Calls never raise: how they failed is in their Result. `paused` says why nothing is sent at the moment."""

    def __init__(self, helpdesk: Helpdesk, kind: ConnectorType, agent: str, clock: Clock) -> None:
        self.name, self.options, self._clock = helpdesk.name, helpdesk.options, clock
        self.paused = ""
        self._connector: Connector = kind.connect(helpdesk.own, Setting(helpdesk.name, agent))
        self.can, self.limits = self._connector.capabilities, self._connector.limits
        self.lag = self._connector.visibility_lag
        self.tells_people = bool(getattr(helpdesk.own, "tells_people", False))
        self._tokens, self._filled_at = float(self.limits.burst), clock.monotonic()
        self._paused_until = float("-inf")
        self._faults = 0
        self._called: dict[str, float] = {}

    def may_call(self, key: str) -> bool:
        """Whether a call for that ticket keeps within the limits now; it counts from here on."""
        now = self._clock.monotonic()
        if now < self._paused_until or now < self._called.get(key, float("-inf")) + self.limits.per_ticket:
            return False
        earned = (now - self._filled_at) * self.limits.per_minute / 60
        self._tokens, self._filled_at = min(self._tokens + earned, float(self.limits.burst)), now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        if self.limits.per_ticket:
            self._called[key] = now
        return True

    def wake(self) -> None:
        """A person has mended something: no pause any more."""
        self._paused_until, self._faults = float("-inf"), 0

    async def apply(self, desired: Desired, known: Known) -> Result:
        return await self._called_out(self._connector.apply(desired, known), reads=False)

    async def read(self, known: Known) -> Result:
        """Never IN_DOUBT: what only looks can be repeated."""
        return await self._called_out(self._connector.read(known), reads=True)

    async def tell(self, letters: Sequence[Letter], told: Told) -> None:
        """Each letter is told of once, with how it ended."""
        left = {letter.key: letter for letter in letters}
        minded: set[Outcome] = set()

        async def heard(letter: Letter, result: Result) -> None:
            if left.pop(letter.key, None) is not None:
                if result.outcome not in minded:  # one fault stops them all
                    self._mind(result)
                minded.add(result.outcome)
                await told(letter, replace(result, reason=visible(masked(result.reason), _LONGEST_REASON)))

        failed = Result.in_doubt("the connector did not say how it ended")
        try:
            async with asyncio.timeout(self.limits.deadline * len(letters)):
                await cast("Messenger", self._connector).tell(letters, heard)
        except TimeoutError:
            failed = Result.in_doubt(f"no answer within {self.limits.deadline * len(letters):g}s")
        except Exception as error:
            failed = Result.in_doubt(f"the connector failed: {_said(error)}")
            log.error("connector.failed", helpdesk=self.name, reason=failed.reason)
        for letter in list(left.values()):
            await heard(letter, failed)

    async def aclose(self) -> None:
        try:
            async with asyncio.timeout(_CLOSING):
                await self._connector.aclose()
        except Exception as error:
            log.warning("helpdesk.not_closed", helpdesk=self.name, reason=_said(error))

    async def _called_out(self, call: Coroutine[Any, Any, Result], *, reads: bool) -> Result:
        try:
            async with asyncio.timeout(self.limits.deadline):
                result = _sound(await call)
        except TimeoutError:
            result = Result.in_doubt(f"no answer within {self.limits.deadline:g}s")
        except Exception as error:
            result = Result.in_doubt(f"the connector failed: {_said(error)}")
            log.error("connector.failed", helpdesk=self.name, reason=result.reason)
        if reads and result.outcome is Outcome.IN_DOUBT:
            result = replace(result, outcome=Outcome.RETRY)
        self._mind(result)
        return replace(result, reason=visible(masked(result.reason), _LONGEST_REASON))

    def _mind(self, result: Result) -> None:
        """Stay away for as long as it asks, or while it takes nothing at all."""
        if result.outcome is Outcome.BROKEN:
            self._faults += 1
            self._rest(pause(self._faults, result.after, 0.0), result.reason)
            return
        if result.outcome is Outcome.RETRY and result.after is not None:
            self._rest(result.after, result.reason)
            return
        if self.paused:
            log.info("helpdesk.takes_again", helpdesk=self.name)
        self.paused, self._faults = "", 0

    def _rest(self, seconds: float, reason: str) -> None:
        told = visible(masked(reason), _LONGEST_REASON)
        if told != self.paused:
            log.error("helpdesk.takes_nothing", helpdesk=self.name, reason=told, seconds=round(seconds))
        self.paused = told
        self._paused_until = max(self._paused_until, self._clock.monotonic() + min(seconds, 86_400.0))


def _sound(result: Any) -> Result:
    """What a connector gave, where it can be kept. Raises TypeError: else the entry would stay leased for ever."""
    if not isinstance(result, Result) or not isinstance(result.observed, Observed | None):
        raise TypeError(f"it gave a {type(result).__name__} that is no result")
    if result.observed is not None:
        json.dumps(asdict(result.observed))
    return result


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {visible(masked(str(error)[:1000]), 200)}"
