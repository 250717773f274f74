"""The guard at the door: a look that failed on the way is not believed before somebody else has answered.

It stands between the looking and the pipeline, so that neither state nor uptime nor incidents ever see a failure
that is our own. References are asked only where a check leads out of this host.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric

from agent import troubles
from agent.clock import Clock
from agent.memory import Address, Draft
from agent.pipeline import Pipeline
from agent.references import References
from alerting.incidents import isolation
from alerting.incidents.isolation import Verdict
from checks.afar import hosts
from checks.base import LEVEL, Kind, Reading
from checks.resolver import literal
from checks.routes import is_here
from config.models import Check, Config

log = structlog.get_logger()
ASKING = 5.0
_ROUND, _ROUND_WITHOUT_ANSWER = 300.0, 30.0
# Seconds for which an answer is good, and in which none is asked for twice. That all is well may be over the next
# moment: it must have come after a look began that failed. While it is not, we ask anyway.
_FINE, _ISOLATED = 1.0, 3 * ASKING


class Distance(StrEnum):
    """Whose answer it is: a neighbour's on our own link proves less than one from beyond the gateway."""

    NEAR = "near"
    FAR = "far"


@dataclass(slots=True)
class _Isolation:
    """The time of being isolated, under way: since when (microseconds UTC), and the checks that failed meanwhile."""

    since: int
    verdict: Verdict | None = None
    affected: dict[Address, None] = field(default_factory=dict)


class Guard:
    """Knows whether we are isolated; asks when it matters, one question at a time whose answer all share."""

    def __init__(
        self, directory: Path, config: Config, clock: Clock, pipeline: Pipeline, kinds: Mapping[str, Kind]
    ) -> None:
        self._clock, self._pipeline = clock, pipeline
        self._references = References(directory, config.agent.references, clock, kinds)
        self._leads_to: dict[Address, tuple[str, ...]] = {}
        self._heard = {Distance.NEAR: float("-inf"), Distance.FAR: float("-inf")}
        self._far_begun = float("-inf")
        self._isolation: _Isolation | None = None
        self._last: tuple[float, Verdict] | None = None
        self._next_round = float("-inf")
        self._asking: asyncio.Task[Verdict] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self.use(config)

    def use(self, config: Config) -> None:
        """Follow a configuration; best on a thread, for it asks the system of each target."""
        self._quorum = config.agent.references.quorum
        self._references.use(config.agent.references)
        self._next_round = float("-inf")
        leading = {(check.service, check.name): hosts(check.spec) for check in config.checks()}
        self._leads_to = {name: found for name, found in leading.items() if not all(map(is_here, found))}

    async def begin(self) -> None:
        """After a start: an isolation that was under way goes on, until the references say otherwise."""
        known = self._pipeline.world.problems.get((isolation.SERVICE, isolation.RULE))
        if known is not None and known.over is None:
            self._isolation = _Isolation(known.since)
        await self.watch()

    async def watch(self) -> None:
        """To be called every few seconds: asks in the background, when it is time to."""
        if not self._leads_to and self._isolation is None:
            return
        if self._isolation is not None or self._clock.monotonic() >= self._next_round:
            self._ask(everybody=self._isolation is None)

    async def passed(self, check: Check, reading: Reading) -> Reading:
        """The reading as it may be believed: unknown where it is our own network that failed."""
        address = (check.service, check.name)
        leads_to = self._leads_to.get(address)
        if leads_to is None:
            return reading
        if not isolation.failed_on_the_way(reading):
            if isolation.was_answered(reading):
                self._hear(reading, leads_to)
            return reading
        if not self._matters(address, reading) or all(map(is_here, leads_to)):
            return reading
        if self._answered_lately(reading, leads_to):
            return reading
        verdict = await self._verdict(reading)
        if verdict is None or not verdict.isolated:
            return reading
        self._note(address, verdict)
        return isolation.unseen(reading, verdict)

    def leads_out(self, check: Check) -> bool:
        """Whether its looks leave this host."""
        return (check.service, check.name) in self._leads_to

    async def idle(self) -> None:
        """Until nothing is asked and all that came of it is on the disk."""
        while self._tasks or self._asking is not None:
            await asyncio.gather(*self._tasks, *filter(None, [self._asking]), return_exceptions=True)

    async def aclose(self) -> None:
        under_way = [*self._tasks, *filter(None, [self._asking])]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self._references.aclose()

    def gauges(self) -> Iterator[Metric]:
        isolated = GaugeMetricFamily("tocsin_isolated", "1 while this monitor's own network is gone.")
        isolated.add_metric([], float(self._isolation is not None))
        yield isolated
        answers = GaugeMetricFamily(
            "tocsin_reference_answers",
            "1 when a reference that is known to answer did so when it was asked last.",
            labels=["reference"],
        )
        if self._last is not None:
            asked = self._last[1].asked
            for name in asked.answered:
                answers.add_metric([name], 1.0)
            for name in asked.silent:
                if name in self._references.answering:
                    answers.add_metric([name], 0.0)
        yield answers

    def _matters(self, address: Address, reading: Reading) -> bool:
        """Whether it could begin or worsen trouble; what is down already is down whoever is isolated later."""
        return (
            self._isolation is not None or LEVEL[reading.status] > self._pipeline.memory(address).state.level
        )

    def _hear(self, reading: Reading, leads_to: tuple[str, ...]) -> None:
        """An answer has just come; one of this host, under a name that leads to it, proves nothing."""
        seen = reading.values.get("ip")
        if is_here(seen if isinstance(seen, str) else leads_to[0]):
            return
        now, distance = self._clock.monotonic(), self._distance(reading, leads_to)
        self._heard[distance] = now
        if distance is Distance.FAR:
            self._far_begun = now - reading.took
            if self._isolation is not None and self._last is not None and self._far_begun > self._last[0]:
                self._ask(everybody=True, contradicted=True)

    def _answered_lately(self, reading: Reading, leads_to: tuple[str, ...]) -> bool:
        """Whether another target, as far away or farther, answered just now, and after the look began."""
        near = self._distance(reading, leads_to) is Distance.NEAR
        return self._is_fresh(self._heard[Distance.FAR], reading) or (
            near and self._is_fresh(self._heard[Distance.NEAR], reading)
        )

    def _is_fresh(self, at: float, reading: Reading) -> bool:
        """Whether an answer of that moment tells that the network worked while a look failed."""
        now = self._clock.monotonic()
        took = min(reading.took, max(0.0, (self._clock.now() - reading.at) / 1_000_000))
        return at > now - took and now - at <= _FINE

    def _distance(self, reading: Reading, leads_to: tuple[str, ...]) -> Distance:
        seen = reading.values.get("ip")
        address = literal(seen if isinstance(seen, str) else leads_to[0])
        near = address is not None and self._references.is_near(address)
        return Distance.NEAR if near else Distance.FAR

    async def _verdict(self, reading: Reading) -> Verdict | None:
        """The latest verdict where it is young enough, else a new one; None when the asking itself failed."""
        if self._last is not None:
            at, verdict = self._last
            age = self._clock.monotonic() - at
            if (verdict.isolated and age <= _ISOLATED) or self._is_fresh(at, reading):
                return verdict
            if age < _FINE:
                await asyncio.sleep(_FINE - age)
        try:
            return await asyncio.shield(self._ask(since=reading.at))
        except Exception:
            return None  # `_answered` has told of it; a fault of ours must not keep trouble from being told

    def _ask(
        self, *, everybody: bool = False, contradicted: bool = False, since: int | None = None
    ) -> asyncio.Task[Verdict]:
        """The question under way, or a new one."""
        if self._asking is None:
            question = self._asked(everybody, contradicted, since or self._clock.now())
            self._asking = asyncio.create_task(question, name="references")
            self._asking.add_done_callback(self._answered)
        return self._asking

    def _answered(self, task: asyncio.Task[Verdict]) -> None:
        self._asking = None
        if not task.cancelled() and task.exception() is not None:
            log.error("references.not_asked", reason=repr(task.exception())[:200])

    async def _asked(self, everybody: bool, contradicted: bool, since: int) -> Verdict:
        """Ask, and take the verdict to heart. Who stays silent while the network works has no vote any more."""
        references = self._references
        await references.refresh()
        began = self._clock.monotonic()
        asked = await references.ask(everybody=everybody)
        if contradicted or self._far_begun > began:
            await references.trust(asked, asked.silent)
        verdict = isolation.judged(asked, references.answering, self._quorum)
        await references.trust(asked)
        self._last = (self._clock.monotonic(), verdict)
        if everybody:
            wait = _ROUND if references.answering & set(asked.answered) else _ROUND_WITHOUT_ANSWER
            self._next_round = self._clock.monotonic() + wait
        self._settle(verdict, since)
        return verdict

    def _settle(self, verdict: Verdict, since: int) -> None:
        """Begin or end being isolated."""
        now = self._clock.now()
        if verdict.isolated and self._isolation is None:
            self._isolation = _Isolation(since, verdict)
            self._store(lambda draft: _begin(draft, verdict, since, now))
        elif verdict.isolated and self._isolation is not None:
            self._isolation.verdict = verdict
        elif self._isolation is not None:
            ended, self._isolation = self._isolation, None
            self._store(lambda draft: _end(draft, verdict, ended, now))

    def _note(self, address: Address, verdict: Verdict) -> None:
        """Record what the references decided of a check: once, not for each reading."""
        isolated = self._isolation
        if isolated is None or address in isolated.affected:
            return
        isolated.affected[address] = None
        names, now = [".".join(each) for each in isolated.affected], self._clock.now()

        def noted(draft: Draft) -> None:
            reason = f"a failed look says nothing of the target: {verdict.reason}"
            draft.decisions.append(isolation.decision(verdict, address, now, reason))
            known = draft.problems.get((isolation.SERVICE, isolation.RULE))
            if known is not None and known.over is None:
                troubles.began(draft, isolation.problem(verdict, isolated.since, now, names))

        self._store(noted)

    def _store(self, change: Any) -> None:
        self._aside(self._pipeline.change(change))

    def _aside(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _begin(draft: Draft, verdict: Verdict, since: int, now: int) -> None:
    troubles.began(draft, isolation.problem(verdict, since, now, ()))
    draft.tell("monitor.isolated", reason=verdict.reason, **verdict.facts)


def _end(draft: Draft, verdict: Verdict, ended: _Isolation, now: int) -> None:
    key = (isolation.SERVICE, isolation.RULE)
    affected = [".".join(each) for each in ended.affected]
    seconds = round((now - ended.since) / 1_000_000, 3)
    said = f"the way is back: {verdict.reason}"
    draft.decisions.append(isolation.decision(verdict, key, now, said, affected=affected, seconds=seconds))
    troubles.ended(draft, key, now, now, said)
    draft.tell("monitor.connected", reason=verdict.reason, seconds=seconds, affected=len(affected))
