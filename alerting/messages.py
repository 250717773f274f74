"""What leaves: the state that a remote ticket is to have, what is known of it, and what is to be done over there."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from alerting.desk.ticket import Ticket, TicketEvent
from config.models import Severity

Wanted: TypeAlias = Literal["open", "resolved"]
# What the ticket says itself, what is no news over there, and what our desk notes for itself alone.
_NOT_TOLD = frozenset(
    {
        "acknowledged", "ask", "assigned", "breach", "classified", "delivered", "fault", "follow_up", "foretold",
        "forgotten", "forwarded", "known_issue", "opened", "priority", "reminded", "root_cause", "routed", "stamp",
        "survey", "twin", "unassigned", "undelivered", "untold", "update", "vendor_watch", "watch_ended",
    }
)  # fmt: skip
_MOST_COMMENTS = 30


class Can(StrEnum):
    """What a connector can do over there; what it cannot is not asked of it.

    `FIND`: by our key, closed ones too; `DEDUPE`: creating a second time under one key makes nothing new;
    `COMMENT_IDS`: which of our comments are there can be read.
    """

    FIND = "find"
    DEDUPE = "dedupe"
    READ = "read"
    COMMENT = "comment"
    COMMENT_IDS = "comment_ids"
    PRIORITY = "priority"
    RESOLVE = "resolve"
    REOPEN = "reopen"


class RemoteState(StrEnum):
    """How a ticket stands over there. `CLOSED` is for good: nothing opens it again, and it takes no comment.

    `MERGED` into the ticket whose id is observed; `GONE`: an authenticated look found that there is none any more.
    """

    OPEN = "open"
    RESOLVED = "resolved"
    CLOSED = "closed"
    MERGED = "merged"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Comment:
    """A line for the ticket; the `id` is its own for ever, so that it is never sent twice. `at`: microseconds UTC."""

    id: str
    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Remark:
    """What a person wrote over there; `id` is the helpdesk's."""

    id: str
    at: int
    by: str
    text: str


@dataclass(frozen=True, slots=True)
class Desired:
    """The state that one remote ticket is to have. Moments are microseconds UTC.

    `key` is what it is found by. `title`, `description`, `labels` are for creating it only: people edit them.
    `comments` are those not known to be there yet, in order; `said` counts all that there ever were. `ticket` is ours
    (T-12); `duplicate_of` is the key of the one that has the cause, `follows` the remote id that this goes on from.
    """

    key: str
    ticket: str
    title: str
    description: str
    severity: Severity
    priority: str
    state: Wanted
    service: str
    check: str
    opened_at: int
    labels: Mapping[str, str] = field(default_factory=dict)
    resolved_at: int | None = None
    comments: tuple[Comment, ...] = ()
    said: int = 0
    duplicate_of: str | None = None
    follows: str | None = None


@dataclass(frozen=True, slots=True)
class Observed:
    """What a connector saw of a remote ticket.

    `key` is what it carries, read from the ticket itself and not from what was asked; None where none can be read.
    `comments` are ids of ours that are there, `remarks` what people wrote. `by` is who last changed its state. `memo`
    is the connector's own, kept for its next call: JSON, no secrets.
    """

    id: str
    state: RemoteState
    url: str | None = None
    key: str | None = None
    priority: str | None = None
    acknowledged: bool = False
    assignee: str | None = None
    by: str | None = None
    comments: tuple[str, ...] = ()
    remarks: tuple[Remark, ...] = ()
    memo: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a remote ticket before a call: `observed` is None while nobody knows of one.

    `since` is when it was first asked for (microseconds UTC), `priority` the last one that we set.
    """

    key: str
    since: int
    observed: Observed | None = None
    priority: str | None = None


@dataclass(frozen=True, slots=True)
class Todo:
    """What is to be done over there; nothing of it: falsy. `state` and `priority` are None when they are right."""

    create: bool = False
    comments: tuple[Comment, ...] = ()
    priority: str | None = None
    state: Wanted | None = None

    def __bool__(self) -> bool:
        return self.create or bool(self.comments) or self.priority is not None or self.state is not None


def todo(desired: Desired, known: Known, can: Collection[Can]) -> Todo:
    """What makes the remote ticket what it is to be. One that is over there, and is to be, is left alone."""
    seen = known.observed
    if seen is None:
        state: Wanted | None = "resolved" if desired.state == "resolved" and Can.RESOLVE in can else None
        return Todo(True, desired.comments if Can.COMMENT in can else (), None, state)
    if seen.state is RemoteState.GONE:
        return Todo()
    ended = seen.state in (RemoteState.RESOLVED, RemoteState.CLOSED)
    if ended and desired.state == "resolved":
        return Todo()
    comments = desired.comments if Can.COMMENT in can else ()
    changed = desired.priority != known.priority and Can.PRIORITY in can and desired.state == "open"
    return Todo(
        comments=tuple(each for each in comments if each.id not in seen.comments),
        priority=desired.priority if changed else None,
        state=_move(desired.state, seen.state, can),
    )


def _move(wanted: Wanted, seen: RemoteState, can: Collection[Can]) -> Wanted | None:
    if wanted == "resolved":
        return "resolved" if seen is RemoteState.OPEN and Can.RESOLVE in can else None
    return "open" if seen in (RemoteState.RESOLVED, RemoteState.CLOSED) else None


def carried_key(key: str, epoch: int) -> str:
    """What the `epoch`-th ticket of a key carries: its first (0) the key itself, each later one a key of its own."""
    if not epoch:
        return key
    said = f"{key}\0{epoch}"
    return f"toc-{hashlib.sha256(said.encode()).hexdigest()[:32]}"


def via(person: str | None, helpdesk: str) -> str:
    """Who did something over there, in the words of our timeline."""
    return f"{person or 'somebody'} ({helpdesk})"


def desired(
    before: Desired | None, ticket: Ticket, key: str, events: Iterable[TicketEvent], tied: Tied
) -> Desired:
    """The state that the ticket's mirror is to have; `before` is what was wanted so far, `events` are new."""
    told = before or _first(ticket, key, tied.labels)
    said = [event for event in events if event.what not in _NOT_TOLD and not tied.came_back(event.by)]
    return replace(
        further(told, key, [(event.at, _line(event)) for event in said]),
        severity=ticket.severity,
        priority=ticket.priority,
        state="open" if ticket.is_open else "resolved",
        resolved_at=ticket.resolved_at,
        duplicate_of=tied.duplicate_of or told.duplicate_of,
    )


def further(told: Desired, key: str, lines: Sequence[tuple[int, str]]) -> Desired:
    """With further lines, each with its moment; `key` is that of the entry."""
    numbered = enumerate(lines, told.said + 1)
    comments = (*told.comments, *(Comment(f"{key[-8:]}-{n}", at, text) for n, (at, text) in numbered))
    return replace(told, comments=_bounded(comments), said=told.said + len(lines))


@dataclass(frozen=True, slots=True)
class Tied:
    """What else a mirror is told: labels, the key of the ticket that has the cause, and where the mirror is."""

    helpdesk: str
    labels: Mapping[str, str] = field(default_factory=dict)
    duplicate_of: str | None = None

    def came_back(self, by: str) -> bool:
        """Whether it was done over there: nobody is told what they did themselves."""
        return by.endswith(f" ({self.helpdesk})")


def _first(ticket: Ticket, key: str, labels: Mapping[str, str]) -> Desired:
    return Desired(
        key=key,
        ticket=ticket.id,
        title=ticket.title,
        description=ticket.description,
        severity=ticket.severity,
        priority=ticket.priority,
        state="open",
        service=ticket.service,
        check=ticket.check,
        opened_at=ticket.opened_at,
        labels=dict(labels),
    )


def _line(event: TicketEvent) -> str:
    return event.text if event.by == "tocsin" else f"{event.by}: {event.text}"


def _bounded(comments: tuple[Comment, ...]) -> tuple[Comment, ...]:
    """Of very many that wait, the latest; the first of them says how many are left out."""
    if len(comments) <= _MOST_COMMENTS:
        return comments
    first, *rest = comments[-_MOST_COMMENTS:]
    left_out = len(comments) - _MOST_COMMENTS
    text = f"({left_out} earlier updates are left out: see the ticket's own timeline)\n{first.text}"
    return (replace(first, text=text), *rest)
