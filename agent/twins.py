"""Two tickets of one key over there, where an answer was lost and the search lagged: ours stays, the twin is ended."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from agent.clock import Clock
from agent.memory import Draft
from agent.pipeline import Pipeline
from agent.remote_desk import RemoteDesk
from alerting.connectors.base import Outcome
from alerting.desk.ticket import TicketEvent
from alerting.messages import Observed, RemoteState
from alerting.outgoing import Outgoing, Standing, pause

_SECOND = 1_000_000
_ENDED = (RemoteState.CLOSED, RemoteState.GONE, RemoteState.MERGED, RemoteState.RESOLVED)


def twins_due(entry: Outgoing, now: int) -> bool:
    """Whether it is to be seen now whether there is a second ticket of its key."""
    stands = entry.state is Standing.DONE and entry.observed is not None
    return stands and entry.twins_at is not None and entry.twins_at <= now


async def end_twins(where: tuple[str, str], desk: RemoteDesk, pipeline: Pipeline, clock: Clock) -> None:
    """End every other open ticket of the key, each with a note; what fails is tried again."""
    entry = pipeline.world.outbox.get(where)
    if entry is None or entry.observed is None or not desk.ends_twins:
        return
    result, found = await desk.twins(entry.known)
    whole, ended = result.outcome is Outcome.OK, []
    for twin in found if whole else ():
        if not _is_twin(twin, entry):
            continue
        if (await desk.end_twin(twin, entry.observed)).outcome is Outcome.OK:
            ended.append(twin)
        else:
            whole = False
    await pipeline.change(lambda draft: _noted(draft, where, ended, clock.now(), whole=whole))


def _is_twin(other: Observed, entry: Outgoing) -> bool:
    assert entry.observed is not None
    ours = other.key == entry.known.key and other.id != entry.observed.id
    return ours and other.state not in _ENDED


def _noted(draft: Draft, where: tuple[str, str], ended: Sequence[Observed], now: int, *, whole: bool) -> None:
    entry = draft.outbox.get(where)
    if entry is None or entry.observed is None:
        return
    for twin in ended:
        text = (
            f"{twin.id} in {where[0]} was a second ticket of this: it is ended, {entry.observed.id} goes on"
        )
        draft.events.append(TicketEvent(entry.ticket, now, "tocsin", "twin", text))
        draft.tell("outbox.twin_ended", helpdesk=where[0], key=where[1], twin=twin.id, kept=entry.observed.id)
    later = now + int(pause(3, None, random.random()) * _SECOND)
    draft.outbox.put(where, replace(entry, twins_at=None if whole else later))
