"""The dead-man ping: an address outside is asked for while all parts go on, so that its silence is the alarm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from agent.clock import Clock
from agent.runner import Runner
from checks.base import Observation
from checks.masking import masked
from config.models import AgentConfig
from config.secrets import Secret, SecretError

log = structlog.get_logger()
TURN = 0.9
_PATIENCE = 30.0
_TIMEOUT = 10.0
_WELL = range(200, 300)
Still = Callable[[float], list[str]]


@dataclass(frozen=True, slots=True)
class Pinging:
    """When the next ping is due (monotonic seconds), and what stood still when the last one was to be sent."""

    due: float
    held: tuple[str, ...] = ()


def patience(every: float) -> float:
    """How long a part may stand still: so short that no second ping is sent meanwhile."""
    return min(every, _PATIENCE)


def decided(pinging: Pinging, still: list[str], now: float, every: float) -> tuple[Pinging, bool]:
    """What comes next, and whether to ping now: when one is due, and nothing stands `still`.

    What was held back is sent as soon as all goes on again, so that who waits hears of it at once.
    """
    if now < pinging.due:
        return pinging, False
    if still:
        return Pinging(pinging.due, tuple(still)), False
    return Pinging(now + every), True


class DeadMan:
    """Pings in its turns. `still` tells what has made no progress for so many seconds."""

    def __init__(self, agent: AgentConfig, clock: Clock, runner: Runner, still: Still) -> None:
        self._agent, self._clock, self._runner, self._still = agent, clock, runner, still
        self._pinging = Pinging(clock.monotonic())
        self._counts = {"answered": 0, "unanswered": 0}
        self.unanswered = 0

    def use(self, agent: AgentConfig) -> None:
        """Go on under a new configuration."""
        if agent.heartbeat_every != self._agent.heartbeat_every:
            self._pinging = Pinging(self._clock.monotonic(), self._pinging.held)
        self._agent = agent

    async def turn(self) -> None:
        """Ping, if that is due and true."""
        url, every, now = self._agent.heartbeat_url, self._agent.heartbeat_every, self._clock.monotonic()
        if url is None or now < self._pinging.due:
            return
        before = self._pinging.held
        self._pinging, ping = decided(self._pinging, self._still(patience(every)), now, every)
        self._tell(before, self._pinging.held)
        if ping:
            self._note(await self._sent(url, min(every, _TIMEOUT)))

    def gauges(self) -> Iterator[Metric]:
        """Pings by what came of them, and whether they are held back."""
        pings = CounterMetricFamily(
            "tocsin_deadman_pings", "Dead-man pings by what came of them.", labels=["outcome"]
        )
        for outcome, count in self._counts.items():
            pings.add_metric([outcome], count)
        held = GaugeMetricFamily(
            "tocsin_deadman_held_back", "1 while the dead-man ping is held back, for something stands still."
        )
        held.add_metric([], float(bool(self._pinging.held)))
        yield from (pings, held)

    async def _sent(self, url: Secret, seconds: float) -> str | None:
        """Why nobody heard it; None when somebody did."""
        try:
            address = url.reveal()
        except SecretError as error:
            return str(error)
        return _unheard(await self._runner.ask(address, seconds))

    def _note(self, failure: str | None) -> None:
        """A failure is told once, and when it is over."""
        self._counts["answered" if failure is None else "unanswered"] += 1
        if failure is not None and not self.unanswered:
            log.error("deadman.unanswered", reason=masked(failure))
        elif failure is None and self.unanswered:
            log.info("deadman.answered_again", after=self.unanswered)
        self.unanswered = 0 if failure is None else self.unanswered + 1

    def _tell(self, before: tuple[str, ...], after: tuple[str, ...]) -> None:
        if after and not before:
            log.error("deadman.held_back", reasons=list(after))
        elif before and not after:
            log.info("deadman.goes_on")


def _unheard(seen: Observation) -> str | None:
    if seen.blind is not None or seen.failure is not None:
        return seen.blind or seen.failure
    status = seen.values.get("status")
    return None if status in _WELL else f"status {status}"
