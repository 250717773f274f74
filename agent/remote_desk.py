"""One configured helpdesk: its connector, called within its limits, and never the end of anything else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, cast

import structlog

from agent.clock import Clock
from alerting.connectors.base import (
    Below,
    Connector,
    ConnectorType,
    Finding,
    Hook,
    Letter,
    Lister,
    Messenger,
    Outcome,
    Poke,
    Result,
    Setting,
    Told,
    TwinEnder,
    nothing_below,
)
from alerting.messages import Desired, Known, Observed
from alerting.outgoing import pause
from checks.masking import masked
from checks.text import visible
from config.masks import mask
from config.models import Helpdesk

log = structlog.get_logger()
_LONGEST_REASON = 300
_LONGEST_NAME = 80
_CLOSING = 5.0
_SECOND = 1_000_000
# So many calls in a row that came to nothing: it is not one ticket's fault.
_GONE_AFTER = 3
# A check-up is several calls.
_CHECK_UP = 4
_MOST_TWINS = 100


class RemoteDesk:
    """Calls never raise: how they failed is in their Result. `paused` says why nothing is sent at the moment."""

    def __init__(
        self, helpdesk: Helpdesk, kind: ConnectorType, agent: str, clock: Clock, below: Below = nothing_below
    ) -> None:
        self.name, self.options, self._clock = helpdesk.name, helpdesk.options, clock
        self.paused = ""
        setting = Setting(helpdesk.name, agent, lambda: clock.now() / _SECOND, below)
        self._connector: Connector = kind.connect(helpdesk.own, setting)
        self.can, self.limits = self._connector.capabilities, self._connector.limits
        self.lag = self._connector.visibility_lag
        self.lists, self.ends_twins = (isinstance(self._connector, each) for each in (Lister, TwinEnder))
        self.tells_people = bool(getattr(helpdesk.own, "tells_people", False))
        self._tokens, self._filled_at = float(self.limits.burst), clock.monotonic()
        self._paused_until = float("-inf")
        self._faults = 0
        self._unheard, self._back = 0, False
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

    def is_back(self) -> bool:
        """Whether it answers again after it had not for some calls; told once."""
        back, self._back = self._back, False
        return back

    def wake(self) -> None:
        """A person has mended something: no pause any more."""
        self._paused_until, self._faults = float("-inf"), 0

    async def apply(self, desired: Desired, known: Known) -> Result:
        return await self._called_out(lambda: self._connector.apply(desired, known), reads=False)

    async def read(self, known: Known) -> Result:
        """Never IN_DOUBT: what only looks can be repeated."""
        return await self._called_out(lambda: self._connector.read(known), reads=True)

    async def check(self) -> Sequence[Finding]:
        """Whether it would take tickets: what could not be asked is a finding, too. Nothing is paused by it."""
        deadline = self.limits.deadline * _CHECK_UP
        try:
            async with asyncio.timeout(deadline):
                found = [_finding(each) for each in await self._connector.check()]
        except TimeoutError:
            found = [Finding("check-up", None, f"no answer within {deadline:g}s")]
        except Exception as error:
            found = [Finding("check-up", None, f"the connector failed: {_said(error)}")]
            log.error("connector.failed", helpdesk=self.name, reason=found[0].text)
        return found

    def poke(self, headers: Mapping[str, str], body: bytes) -> Poke | None:
        """What a webhook told; None where it proves nothing, or nobody listens to one. Raises ValueError."""
        if not isinstance(self._connector, Hook):
            return None
        try:
            told: Any = self._connector.poke(headers, body)
            if told is None or isinstance(told, Poke):
                return told
            raise TypeError(f"it gave a {type(told).__name__} that is no poke")
        except ValueError:
            raise ValueError("it cannot be read") from None
        except Exception as error:
            log.error("connector.failed", helpdesk=self.name, reason=_said(error))
            return None

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        """Open tickets there that carry a key of ours; only where it `lists` them."""
        return await self._listed(lambda: cast("Lister", self._connector).ours(most), most)

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        """All tickets there of that key; only where it `ends_twins`."""
        return await self._listed(lambda: cast("TwinEnder", self._connector).twins(known), _MOST_TWINS)

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        """Only where it `ends_twins`."""
        ender = cast("TwinEnder", self._connector)
        return await self._called_out(lambda: ender.end_twin(twin, kept), reads=False)

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

    async def _listed(
        self, call: Callable[[], Awaitable[tuple[Result, Sequence[Observed]]]], most: int
    ) -> tuple[Result, Sequence[Observed]]:
        """What was found counts only where the result is OK; no more than `most` of it."""
        found: list[Observed] = []

        async def result() -> Result:
            told, seen = await call()
            found.extend(map(_whole, seen[:most]))
            return told

        return await self._called_out(result, reads=True), found

    async def _called_out(self, call: Callable[[], Awaitable[Result]], *, reads: bool) -> Result:
        try:
            async with asyncio.timeout(self.limits.deadline):
                result = _sound(await call())
        except TimeoutError:
            result = Result.in_doubt(f"no answer within {self.limits.deadline:g}s")
        except Exception as error:
            result = Result.in_doubt(f"the connector failed: {_said(error)}")
            log.error("connector.failed", helpdesk=self.name, reason=result.reason)
        if reads and result.outcome is Outcome.IN_DOUBT:
            result = replace(result, outcome=Outcome.RETRY)
        self._mind(result)
        reason = visible(masked(result.reason), _LONGEST_REASON)
        return replace(result, reason=reason, observed=_secretless(result.observed))

    def _mind(self, result: Result) -> None:
        """Stay away for as long as it asks, or while it takes nothing at all."""
        if result.outcome is Outcome.OK:
            self._back, self._unheard = self._back or self._unheard >= _GONE_AFTER, 0
        elif result.outcome in (Outcome.RETRY, Outcome.BROKEN):
            self._unheard += 1
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
    if not isinstance(result, Result):
        raise TypeError(f"it gave a {type(result).__name__} that is no result")
    if result.observed is not None:
        _whole(result.observed)
    return result


def _whole(observed: Any) -> Observed:
    """What was seen of a ticket, where it can be kept. Raises TypeError."""
    if not isinstance(observed, Observed):
        raise TypeError(f"it saw a {type(observed).__name__} that is no ticket")
    json.dumps(asdict(observed))
    return observed


def _finding(found: Finding) -> Finding:
    """As it can be shown. Raises AttributeError for what is none."""
    ok = found.ok if found.ok is None else bool(found.ok)
    what, text = visible(masked(found.what), _LONGEST_NAME), visible(masked(found.text), _LONGEST_REASON)
    return Finding(what, ok, text)


def _secretless(seen: Observed | None) -> Observed | None:
    """Before it is kept: a helpdesk may give back what it heard, our credentials too."""
    if seen is None:
        return None
    memo = {name: mask(each) if isinstance(each, str) else each for name, each in seen.memo.items()}
    return replace(seen, id=mask(seen.id), url=mask(seen.url) if seen.url else seen.url, memo=memo)


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {visible(masked(str(error)[:1000]), 200)}"
