"""Our tickets against those of a helpdesk: every night each helpdesk once, and whenever a person asks."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from agent.check_ups import NoSuchDesk
from agent.clock import Clock
from agent.delivery import Delivery
from agent.memory import Draft
from agent.pipeline import Pipeline
from agent.remote_desk import RemoteDesk
from agent.store.outbox import known_there
from alerting.connectors.base import Outcome
from alerting.messages import Can, Observed, further
from alerting.outgoing import Outgoing, Standing, anew, doubted, seen, waits
from alerting.reconciling import Difference, Here, Sort, There, differences, to_read
from alerting.slo.figures import rfc3339
from checks.text import visible

log = structlog.get_logger()
TURN = 300.0
_SECOND = 1_000_000
_MOST_LISTED, _MOST_LOGGED, _LONGEST = 1000, 20, 300
_BEGINS, _WITHIN = time(1), 4 * 3600
_WAITS, _WAIT = 600, 1.0
_NO_LIST = "its tickets cannot be listed: only those that we know of are looked at"
_NO_READING = "its tickets can neither be listed nor read: nothing can be compared"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a helpdesk; `note` says what could not be, `complete` is False when it ended early."""

    there: There = field(default_factory=There)
    note: str = ""
    complete: bool = True


class Reconciler:
    """`turn` compares at night and reports; `compare` does so at once, and mends what a person wants mended."""

    def __init__(self, delivery: Delivery, pipeline: Pipeline, clock: Clock, zone: Callable[[], str]) -> None:
        self._delivery, self._pipeline, self._clock, self._zone = delivery, pipeline, clock, zone
        self._due: dict[str, int] = {}
        self._lock = asyncio.Lock()

    async def turn(self) -> None:
        """Whoever is due tonight, one after another."""
        agent = self._pipeline.rules.agent
        for name, desk in list(self._delivery.desks.items()):
            now = self._clock.now()
            due = self._due.setdefault(name, next_night(now, self._zone(), f"{agent} {name}"))
            if now < due:
                continue
            self._due[name] = next_night(now, self._zone(), f"{agent} {name}")
            if _comparable(desk) and name in self._delivery.desks:
                await self.compare(name, by="")

    async def compare(self, name: str, *, by: str, fix: bool = False) -> dict[str, Any]:
        """What differs, as a document; with `fix` what can be mended is. Raises NoSuchDesk."""
        desk = self._delivery.desks.get(name)
        if desk is None:
            raise NoSuchDesk(f"the running daemon knows no helpdesk {name[:63]}: `tocsin reload` first")
        async with self._lock:
            before = self._entries(name)
            looked = await self._look(desk)
            here = await self._here(desk, looked.there.listed)
            # What changed while we looked was seen neither before nor after: it is left to the next time.
            changed = {key for key, each in self._entries(name).items() if before.get(key) is not each}
            found = [each for each in differences(here, looked.there) if each.key not in changed]
            self._tell(name, found, looked)
            mended = [await self._mended(desk, each, by) if fix else None for each in found]
        told = [_document(each, done) for each, done in zip(found, mended, strict=True)]
        return {
            "helpdesk": name,
            "at": rfc3339(self._clock.now()),
            "ours": sum(_is_wanted_open(each) for each in self._entries(name).values()),
            "listed": len(looked.there.listed),
            "complete": looked.complete,
            "note": looked.note or None,
            "differences": told,
        }

    def _entries(self, name: str) -> dict[str, Outgoing]:
        return {each.key: each for each in self._pipeline.world.outbox.values() if each.helpdesk == name}

    async def _look(self, desk: RemoteDesk) -> _Seen:
        """The open ones there in one list, and those of ours that are not in it each by itself."""
        if not _comparable(desk):
            return _Seen(note=_NO_READING, complete=False)
        listed: Sequence[Observed] = ()
        if desk.lists:
            if not await self._may_call(desk, "list"):
                return _Seen(note=_cut_short(desk), complete=False)
            result, listed = await desk.ours(_MOST_LISTED)
            if result.outcome is not Outcome.OK:
                return _Seen(note=result.reason, complete=False)
        note = "" if desk.lists else _NO_LIST
        read: dict[str, Observed | None] = {}
        for entry in to_read(self._entries(desk.name).values(), listed) if Can.READ in desk.can else ():
            if not await self._may_call(desk, entry.key):
                return _Seen(There(listed, read), _cut_short(desk), complete=False)
            result = await desk.read(entry.known)
            if result.outcome is not Outcome.OK:
                return _Seen(There(listed, read), result.reason, complete=False)
            another = result.observed is not None and result.observed.key not in (None, entry.known.key)
            read[entry.key] = None if another else result.observed
        return _Seen(There(listed, read), note)

    async def _may_call(self, desk: RemoteDesk, key: str) -> bool:
        """Whether a call is within the limits, now or a little later."""
        for _ in range(_WAITS):
            if desk.may_call(key):
                return True
            if desk.paused:
                return False
            await self._clock.sleep(_WAIT)
        return False

    async def _here(self, desk: RemoteDesk, listed: Collection[Observed]) -> Here:
        keys, ids = {each.key for each in listed if each.key}, {each.id for each in listed}
        agent = self._pipeline.rules.agent
        stored = await self._pipeline.stored(
            lambda connection: known_there(connection, agent, desk.name, keys, ids)
        )
        entries = {each.key: each for each in stored} | self._entries(desk.name)
        return Here(list(entries.values()), set(self._pipeline.world.tickets))

    async def _mended(self, desk: RemoteDesk, each: Difference, by: str) -> str | None:
        """What was done about it; None where nothing can be, or should be."""
        if each.entry is None:
            return None
        if each.sort is Sort.TWIN:
            done = await self._ended(desk, each)
        elif each.sort is Sort.STATE and not _is_our_part(each):
            ids = (each.there.id,) if each.there is not None else ()
            found = self._delivery.look_soon(desk.name, ids)
            done = "what people did there is taken in" if found else None
        else:
            now = self._clock.now()
            done = await self._pipeline.change(lambda draft: mend(draft, each, now))
        if done is not None:
            log.info("reconcile.mended", helpdesk=desk.name, key=each.key, sort=each.sort, done=done, by=by)
        return done

    async def _ended(self, desk: RemoteDesk, each: Difference) -> str | None:
        kept = each.entry.observed if each.entry is not None else None
        if not desk.ends_twins or each.there is None or kept is None:
            return None
        if not await self._may_call(desk, each.key):
            return None
        result = await desk.end_twin(each.there, kept)
        return f"ended there, with a note that {kept.id} goes on" if result.outcome is Outcome.OK else None

    def _tell(self, name: str, found: Sequence[Difference], looked: _Seen) -> None:
        for each in found[:_MOST_LOGGED]:
            told = _document(each, None)
            log.warning(
                "reconcile.differs",
                helpdesk=name,
                reason=each.why,
                **{fact: told[fact] for fact in ("sort", "key", "ticket", "remote")},
            )
        counts = {"differences": len(found), "listed": len(looked.there.listed)}
        log.info(
            "reconcile.done", helpdesk=name, complete=looked.complete, reason=looked.note or None, **counts
        )


def mend(draft: Draft, difference: Difference, now: int) -> str | None:
    """Have delivery do what is lacking, on a draft; None where it changed meanwhile, or nothing can be done."""
    entry = difference.entry
    assert entry is not None
    where = (entry.helpdesk, entry.key)
    if draft.outbox.get(where) not in (None, entry):
        return None
    after = (
        _missing(entry, difference.there, now)
        if difference.sort is Sort.MISSING
        else _over(entry, difference, now)
    )
    if after is None:
        return None
    draft.outbox.put(where, after)
    return after.last_error


def _missing(entry: Outgoing, there: Observed | None, now: int) -> Outgoing | None:
    if there is not None:
        found = replace(seen(entry, there), sent_priority=there.priority or entry.desired.priority)
        return replace(waits(found, now, f"{there.id} takes its place"), attempts=0, changed_at=now)
    if entry.state is Standing.DOUBT:
        return None  # it may be there: a person is to look
    if entry.observed is None:  # nobody has seen that there is none: it is looked for first
        return doubted(entry, now, "it is tried again")
    again = replace(anew(entry, now), attempts=0, changed_at=now, version=entry.version + 1)
    return waits(again, now, "a new one is made there")


def _over(entry: Outgoing, difference: Difference, now: int) -> Outgoing | None:
    """An open one there whose ticket is over: it is ended, with a line that says why."""
    there = difference.there
    if there is None:
        return None
    text = f"{entry.desired.ticket} is over, and this one was left open"
    desired = further(replace(entry.desired, state="resolved"), entry.key, [(now, text)])
    after = replace(
        seen(replace(entry, desired=desired), there),
        version=entry.version + 1,
        attempts=0,
        changed_at=now,
        asked_state=None,
    )
    return waits(after, now, "it is ended there, with a note")


def next_night(now: int, zone: str, name: str) -> int:
    """When it is the turn of that name after `now`: each has a moment of its own, from one to five at night."""
    own = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) % _WITHIN
    today = datetime.fromtimestamp(now / _SECOND, ZoneInfo(zone)).date()
    for days in range(2):
        begins = datetime.combine(today + timedelta(days), _BEGINS, ZoneInfo(zone))
        at = round(begins.timestamp() + own) * _SECOND
        if at > now:
            break
    return at


def _is_wanted_open(entry: Outgoing) -> bool:
    return entry.desired.state == "open" and entry.state is not Standing.DROPPED


def _comparable(desk: RemoteDesk) -> bool:
    return desk.lists or Can.READ in desk.can


def _is_our_part(each: Difference) -> bool:
    """Whether it is to be over there, and never was: people have not opened it again."""
    entry, there = each.entry, each.there
    if entry is None or entry.observed is None or there is None or entry.desired.state == "open":
        return False
    return entry.observed.state is there.state


def _cut_short(desk: RemoteDesk) -> str:
    return desk.paused or "it takes no more calls at the moment"


def _document(each: Difference, mended: str | None) -> dict[str, Any]:
    return {
        "sort": each.sort.value,
        "key": visible(each.key, _LONGEST),
        "ticket": f"T-{each.entry.ticket}" if each.entry is not None else None,
        "remote": visible(each.there.id, _LONGEST) if each.there is not None else None,
        "url": visible(each.there.url, _LONGEST) if each.there is not None and each.there.url else None,
        "why": each.why,
        "mended": mended,
    }
