"""Past the store: while it cannot write, one declared channel hears at least once of that, and of each outage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric

from agent.clock import Clock
from agent.pipeline import Pipeline
from agent.remote_desk import RemoteDesk
from agent.store.trouble import Fault
from alerting.connectors.base import Outcome, Result
from alerting.emergency import as_it_is, of_incident, of_store, over
from alerting.incidents.incident import IncidentState
from alerting.messages import Can, Desired, Known, Observed
from alerting.outgoing import pause
from checks.base import Status
from config.models import AgentConfig

log = structlog.get_logger()
TURN = 1.0
# What passes within so many seconds, such as a lock, wakes nobody.
_PATIENCE = 30.0
_MOST = 200
_SECOND = 1_000_000
Desks = Callable[[], Mapping[str, RemoteDesk]]


@dataclass(frozen=True, slots=True)
class _Word:
    """What the channel is to be told of one thing, and what it knows. `due`: monotonic seconds of the next try."""

    desired: Desired
    told: Desired | None = None
    observed: Observed | None = None
    doubt: bool = False
    attempts: int = 0
    due: float = 0.0

    @property
    def unsent(self) -> bool:
        return self.told != self.desired

    @property
    def begun(self) -> bool:
        """Whether it may be known over there."""
        return self.told is not None or self.doubt


class Emergency:
    """Turned every second. What it has told is kept in memory alone: after a restart it may be told again."""

    def __init__(self, agent: AgentConfig, pipeline: Pipeline, desks: Desks, clock: Clock) -> None:
        self._agent, self._pipeline, self._desks, self._clock = agent, pipeline, desks, clock
        self._words: dict[str, _Word] = {}
        self._untold = False

    def use(self, agent: AgentConfig) -> None:
        """Go on under a new configuration."""
        self._agent = agent

    async def turn(self) -> None:
        """Say what is to be said, and send what is due."""
        self._follow()
        desk = self._desks().get(self._agent.emergency or "")
        if desk is None:
            self._words.clear()
            return
        now = self._clock.monotonic()
        due = [key for key, word in self._words.items() if word.unsent and word.due <= now]
        await asyncio.gather(*(self._send(desk, key) for key in due[: desk.limits.at_once]))
        if self._pipeline.trouble is None and not any(word.unsent for word in self._words.values()):
            self._words.clear()

    @property
    def unsent(self) -> int:
        """How many words wait to be sent."""
        return sum(word.unsent for word in self._words.values())

    def gauges(self) -> Iterator[Metric]:
        """What waits to be told past the store."""
        family = GaugeMetricFamily(
            "tocsin_emergency_unsent", "Words for the emergency channel that are not sent."
        )
        family.add_metric([], float(self.unsent))
        yield family

    def _follow(self) -> None:
        """What there is to be told by now."""
        trouble, ahead, now = self._pipeline.trouble, self._pipeline.ahead, self._clock.now()
        if trouble is None:
            self._untold = False
            self._words = {
                key: replace(
                    word, desired=over(word.desired, now, "the store writes again: tickets tell what lasts")
                )
                for key, word in self._words.items()
                if word.begun
            }
            return
        if (now - trouble.since) / _SECOND < _PATIENCE and trouble.fault is not Fault.REPLACED:
            return
        self._say(of_store(self._agent.id, trouble.since, trouble.reason))
        for incident in list(ahead.incidents.values()) if ahead is not None else ():
            first = of_incident(self._agent.id, incident)
            word = self._words.get(first.key)
            if word is not None:
                self._words[first.key] = replace(word, desired=as_it_is(word.desired, incident))
            elif incident.state is IncidentState.OPEN and incident.level is not Status.OK:
                self._say(first)

    def _say(self, desired: Desired) -> None:
        if desired.key in self._words:
            return
        if self._agent.emergency is None:
            if not self._untold:
                self._untold = True
                log.error(
                    "emergency.nobody_told", title=desired.title, reason="agent.emergency names no channel"
                )
            return
        if len(self._words) < _MOST:
            self._words[desired.key] = _Word(desired)

    async def _send(self, desk: RemoteDesk, key: str) -> None:
        word = self._words[key]
        if not desk.may_call(key):
            return
        known = Known(key, word.desired.opened_at, word.observed, None)
        if word.doubt and word.observed is None and Can.FIND in desk.can:
            seen = await desk.read(known)
            if seen.outcome is not Outcome.OK:
                self._words[key] = self._later(word, seen)
                return
            known = replace(known, observed=seen.observed)
        result = await desk.apply(word.desired, known)
        self._words[key] = self._after(self._words[key], word.desired, result, desk)

    def _after(self, word: _Word, sent: Desired, result: Result, desk: RemoteDesk) -> _Word:
        observed = result.observed or word.observed
        if result.outcome is Outcome.OK:
            log.info("emergency.told", helpdesk=desk.name, title=sent.title, state=sent.state)
            return replace(word, told=sent, observed=observed, doubt=False, attempts=0, due=0.0)
        log.error("emergency.not_told", helpdesk=desk.name, title=sent.title, reason=result.reason)
        if result.outcome is Outcome.PERMANENT:
            return replace(word, told=sent, observed=observed)
        return self._later(replace(word, observed=observed), result)

    def _later(self, word: _Word, result: Result) -> _Word:
        doubt = word.doubt or result.outcome is Outcome.IN_DOUBT
        attempts = word.attempts + 1
        due = self._clock.monotonic() + pause(attempts, result.after, 0.0)
        return replace(word, doubt=doubt, attempts=attempts, due=due)
