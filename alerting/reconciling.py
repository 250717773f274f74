"""What is here against what is there: tickets of one helpdesk that are missing, orphaned, double or stand otherwise.

Pure: delivery and people decide what becomes of a difference.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from alerting.messages import Observed, RemoteState, carried_key
from alerting.outgoing import Outgoing, Standing

_OVER = (RemoteState.RESOLVED, RemoteState.CLOSED)


class Sort(StrEnum):
    """`MISSING`: ours has none there. `STATE`: it stands otherwise there than here. `ORPHAN`: open there, and here it
    is over and done with. `TWIN`: one of ours has another one there. `STRANGER`: it carries a key that was never made
    here, so it is nobody's business but its maker's.
    """

    MISSING = "missing"
    STATE = "state"
    ORPHAN = "orphan"
    TWIN = "twin"
    STRANGER = "stranger"


@dataclass(frozen=True, slots=True)
class Difference:
    """`key` is our own, of a stranger the one that it carries; `why` is for people. `entry` is None for a stranger.

    `there` is the remote ticket that is meant; of a missing one it is the one that could take its place.
    """

    sort: Sort
    key: str
    why: str
    entry: Outgoing | None = None
    there: Observed | None = None


@dataclass(frozen=True, slots=True)
class Here:
    """Our side of one helpdesk: `entries` are all that may be meant, `tickets` the numbers that are remembered."""

    entries: Collection[Outgoing]
    tickets: Collection[int]


@dataclass(frozen=True, slots=True)
class There:
    """What was seen there: `listed` are open tickets with a key, the `read` ones were looked at by our key each.

    Read as None: there is no such ticket.
    """

    listed: Collection[Observed] = ()
    read: Mapping[str, Observed | None] = field(default_factory=dict)


def to_read(entries: Iterable[Outgoing], listed: Iterable[Observed]) -> list[Outgoing]:
    """Those that are to be open there and are not in the list: it may be old or cut off, so each is looked at."""
    ids = {each.id for each in listed}
    return [entry for entry in entries if _is_to_be_open(entry) and entry.observed.id not in ids]  # type: ignore[union-attr]


def differences(here: Here, there: There) -> list[Difference]:
    """All that differs and is not on its way already; missing ones first."""
    listed: dict[str, list[Observed]] = {}
    for each in there.listed:
        if each.key is not None:
            listed.setdefault(each.key, []).append(each)
    found: list[Difference] = []
    known: set[str] = set()
    for entry in here.entries:
        keys = [carried_key(entry.key, epoch) for epoch in range(entry.epoch + 1)]
        known |= {*keys}
        found += _of_entry(entry, here, there, [each for key in keys for each in listed.get(key, ())])
    strange = [each for key, many in listed.items() if key not in known for each in many]
    found += [Difference(Sort.STRANGER, each.key or "", _STRANGE, None, each) for each in strange]
    return sorted(found, key=lambda each: (_ORDER[each.sort], each.key))


_STILL_OPEN = "still open there, over here"
_STRANGE = "its key was not made here: another agent's, or from before this store"
_ORDER = {sort: place for place, sort in enumerate(Sort)}


def _is_to_be_open(entry: Outgoing) -> bool:
    settled = entry.state is Standing.DONE and entry.observed is not None
    return settled and entry.desired.state == "open"


def _of_entry(entry: Outgoing, here: Here, there: There, listed: list[Observed]) -> Iterator[Difference]:
    """What differs for one of ours; `listed` are the open ones that carry a key of it."""
    if entry.state is Standing.DROPPED:
        return
    current = [each for each in listed if each.key == entry.known.key]
    if (why := _missing(entry, there)) is not None:
        yield Difference(Sort.MISSING, entry.key, why, entry, current[0] if current else None)
        return
    if entry.state not in (Standing.DONE, Standing.PARKED):
        return  # delivery is at it
    if entry.observed is None:  # given up before anybody knew of it
        over = [] if entry.desired.state == "open" else current
        yield from (Difference(Sort.ORPHAN, entry.key, _STILL_OPEN, entry, each) for each in over)
        return
    for each in listed:
        if each.id != entry.observed.id:
            yield Difference(Sort.TWIN, entry.key, f"{entry.observed.id} goes on", entry, each)
    seen = next((each for each in current if each.id == entry.observed.id), there.read.get(entry.key))
    if seen is not None and entry.state is Standing.DONE:
        yield from _state(entry, here, seen)


def _missing(entry: Outgoing, there: There) -> str | None:
    """Why there is none where there is to be one; None where there is, or is none to be, or delivery is at it."""
    if entry.desired.state != "open":
        return None
    if entry.key in there.read:
        seen = there.read[entry.key]
        return "it is gone over there" if seen is None or seen.state is RemoteState.GONE else None
    gone = entry.observed is not None and entry.observed.state is RemoteState.GONE
    if entry.for_a_person and (entry.observed is None or gone):
        return entry.last_error or "it waits for a person"
    return None


def _state(entry: Outgoing, here: Here, seen: Observed) -> Iterator[Difference]:
    """What was seen of our ticket against what it is to be."""
    wanted = entry.desired.state
    if wanted == "open" and seen.state in _OVER:
        yield Difference(Sort.STATE, entry.key, f"{seen.state} there, open here", entry, seen)
    if wanted == "resolved" and seen.state is RemoteState.OPEN:
        ended = entry.observed is not None and entry.observed.state in _OVER
        why = "opened again there after it was over" if ended else _STILL_OPEN
        sort = Sort.STATE if entry.ticket in here.tickets else Sort.ORPHAN
        yield Difference(sort, entry.key, why, entry, seen)
