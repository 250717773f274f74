"""The way to what cannot be reached goes into its ticket: walked off the hot path, one walk at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

import structlog

from agent.clock import Clock
from agent.desk.tickets import note
from agent.memory import Address, Draft
from agent.pipeline import Pipeline
from alerting.incidents.storms import STORM
from checks.afar import hosts
from checks.base import ErrorKind, Reading
from checks.hops import hops
from checks.network import AddressRefused, LookupFailed, Network
from checks.resolver import literal
from config.models import Check

log = structlog.get_logger()
ATTACHING = 5.0
HOPS = "hops"
_ON_THE_WAY = frozenset({ErrorKind.TIMEOUT, ErrorKind.UNREACHABLE})
_MOST = 20
_RESOLVING = 2.0
# How long a walk stands for the same address, and how long it waits for a ticket: seconds.
_STANDS, _WAITS = 60.0, 300.0


@dataclass(frozen=True, slots=True)
class _Walked:
    """What a walk found for the ticket of a check; `until` it is worth noting, on the monotonic clock."""

    check: Address
    said: str
    until: float


class Tracing:
    """Walks are asked for by `begin`; `attach` writes what they found into the tickets, once there are any."""

    def __init__(self, clock: Clock, pipeline: Pipeline, network: Network) -> None:
        self._clock, self._pipeline, self._network = clock, pipeline, network
        self._waiting: deque[tuple[Check, Reading]] = deque(maxlen=_MOST)
        self._walked: list[_Walked] = []
        self._known: dict[str, tuple[float, str]] = {}
        self._task: asyncio.Task[None] | None = None
        self._attaching = asyncio.Lock()
        self.wanted = True

    def begin(self, check: Check, reading: Reading) -> None:
        """Trouble of this check was confirmed by this reading."""
        if not self.wanted or reading.error_kind not in _ON_THE_WAY:
            return
        self._waiting.append((check, reading))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._walk_all(), name="tracing")

    async def attach(self) -> None:
        """Note what was found in the tickets that there are by now; to be called every few seconds."""
        async with self._attaching:
            found = tuple(self._walked)
            if found:
                left = await self._pipeline.change(lambda draft: self._noted(draft, found))
                self._walked = [*left, *self._walked[len(found) :]]

    async def idle(self) -> None:
        """Until nothing is on its way."""
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)

    async def aclose(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _walk_all(self) -> None:
        while self._waiting:
            check, reading = self._waiting.popleft()
            try:
                said = await self._walk(check, reading)
            except (LookupFailed, AddressRefused):
                continue
            if said:
                until = self._clock.monotonic() + _WAITS
                self._walked.append(_Walked((check.service, check.name), said, until))
        await self.attach()

    async def _walk(self, check: Check, reading: Reading) -> str:
        """What a walk to the target of a check says; one that was just made to the same address stands for it."""
        address = await self._address(check, reading)
        if address is None:
            return ""
        at, said = self._known.get(address, (float("-inf"), ""))
        if self._clock.monotonic() - at > _STANDS:
            said = "\n    ".join((f"way to {address}:", *await hops(address)))
            self._known[address] = self._clock.monotonic(), said
            while len(self._known) > _MOST:
                self._known.pop(next(iter(self._known)))
        return said

    async def _address(self, check: Check, reading: Reading) -> str | None:
        seen = reading.values.get("ip")
        if isinstance(seen, str) and literal(seen):
            return seen
        named = next(iter(hosts(check.spec)), None)
        return (await self._network.resolve(named, timeout=_RESOLVING))[0] if named else None

    def _noted(self, draft: Draft, found: tuple[_Walked, ...]) -> list[_Walked]:
        """Note on the draft what has a ticket, but nothing for what another stands for; what still waits for one."""
        now, left = self._clock.monotonic(), []
        for each in found:
            problem = draft.problems.get(each.check)
            if problem is None or problem.over is not None or each.until < now:
                continue
            if problem.incident is None:
                left.append(each)
                continue
            ticket = _own_ticket(draft, problem.incident, each.check)
            if ticket is not None:
                note(draft, ticket, self._clock.now(), HOPS, each.said)
        return left


def _own_ticket(draft: Draft, number: int, check: Address) -> int | None:
    """The ticket of an incident that is this check's own, or a storm's."""
    for incident in draft.incidents.values():
        if incident.id == number:
            own = (incident.service, incident.rule) == check or incident.rule.startswith(STORM)
            return incident.ticket if own else None
    return None
