"""The outbox, one remote ticket at a time: what is wanted and what is known of it, and when it is tried again. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from alerting.messages import Can, Desired, Known, Observed, RemoteState, Todo, Wanted, carried_key

_SECOND = 1_000_000
_FIRST, _LONGEST = 5.0, 900.0
_LONGEST_ASKED = 86_400.0
_DOUBLINGS = 10


class Standing(StrEnum):
    """Where an entry stands. `LEASED`: a call is under way. `DOUBT`: one may have been done, which is to be seen first;
    with no next moment, a person is to say. `PARKED`: refused for good, until it changes or a person says so. `DROPPED`
    by a person: nothing is sent of it any more.
    """

    WAITING = "waiting"
    LEASED = "leased"
    DOUBT = "doubt"
    PARKED = "parked"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One remote ticket. Moments are microseconds UTC.

    `version` counts what was wanted, `done_version` is the latest that is there. `changed_at` is since when something
    is wanted that is not there. `sent_priority` is the last that we set; `epoch` counts the remote tickets before it.
    `asked_state` is what the call under way, or in doubt, is to bring about: seen there, it is no person's act.
    `lag_until`: a create whose answer was lost may not be found before then. `twins_at`: it is, or was, to be created
    again after such a one, and then it is to be seen whether both are there.
    """

    helpdesk: str
    key: str
    ticket: int
    desired: Desired
    state: Standing
    first_at: int
    changed_at: int
    version: int = 1
    done_version: int = 0
    observed: Observed | None = None
    sent_priority: str | None = None
    epoch: int = 0
    attempts: int = 0
    next_at: int | None = None
    lease_until: int | None = None
    last_error: str | None = None
    asked_state: Wanted | None = None
    lag_until: int | None = None
    twins_at: int | None = None

    @property
    def unsent(self) -> bool:
        """Whether something is wanted that is not known to be there."""
        return self.state not in (Standing.DONE, Standing.DROPPED)

    @property
    def for_a_person(self) -> bool:
        """Whether nothing happens with it until a person says so."""
        return self.state is Standing.PARKED or (self.state is Standing.DOUBT and self.next_at is None)

    @property
    def known(self) -> Known:
        return Known(carried_key(self.key, self.epoch), self.first_at, self.observed, self.sent_priority)


def wanted(before: Outgoing, desired: Desired, now: int) -> Outgoing:
    """Another state is wanted from now on; what is under way, or waits for its turn, goes on as it was."""
    after = replace(before, desired=desired, version=before.version + 1)
    gone = before.observed is not None and before.observed.state is RemoteState.GONE
    if before.state is Standing.PARKED and gone and desired.state == "open":
        return after
    if before.state in (Standing.DONE, Standing.PARKED):
        return replace(after, state=Standing.WAITING, attempts=0, next_at=now, changed_at=now)
    return after


def leased(entry: Outgoing, work: Todo, now: int, deadline: float) -> Outgoing:
    """A call is about to be made: to be on the disk before it is."""
    until = now + int(deadline * _SECOND)
    after = replace(entry, state=Standing.LEASED, lease_until=until, next_at=None, asked_state=work.state)
    return replace(after, attempts=entry.attempts + 1)


def interrupted(entry: Outgoing, now: int) -> Outgoing:
    """As it is found by a start: nobody knows how a call that was under way ended. `now` is when that can be seen."""
    if entry.state is not Standing.LEASED:
        return entry
    reason = "stopped during a call"
    lag_until = now if entry.observed is None else None
    after = replace(entry, lag_until=lag_until, lease_until=None)
    return replace(after, state=Standing.DOUBT, next_at=now, last_error=reason)


def waits(entry: Outgoing, at: int, reason: str) -> Outgoing:
    """Nothing was done, for a reason that passes."""
    return replace(entry, state=Standing.WAITING, next_at=at, lease_until=None, last_error=reason)


def doubted(entry: Outgoing, at: int | None, reason: str) -> Outgoing:
    """It may have been done: that is to be seen from `at` on; None: only a person can say."""
    return replace(entry, state=Standing.DOUBT, next_at=at, lease_until=None, last_error=reason)


def parked(entry: Outgoing, reason: str) -> Outgoing:
    """Refused for good."""
    return replace(entry, state=Standing.PARKED, next_at=None, lease_until=None, last_error=reason)


def seen(entry: Outgoing, observed: Observed | None) -> Outgoing:
    """What is known of the remote ticket now; comments that are there are not wanted any more."""
    if observed is None:
        return replace(entry, observed=None)
    left = tuple(each for each in entry.desired.comments if each.id not in observed.comments)
    return replace(entry, observed=observed, desired=replace(entry.desired, comments=left))


def perhaps_done(entry: Outgoing) -> Outgoing:
    """Nobody can look whether the call in doubt was done: where another state is wanted by now, as if it was.

    So what it may have brought about is undone; what is still wanted is asked for once more.
    """
    if entry.observed is None or entry.asked_state in (None, entry.desired.state):
        return entry
    return seen(entry, replace(entry.observed, state=RemoteState(entry.asked_state)))


def delivered(entry: Outgoing, done: Todo, version: int, now: int) -> Outgoing:
    """What was asked for is there; what became wanted meanwhile follows."""
    sent = {each.id for each in done.comments}
    left = tuple(each for each in entry.desired.comments if each.id not in sent)
    priority = entry.desired.priority if done.create else done.priority or entry.sent_priority
    after = replace(
        entry,
        desired=replace(entry.desired, comments=left),
        sent_priority=priority,
        done_version=version,
        attempts=0,
        lease_until=None,
        last_error=None,
        lag_until=None,
    )
    if entry.version > version:
        return replace(after, state=Standing.WAITING, next_at=now)
    return replace(after, state=Standing.DONE, next_at=None)


def anew(entry: Outgoing, now: int) -> Outgoing:
    """The remote ticket cannot be opened again: another one goes on from it."""
    follows = entry.observed.id if entry.observed is not None else None
    epoch = entry.epoch + 1
    desired = replace(entry.desired, key=carried_key(entry.key, epoch), follows=follows)
    return replace(
        entry,
        desired=desired,
        epoch=epoch,
        observed=None,
        sent_priority=None,
        state=Standing.WAITING,
        next_at=now,
        lag_until=None,
        twins_at=None,
    )


def waits_out(entry: Outgoing, now: int) -> bool:
    """Whether it waits only because an earlier try failed."""
    paused = entry.state in (Standing.WAITING, Standing.DOUBT) and entry.attempts > 0
    return paused and entry.next_at is not None and entry.next_at > max(now, entry.lag_until or 0)


def lacking(done: Todo, observed: Observed, can: Collection[Can]) -> str:
    """What was asked for, accepted, and is not there; empty when all is."""
    if done.state == "resolved" and observed.state is RemoteState.OPEN:
        return "it is still open"
    if done.state == "open" and observed.state in (RemoteState.RESOLVED, RemoteState.CLOSED):
        return f"it is still {observed.state}"
    told = Can.COMMENT_IDS not in can or all(each.id in observed.comments for each in done.comments)
    return "" if told else "a comment is not there"


def pause(attempts: int, asked: float | None, jitter: float) -> float:
    """Seconds until the next try: doubled each time, `jitter` (0 to 1) of a quarter less, never less than was asked."""
    doubled = _FIRST * 2.0 ** min(max(attempts - 1, 0), _DOUBLINGS)
    own = min(doubled, _LONGEST) * (1 - 0.25 * jitter)
    return max(own, min(asked or 0.0, _LONGEST_ASKED))
