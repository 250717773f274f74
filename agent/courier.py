"""One remote ticket, delivered step by step: lease on the disk, call, read back, and what came of it on the disk."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.clock import Clock
from agent.feedback import Policy, taken_in
from agent.forwarding import sent_again
from agent.memory import Draft
from agent.pipeline import Pipeline
from agent.remote_desk import RemoteDesk
from alerting.connectors.base import Outcome, Result
from alerting.messages import Can, Observed, RemoteState, Todo, todo
from alerting.outgoing import (
    Outgoing,
    Standing,
    anew,
    delivered,
    doubted,
    lacking,
    leased,
    parked,
    pause,
    perhaps_done,
    seen,
    waits,
)

_SECOND = 1_000_000
_STEPS = 6
_NO_EFFECT = "no_effect"
# A search may lag for longer than its vendor says; a twin that is looked for late does little harm.
_TWIN_LAGS, _TWINS_AFTER = 4, 300 * _SECOND
Where = tuple[str, str]  # helpdesk, key
# Counts what came of a call for a helpdesk: how it failed, empty when it did not.
Tally = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class _Try:
    """A call: the entry as it was sent, what was to be done, what the helpdesk said, and what was read after it."""

    entry: Outgoing
    work: Todo
    result: Result
    back: Result


class Courier:
    """Delivers for one helpdesk. All that it decides goes through the pipeline."""

    def __init__(self, desk: RemoteDesk, pipeline: Pipeline, clock: Clock, tally: Tally) -> None:
        self._desk, self._pipeline, self._clock, self._tally = desk, pipeline, clock, tally
        self._policy = Policy(desk.options, desk.can)

    async def deliver(self, where: Where) -> None:
        """What is due, and what becomes due by it; the first call is within the limits already."""
        for step in range(_STEPS):
            entry = self._pipeline.world.outbox.get(where)
            if entry is None or not is_due(entry, self._clock.now()):
                return
            if step and not self._desk.may_call(entry.key):
                return
            await (self._settle(where, entry) if entry.state is Standing.DOUBT else self._send(where))

    async def poll(self, where: Where) -> None:
        """See how a ticket stands that nothing is to be done about; where it would end by itself, say it again."""
        entry = self._pipeline.world.outbox[where]
        again = self._desk.limits.refresh is not None and entry.state is Standing.DONE
        if again and entry.desired.state == "open":
            result = await self._desk.apply(entry.desired, entry.known)
        else:
            result = await self._desk.read(entry.known)
        if result.outcome is not Outcome.OK:
            self._tally(self._desk.name, result.outcome.value)
            return
        observed = result.observed
        if observed is not None and not self._is_another(entry, observed) and observed != entry.observed:
            await self._pipeline.change(lambda draft: self._polled(draft, where, entry, observed))

    def _polled(self, draft: Draft, where: Where, looked_at: Outgoing, observed: Observed) -> None:
        """What was read may be older than what was done meanwhile: then it is of no use."""
        if draft.outbox.get(where) == looked_at:
            now = self._clock.now()
            draft.outbox.put(where, taken_in(draft, looked_at, (observed, Todo()), self._policy, now))

    async def _send(self, where: Where) -> None:
        begun = await self._pipeline.change(lambda draft: self._begun(draft, where))
        if begun is None:
            return
        entry, work = begun
        result = await self._desk.apply(entry.desired, entry.known)
        tried = _Try(entry, work, result, await self._read_back(entry, result))
        await self._pipeline.change(lambda draft: self._ended(draft, where, tried))

    def _begun(self, draft: Draft, where: Where) -> tuple[Outgoing, Todo] | None:
        """The entry, leased, and what is to be done; None when nothing is."""
        now, entry = self._clock.now(), draft.outbox.get(where)
        if entry is None or entry.state is not Standing.WAITING or not is_due(entry, now):
            return None
        if self._over_before(entry):
            draft.tell("outbox.not_sent", helpdesk=where[0], key=where[1], reason="deliver_resolved: none")
            over = replace(
                delivered(entry, Todo(), entry.version, now), last_error="over before it was delivered"
            )
            draft.outbox.put(where, over)
            return None
        entry = anew(entry, now) if self._is_final(entry) else entry
        work = todo(entry.desired, entry.known, self._desk.can)
        if not work:
            draft.outbox.put(where, delivered(entry, work, entry.version, now))
            return None
        entry = leased(entry, work, now, self._desk.limits.deadline)
        draft.outbox.put(where, entry)
        return entry, work

    def _over_before(self, entry: Outgoing) -> bool:
        """Whether it ended before anybody over there heard of it, and nobody wants to."""
        lost = entry.lag_until is not None or (self._desk.ends_twins and entry.twins_at is not None)
        unheard = entry.observed is None and not entry.epoch and not lost
        return unheard and entry.desired.state == "resolved" and self._desk.options.deliver_resolved == "none"

    def _is_final(self, entry: Outgoing) -> bool:
        """Whether the ticket there can never be opened again, and is to be open."""
        if entry.observed is None or entry.desired.state != "open":
            return False
        state = entry.observed.state
        closed = state is RemoteState.RESOLVED and Can.REOPEN not in self._desk.can
        return closed or state in (RemoteState.CLOSED, RemoteState.GONE)

    async def _read_back(self, entry: Outgoing, result: Result) -> Result:
        """What is there after the call: a 2xx is not belief; and a refusal may be because a person was quicker."""
        there = result.observed or entry.observed
        refused = result.outcome is Outcome.PERMANENT and entry.observed is not None
        if Can.READ not in self._desk.can or there is None or not (refused or result.outcome is Outcome.OK):
            return replace(result, observed=there)
        return await self._desk.read(replace(entry.known, observed=there))

    def _ended(self, draft: Draft, where: Where, tried: _Try) -> None:
        entry = draft.outbox.get(where)
        if entry is None:
            return
        if entry.state is Standing.DROPPED:
            draft.outbox.put(where, seen(entry, tried.result.observed or entry.observed))
            return
        after = self._judged(draft, entry, tried)
        self._tell(draft, after, tried)
        draft.outbox.put(where, after)

    def _judged(self, draft: Draft, entry: Outgoing, tried: _Try) -> Outgoing:
        result, later = tried.result, self._later(entry, tried.result.after)
        if tried.back.outcome is Outcome.OK:
            done = result.outcome is Outcome.OK
            return self._believed(draft, entry, tried, later) if done else self._refused(draft, entry, tried)
        part = entry
        if result.observed is not None:
            part = taken_in(draft, entry, (result.observed, tried.work), self._policy, self._clock.now())
        if part.state is not entry.state:
            return part  # a person had ended it, and that is followed
        match result.outcome:
            case Outcome.OK:
                return doubted(part, later, tried.back.reason)
            case Outcome.PERMANENT:
                return parked(part, result.reason)
            case Outcome.IN_DOUBT:
                # What was sent may arrive over there later than we gave up waiting.
                return self._lost(part, later, result.reason)
            case _:
                to_be_seen = part.observed is None and part.twins_at is not None
                return (doubted if to_be_seen else waits)(part, later, result.reason)

    def _refused(self, draft: Draft, entry: Outgoing, tried: _Try) -> Outgoing:
        """It is refused, perhaps because a person was quicker: then what is left to do is another thing."""
        theirs, before, now = tried.back.observed, entry.observed, self._clock.now()
        if theirs is None or before is None:
            return parked(entry, tried.result.reason)
        quicker = theirs.state is not before.state
        after = taken_in(draft, entry, (theirs, Todo() if quicker else tried.work), self._policy, now)
        if after.state is not entry.state:
            return after
        return waits(after, now, tried.result.reason) if quicker else parked(after, tried.result.reason)

    def _believed(self, draft: Draft, entry: Outgoing, tried: _Try, later: int) -> Outgoing:
        """It was accepted; whether it was done is what was read back."""
        observed, now = tried.back.observed, self._clock.now()
        if observed is None or (tried.work.create and observed.state is RemoteState.GONE):
            self._tally(self._desk.name, _NO_EFFECT)
            return self._lost(seen(entry, None), later, "accepted without effect: there is no such ticket")
        if self._is_another(entry, observed):
            return parked(entry, f"the helpdesk shows another ticket: {observed.id}")
        if missing := lacking(tried.work, observed, self._desk.can):
            self._tally(self._desk.name, _NO_EFFECT)
            after = taken_in(draft, entry, (observed, tried.work), self._policy, now)
            followed = after.state is not entry.state
            return after if followed else waits(after, later, f"accepted without effect: {missing}")
        self._tally(self._desk.name, "")
        done = delivered(entry, tried.work, tried.entry.version, now)
        if tried.work.create and done.twins_at is not None:
            done = replace(done, twins_at=now + max(_TWIN_LAGS * self._lag, _TWINS_AFTER))
        return taken_in(draft, done, (observed, tried.work), self._policy, now)

    async def _settle(self, where: Where, entry: Outgoing) -> None:
        """Whether what may have been done was done; never a second create before that is known."""
        way = Can.FIND if entry.observed is None else Can.READ
        if way not in self._desk.can:
            await self._pipeline.change(lambda draft: self._unknowable(draft, where))
            return
        result = await self._desk.read(entry.known)
        await self._pipeline.change(lambda draft: self._settled(draft, where, result))

    def _unknowable(self, draft: Draft, where: Where) -> None:
        entry = draft.outbox.get(where)
        if entry is None or entry.state is not Standing.DOUBT:
            return
        now, reason = self._clock.now(), entry.last_error or ""
        none_lost = entry.observed is not None or entry.lag_until is None
        if none_lost or Can.DEDUPE in self._desk.can:
            draft.outbox.put(where, waits(perhaps_done(entry), now, reason))
            return
        again = sent_again(draft, self._pipeline.rules, entry, now)
        if again is not None:
            draft.tell("outbox.sent_again", helpdesk=where[0], key=where[1], reason=reason)
            draft.outbox.put(where, again)
            return
        draft.tell("outbox.needs_a_person", helpdesk=where[0], key=where[1], reason=reason)
        remedy = "look there whether it was created, then `tocsin outbox retry` or `drop`"
        draft.outbox.put(where, doubted(entry, None, f"{reason}: {remedy}"))

    def _settled(self, draft: Draft, where: Where, result: Result) -> None:
        entry = draft.outbox.get(where)
        if entry is None or entry.state is not Standing.DOUBT:
            return
        now, observed = self._clock.now(), result.observed
        if result.outcome is not Outcome.OK:
            self._tally(self._desk.name, result.outcome.value)
            again = replace(entry, attempts=entry.attempts + 1)
            after = doubted(again, self._later(again, result.after), result.reason)
        elif observed is None or self._is_another(entry, observed):
            after = self._not_there(entry, now)
        else:
            set_there = entry.sent_priority or observed.priority or entry.desired.priority
            asked = Todo(state=entry.asked_state)
            found = taken_in(draft, entry, (observed, asked), self._policy, now)
            found = replace(found, sent_priority=set_there)
            after = waits(found, now, "it is there") if found.state is Standing.DOUBT else found
        draft.tell("outbox.doubt_settled", helpdesk=where[0], key=where[1], reason=after.last_error)
        draft.outbox.put(where, after)

    def _lost(self, entry: Outgoing, later: int, reason: str) -> Outgoing:
        """In doubt; what was created is not found before the helpdesk's lag is over."""
        found_from = self._clock.now() + self._lag
        if entry.observed is None:
            entry = replace(entry, lag_until=found_from)
        return doubted(entry, max(found_from, later), reason)

    def _not_there(self, entry: Outgoing, now: int) -> Outgoing:
        """It is made (again) once it would have been found; that it comes late all the same is looked at after that."""
        if entry.observed is None and entry.lag_until is not None:
            if now < entry.lag_until:
                return doubted(entry, entry.lag_until, "it is not there yet")
            entry = replace(entry, lag_until=None, twins_at=now + self._lag)
        return waits(entry, now, "it is not there")

    @property
    def _lag(self) -> int:
        return int(self._desk.lag * _SECOND)

    def _is_another(self, entry: Outgoing, observed: Observed) -> bool:
        """Whether what was shown is not ours: it carries another key."""
        return observed.key is not None and observed.key != entry.known.key

    def _later(self, entry: Outgoing, asked: float | None) -> int:
        return self._clock.now() + int(pause(entry.attempts, asked, random.random()) * _SECOND)

    def _tell(self, draft: Draft, after: Outgoing, tried: _Try) -> None:
        facts = {"helpdesk": after.helpdesk, "key": after.key, "ticket": f"T-{after.ticket}"}
        if tried.result.outcome is not Outcome.OK:
            self._tally(self._desk.name, tried.result.outcome.value)
        if after.last_error is None:
            draft.tell("outbox.delivered", **facts, remote=after.observed and after.observed.id)
        else:
            draft.tell(f"outbox.{after.state}", **facts, attempts=after.attempts, reason=after.last_error)


def is_due(entry: Outgoing, now: int) -> bool:
    """Whether it is this entry's turn."""
    waiting = entry.state in (Standing.WAITING, Standing.DOUBT)
    return waiting and entry.next_at is not None and entry.next_at <= now
