"""The daemon's vital signs: how its scheduler, store, outbox and loop have done, and which of them stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping

from agent.clock import Clock
from agent.forwarding import waiting_for_a_person
from agent.pipeline import Pipeline
from agent.scheduler import Scheduler
from agent.store.ballast import free
from checks.base import Scalar

_BEAT = 1.0
# The mark of being alive is stored every five seconds.
_MARKS = 15.0


class LoopWatch:
    """Wakes once a second, and sees by how much later that was: for so long nothing else ran either."""

    def __init__(self) -> None:
        self._worst = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(_BEAT, self._woke, loop.time() + _BEAT)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def asked(self) -> float:
        """Seconds; from here on it begins anew."""
        worst, self._worst = self._worst, 0.0
        return worst

    def _woke(self, due: float) -> None:
        self._worst = max(self._worst, asyncio.get_running_loop().time() - due)
        self.start()


class Vitals:
    """Asked by the daemon's own checks, part by part, and by who says outwards that all goes on.

    `waiting` gives the seconds that the oldest change has waited to be delivered; without helpdesks nothing waits.
    `delivered` gives a count that rises with each delivery.
    """

    def __init__(self, clock: Clock, pipeline: Pipeline, scheduler: Scheduler) -> None:
        self._clock, self._pipeline, self._scheduler = clock, pipeline, scheduler
        self.waiting: Callable[[], float] = lambda: 0.0
        self.delivered: Callable[[], int] = lambda: 0
        self._delivered_count, self._delivered_at = -1, clock.monotonic()
        self.unanswered: Callable[[], int] = lambda: 0
        self.backup_age: Callable[[], float] = lambda: 0.0
        self.loop = LoopWatch()
        self._asked: Mapping[str, Callable[[], Mapping[str, Scalar]]] = {
            "scheduler": self._of_scheduler,
            "store": self._of_store,
            "outbox": self._of_outbox,
            "loop": lambda: {"blocked": round(self.loop.asked(), 3)},
            "ping": lambda: {"unanswered": self.unanswered()},
        }

    def of(self, part: str) -> Mapping[str, Scalar]:
        """What a part tells of itself, by the names of the values of the kind `self`."""
        return self._asked[part]()

    def standing_still(self, patience: float) -> list[str]:
        """What has made no progress for so many seconds, in words; nothing when all goes on."""
        return list(self._still(patience))

    def _still(self, patience: float) -> Iterator[str]:
        store = self._pipeline
        if store.trouble is not None:
            yield f"the store cannot write: {store.trouble.reason}"
        if store.stalled_for > patience or store.silent_for > patience + _MARKS:
            yield f"nothing was stored for {store.silent_for:.0f}s"
        elif store.ended:
            yield "nothing is stored any more"
        late = self._clock.monotonic() - self._scheduler.ticked_at
        if late > patience:
            yield f"no check was started for {late:.0f}s"
        stuck = self._stuck_for()
        if stuck > patience:
            yield f"nothing was delivered for {stuck:.0f}s, though something waits"

    def _of_scheduler(self) -> Mapping[str, Scalar]:
        lag, beat = self._scheduler.lag.asked()
        return {"lag": round(lag, 3), "beat": round(beat, 3)}

    def _of_store(self) -> Mapping[str, Scalar]:
        store = self._pipeline
        return {
            "stalled": round(store.stalled_for, 3),
            "backlog": store.backlog,
            "free": free(store.directory),
            "backup_age": round(self.backup_age()),
        }

    def _of_outbox(self) -> Mapping[str, Scalar]:
        world = self._pipeline.world
        unsent = sum(entry.unsent for entry in world.outbox.values())
        unsent += sum(notice.unsent for notice in world.notices.values())
        parked = waiting_for_a_person(world, self._pipeline.rules)
        return {"unsent": unsent, "oldest": round(self.waiting(), 3), "parked": parked}

    def _stuck_for(self) -> float:
        """Seconds for which something has waited to be delivered and nothing was: many take their time, and go on."""
        now = self._clock.monotonic()
        delivered = self.delivered()
        if delivered != self._delivered_count:
            self._delivered_count, self._delivered_at = delivered, now
        return min(self.waiting(), now - self._delivered_at)
