"""Outbox -> connector: lease, call, read back, back off; nothing is believed unseen, nothing is given up in silence."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Collection, Coroutine, Iterable, Mapping
from dataclasses import replace

import structlog
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from agent.changes import same
from agent.clock import Clock
from agent.courier import Courier, Where, is_due
from agent.memory import Draft
from agent.outbox import Word, follow_word
from agent.pipeline import Pipeline
from agent.postbox import Postbox
from agent.remote_desk import RemoteDesk
from agent.twins import end_twins, twins_due
from alerting.connectors.base import Below, ConnectorType, nothing_below
from alerting.messages import Can, RemoteState
from alerting.outgoing import Outgoing, Standing, interrupted, waits_out
from config.models import Config, Helpdesk

log = structlog.get_logger()
BEAT = 0.75
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
# However often it is asked for, a ticket is looked at no more often than every so many seconds.
_NOT_BEFORE = 5.0
# A call that has been under way for so long after its deadline is under way no more.
_STRANDED = 60 * _SECOND
_REASONS = ("retry", "permanent", "in_doubt", "broken", "no_effect")


class Delivery:
    """Calls run as tasks, one at a time for each ticket; `tick` starts what is due."""

    def __init__(
        self, config: Config, connectors: Mapping[str, ConnectorType], clock: Clock, pipeline: Pipeline
    ) -> None:
        self._connectors, self._clock, self._pipeline = connectors, clock, pipeline
        self._agent = config.agent.id
        self._made_of: Mapping[str, Helpdesk] = {}
        self.desks: dict[str, RemoteDesk] = {}
        self._tasks: dict[Where, asyncio.Task[None]] = {}
        self._old: list[RemoteDesk] = []
        self._polled: dict[Where, float] = {}
        self._soon: set[Where] = set()
        self._sent: Counter[str] = Counter()
        self._failed: Counter[tuple[str, str]] = Counter()
        self.below: Below = nothing_below
        self.postbox = Postbox(lambda: self.desks, pipeline, clock, self._tally)
        self.use(config)

    def use(self, config: Config) -> None:
        """Go on under a new configuration; a helpdesk whose options did not change keeps its connector."""
        before, after = self._made_of, config.helpdesks
        for name in [name for name in self.desks if not same(before[name], after.get(name))]:
            self._old.append(self.desks.pop(name))
        for name in after.keys() - self.desks.keys():
            self.desks[name] = self._desk(after[name])
        self._made_of = after

    async def start(self) -> None:
        """Calls that were under way when the daemon ended are in doubt."""
        await self.postbox.start()
        if not any(entry.state is Standing.LEASED for entry in self._outbox.values()):
            return

        def change(draft: Draft) -> None:
            now = self._clock.now()
            for entry in list(draft.outbox.values()):
                if entry.state is Standing.LEASED:
                    where = (entry.helpdesk, entry.key)
                    draft.outbox.put(where, interrupted(entry, now + self._lag(entry)))

        await self._pipeline.change(change)

    async def tick(self) -> None:
        """Start what is due; the oldest first, as much at once as each helpdesk takes."""
        if not self.desks or self._pipeline.degraded:
            return
        await self.postbox.tick()
        await self._wake()
        busy = Counter(name for name, _ in self._tasks)
        for entry in sorted(self._outbox.values(), key=lambda entry: entry.changed_at):
            where = (entry.helpdesk, entry.key)
            desk = self.desks.get(entry.helpdesk)
            if desk is None or where in self._tasks or busy[desk.name] >= desk.limits.at_once:
                continue
            now = self._clock.now()
            due, twins = is_due(entry, now), desk.ends_twins and twins_due(entry, now)
            if (due or twins or self._to_poll(entry, desk)) and desk.may_call(entry.key):
                busy[desk.name] += 1
                self._begin(where, self._call(where, desk, due=due, twins=twins))
        if len(self._polled) > len(self._outbox):
            self._polled = {where: at for where, at in self._polled.items() if where in self._outbox}
        while self._old and not self._tasks and not self.postbox.busy:
            await self._old.pop().aclose()

    async def settled(self) -> None:
        """Until no call is under way."""
        await self.postbox.settled()
        while self._tasks:
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def aclose(self, grace: float = 5.0) -> None:
        """Let calls that are under way end within `grace` seconds; the others are in doubt at the next start."""
        tasks = list(self._tasks.values())
        posting = asyncio.create_task(self.postbox.aclose(grace))
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, posting, return_exceptions=True)
        for desk in (*self.desks.values(), *self._old):
            await desk.aclose()

    async def follow(self, word: Word) -> int:
        """Do as a person says; how many entries it was for."""
        if word.drop is None:
            for desk in self.desks.values():
                desk.wake()
        found: int = await self._pipeline.change(lambda draft: follow_word(draft, word, self._clock.now()))
        return found

    def look_soon(self, helpdesk: str, ids: Collection[str], keys: Collection[str] = ()) -> int:
        """Have tickets over there looked at, by their ids or keys; how many of them are ours."""
        named, keyed = {*ids}, {*keys}
        mine = [each for each in self._outbox.values() if each.helpdesk == helpdesk]
        found = {
            (helpdesk, each.key)
            for each in mine
            if {each.key, each.known.key} & keyed or (each.observed is not None and each.observed.id in named)
        }
        self._soon = (self._soon | found) & self._outbox.keys()
        return len(found)

    @property
    def stalled_for(self) -> float:
        """Seconds that the oldest change has waited to be delivered.

        What waits for a person, or for a helpdesk that is configured no more, does not count.
        """
        asked = (e for e in self._outbox.values() if e.unsent and e.helpdesk in self.desks)
        waiting = [entry.changed_at for entry in asked if not entry.for_a_person]
        waiting += [notice.at for notice in self.postbox.waiting()]
        return max(0.0, (self._clock.now() - min(waiting)) / _SECOND) if waiting else 0.0

    @property
    def delivered(self) -> int:
        """A count that rises with each delivery."""
        versions = sum(entry.done_version for entry in self._outbox.values())
        return versions + self.postbox.delivered

    def gauges(self) -> Iterable[Metric]:
        """The metrics of the outbox; every helpdesk from 0."""
        sent = CounterMetricFamily("tocsin_notifications", "Changes delivered.", labels=["helpdesk"])
        failed = CounterMetricFamily(
            "tocsin_notifications_failed", "Tries that failed, by how.", labels=["helpdesk", "reason"]
        )
        for name in sorted(self.desks):
            sent.add_metric([name], float(self._sent[name]))
            for reason in _REASONS:
                failed.add_metric([name, reason], float(self._failed[name, reason]))
        unsent = [entry for entry in list(self._outbox.values()) if entry.unsent]
        notices = [notice for notice in list(self._pipeline.world.notices.values()) if notice.unsent]
        help_text = "Tickets with changes, and notices to people, that are not delivered."
        depth = GaugeMetricFamily("tocsin_outbox_depth", help_text)
        depth.add_metric([], float(len(unsent) + len(notices)))
        oldest = GaugeMetricFamily("tocsin_outbox_oldest_seconds", "Age of the oldest of these.")
        moments = [*(entry.changed_at for entry in unsent), *(notice.at for notice in notices)]
        since = min(moments, default=self._clock.now())
        oldest.add_metric([], max(0.0, (self._clock.now() - since) / _SECOND))
        waiting = GaugeMetricFamily("tocsin_outbox_parked", "Of these, those that wait for a person.")
        stuck = sum(notice.state is Standing.PARKED for notice in notices)
        waiting.add_metric([], float(sum(entry.for_a_person for entry in unsent) + stuck))
        yield from (sent, failed, depth, oldest, waiting)

    @property
    def _outbox(self) -> Mapping[Where, Outgoing]:
        return self._pipeline.world.outbox

    def _below(self, ticket: str, to: str) -> str:
        return self.below(ticket, to)

    def _desk(self, helpdesk: Helpdesk) -> RemoteDesk:
        return RemoteDesk(
            helpdesk, self._connectors[helpdesk.options.type], self._agent, self._clock, self._below
        )

    def _lag(self, entry: Outgoing) -> int:
        desk = self.desks.get(entry.helpdesk)
        return int(desk.lag * _SECOND) if desk is not None and entry.observed is None else 0

    def _tally(self, helpdesk: str, failure: str) -> None:
        if failure:
            self._failed[helpdesk, failure] += 1
        else:
            self._sent[helpdesk] += 1

    def _to_poll(self, entry: Outgoing, desk: RemoteDesk) -> bool:
        """Open tickets, and for a day those that are over, are looked at again and again."""
        seen_open = entry.observed is not None and entry.observed.state is RemoteState.OPEN
        fresh = self._clock.now() - entry.changed_at < _DAY
        where, now = (entry.helpdesk, entry.key), self._clock.monotonic()
        asked = where in self._soon
        stands = entry.state in (Standing.DONE, Standing.PARKED)
        if not stands or entry.observed is None or not (seen_open or fresh or asked):
            return False
        every = min(desk.options.poll_every, desk.limits.refresh or float("inf"))
        every = min(every, _NOT_BEFORE) if asked else every
        if now < self._polled.setdefault(where, now) + every:
            return False
        return Can.READ in desk.can or desk.limits.refresh is not None

    def _call(self, where: Where, desk: RemoteDesk, *, due: bool, twins: bool) -> Coroutine[None, None, None]:
        """What is to be done about a ticket: what is wanted comes first, then its twin, then a look."""
        courier = Courier(desk, self._pipeline, self._clock, self._tally)
        if due:
            return courier.deliver(where)
        if twins:
            return end_twins(where, desk, self._pipeline, self._clock)
        self._polled[where] = self._clock.monotonic()
        self._soon.discard(where)
        return courier.poll(where)

    async def _wake(self) -> None:
        """What waits for a helpdesk that is back is due at once; what nobody has in hand any more is in doubt."""
        back = {desk.name for desk in self.desks.values() if desk.is_back()}
        now = self._clock.now()
        stranded = [where for where, entry in self._outbox.items() if self._is_stranded(where, entry, now)]
        if not back and not stranded:
            return

        def change(draft: Draft) -> None:
            for entry in list(draft.outbox.values()):
                where = (entry.helpdesk, entry.key)
                if where in stranded and entry.state is Standing.LEASED:
                    draft.outbox.put(where, interrupted(entry, now + self._lag(entry)))
                elif entry.helpdesk in back and waits_out(entry, now):
                    draft.outbox.put(where, replace(entry, next_at=max(now, entry.lag_until or 0)))

        await self._pipeline.change(change)

    def _is_stranded(self, where: Where, entry: Outgoing, now: int) -> bool:
        leased = entry.state is Standing.LEASED and where not in self._tasks
        return leased and (entry.lease_until or 0) + _STRANDED < now

    def _begin(self, where: Where, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, name=f"deliver {where[1]}")
        self._tasks[where] = task
        task.add_done_callback(lambda _done: self._ended(where, task))

    def _ended(self, where: Where, task: asyncio.Task[None]) -> None:
        self._tasks.pop(where, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("delivery.failed", helpdesk=where[0], key=where[1], exc_info=task.exception())
