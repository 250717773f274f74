"""When each check looks: one tick, a timing wheel, one run at a time per check, late runs skipped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import structlog

from agent.clock import Clock
from agent.resting import Resting
from agent.wheel import Wheel, next_due, phase
from config.models import Check

log = structlog.get_logger()
TICK = 0.25
_FIRST_ROUND = 10.0
_PER_GROUP = 4
_SPACING = 0.001
_SECOND = 1_000_000
# Runs one look to its end; True asks for a quick further look.
Run = Callable[[Check], Awaitable[bool]]
# Until when somebody has paused a check (microseconds UTC); None when nobody has.
PausedUntil = Callable[[Check, int], int | None]


@dataclass(slots=True)
class Lag:
    """How late looks began, in seconds: the latest tick's worst, and how many looks were skipped so far.

    `peak` is the worst of all ticks, and `beat` the longest time between two of them, since that was last asked.
    """

    worst: float = 0.0
    skipped: int = 0
    peak: float = 0.0
    beat: float = 0.0
    turned_at: float | None = None

    def noted(self, at: float) -> None:
        """A turn at that moment of the loop's own clock: where time is moved on, nobody was late for that."""
        since = at - self.turned_at if self.turned_at is not None else 0.0
        self.turned_at = at
        self.beat = max(self.beat, since)
        self.peak = max(self.peak, min(self.worst, since))

    def asked(self) -> tuple[float, float]:
        """`peak` and `beat`; from here on they begin anew."""
        seen, self.peak, self.beat = (self.peak, self.beat), 0.0, 0.0
        return seen


class Scheduler:
    """Releases what is due; knows nothing of what a look is, nor who pauses a check."""

    def __init__(self, clock: Clock, run: Run, paused_until: PausedUntil = lambda _check, _now: None) -> None:
        self._clock, self._run = clock, run
        self._wheel: Wheel[str] = Wheel(TICK)
        self._checks: dict[str, Check] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._resting, self._paused_until = Resting(), paused_until
        self.lag = Lag()
        self.ticked_at = clock.monotonic()

    def use(self, checks: Iterable[Check], renamed: Mapping[str, str] = MappingProxyType({})) -> None:
        """Schedule exactly these checks. Known ones with the same interval keep their appointment.

        A look under way goes on under the name that its check has now; that of one that is gone is cut off.
        """
        now = self._clock.monotonic()
        wanted = {check.address: check for check in checks}
        self._resting.use(wanted.values(), self._clock.now())
        for address in set(self._checks) - set(wanted):
            self._wheel.remove(address)
            self._hand_on(address, renamed.get(address))
        for address, check in wanted.items():
            known = self._checks.get(address)
            if known is None:
                self._wheel.put(address, now + _spread(check, wanted))
            elif known.every != check.every and address in self._wheel:
                self._wheel.put(address, next_due(address, check.every, now))
        self._checks = wanted

    def soon(self, address: str, seconds: float) -> None:
        """Let a check look so soon, when its own turn would come later."""
        check, now = self._checks.get(address), self._clock.monotonic()
        if check is not None and now + seconds < next_due(address, check.every, now):
            self._wheel.put(address, now + seconds)

    def rests(self, check: Check) -> bool:
        """Whether a check is not to be looked at now."""
        return self._rests_for(check) is not None

    async def at_once(self, address: str) -> None:
        """Let a check look now, whatever its turn, and wait for the end of it. A look that is under way ends first."""
        while (task := self._running.get(address)) is not None:
            await asyncio.wait([task])
        check = self._checks.get(address)
        if check is not None:
            task = self._running[address] = asyncio.create_task(self._look(check), name=address)
            await asyncio.wait([task])

    async def tick(self) -> None:
        """Release everything due by now, in small groups a moment apart, so that none waits for all others."""
        now = self._clock.monotonic()
        self.ticked_at = now
        due = self._wheel.turn(now)
        self.lag.worst = max((now - at for _, at in due), default=0.0)
        self.lag.noted(asyncio.get_running_loop().time())
        for number, (address, _) in enumerate(due, 1):
            self._release(address)
            if number % _PER_GROUP == 0:
                await asyncio.sleep(_SPACING)

    def _release(self, address: str) -> None:
        check = self._checks.get(address)
        if check is None:
            return
        now = self._clock.monotonic()
        due = next_due(address, check.every, now)
        closed_for = self._rests_for(check)
        if closed_for is not None:
            # Its turn comes with the opening: its own rhythm alone might never meet hours that are short.
            due = min(due, now + closed_for + _spread(check, self._checks))
        elif address in self._running:
            self.lag.skipped += 1
            log.warning("check.skipped", check=address, reason="the look before this one still runs")
        else:
            self._running[address] = asyncio.create_task(self._look(check), name=address)
        self._wheel.put(address, due)

    def _rests_for(self, check: Check) -> float | None:
        """Seconds for which a check is not to be looked at; None when it is."""
        now = self._clock.now()
        until = self._paused_until(check, now)
        return self._resting.turn_in(check.address, now) if until is None else (until - now) / _SECOND

    def _hand_on(self, address: str, heir: str | None) -> None:
        """What becomes of the look under way of a check that is no longer called that."""
        task = self._running.pop(address, None)
        if task is not None and heir is not None:
            task.set_name(heir)
            self._running[heir] = task
        elif task is not None:
            task.cancel()

    async def _look(self, check: Check) -> None:
        task, again = asyncio.current_task(), False
        assert task is not None  # this is one
        try:
            again = await self._run(check)
        finally:
            address = task.get_name()  # as it is called by now
            if self._running.get(address) is task:
                del self._running[address]
        current = self._checks.get(address)
        if again and current is not None:
            now = self._clock.monotonic()
            soon = now + current.retry_every
            if soon + TICK < next_due(address, current.every, now):
                self._wheel.put(address, soon)

    async def stop(self, grace: float) -> None:
        """Let running looks end, for at most `grace` seconds, then cut them off."""
        tasks = list(self._running.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def running(self) -> Mapping[str, asyncio.Task[None]]:
        return self._running


def _spread(check: Check, checks: Mapping[str, Check]) -> float:
    """How long a check waits in a first round, which is spread no wider than needed: a hundred checks a second."""
    share = min(1.0, len(checks) / 100 / _FIRST_ROUND)
    return phase(check.address, min(check.every, _FIRST_ROUND)) * share
