"""The ticket: all that the desk keeps of one work item, its states, and the legal moves between them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from alerting.desk.parts import (
    Alarm,
    Ask,
    Earlier,
    Escalation,
    FollowUp,
    Pause,
    Reporter,
    RootCause,
    SubTask,
    Survey,
    VendorCase,
)
from config.models import Severity
from config.policies import WaitsFor

Channel = Literal["monitoring", "web", "email", "api", "phone", "chat", "inbound"]


class TicketState(StrEnum):
    """The states of the contract."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    IN_PROGRESS = "in_progress"
    PENDING = "pending"
    RESOLVED = "resolved"
    CLOSED = "closed"


class Move(StrEnum):
    """What a person, or the daemon, does to a ticket."""

    ACK = "ack"
    START = "start"
    PEND = "pend"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"


_S = TicketState
_ENDING = {Move.RESOLVE: _S.RESOLVED, Move.CLOSE: _S.CLOSED}
_MOVES: Mapping[TicketState, Mapping[Move, TicketState]] = {
    _S.NEW: {Move.ACK: _S.ACKNOWLEDGED, Move.START: _S.IN_PROGRESS, Move.PEND: _S.PENDING, **_ENDING},
    _S.ACKNOWLEDGED: {Move.START: _S.IN_PROGRESS, Move.PEND: _S.PENDING, **_ENDING},
    _S.IN_PROGRESS: {Move.PEND: _S.PENDING, **_ENDING},
    _S.PENDING: {Move.START: _S.IN_PROGRESS, **_ENDING},
    _S.RESOLVED: {Move.REOPEN: _S.IN_PROGRESS, Move.CLOSE: _S.CLOSED},
    _S.CLOSED: {Move.REOPEN: _S.IN_PROGRESS},
}


def moves_of(state: TicketState) -> frozenset[Move]:
    """What may be done to a ticket in that state."""
    return frozenset(_MOVES[state])


OPEN_STATES = frozenset({_S.NEW, _S.ACKNOWLEDGED, _S.IN_PROGRESS, _S.PENDING})
# What is taken back when a ticket is open again: stamps, and a field; and the stamps that a move brings by itself.
_ENDED = ("resolved", "closed", "confirmed")
_OUTCOME = "outcome"
_IMPLIED: Mapping[Move, tuple[str, ...]] = {
    Move.ACK: ("acknowledged",),
    Move.START: ("acknowledged", "begun"),
    Move.PEND: (),
    Move.RESOLVE: ("fixed", "resolved"),
    Move.CLOSE: ("closed",),
    Move.REOPEN: (),
}
# When each thing happened, beside the columns of the same sense. The first time counts, but for RESOLVED and CLOSED.
STAMPS = (
    "detected", "reported", "submitted", "identified", "classified", "told", "acknowledged", "responded",
    "assigned", "begun", "investigated", "fixed", "verified", "documented", "confirmed", "resolved", "closed",
)  # fmt: skip


class IllegalMove(Exception):
    """The move is not possible from here; the text names those that are."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One work item of the desk. Moments are microseconds UTC; `due` maps a target to its moment.

    `check` is empty for one that is about no single check; `service` is for one that a person opened without naming
    any. `policy` is the digest of the policy that was in force when it was opened (agent/store keeps the policies).
    `answered_at` is when a person of the desk first did something since it came to its tier.
    `fields` are the texts of alerting/desk/fields.py, `stamps` the moments of STAMPS. `steps` are the names of what
    the desk did by itself, each once, with its moment (alerting/desk/plan.py); they are never taken away. `origin` is
    what an alert of another tool is known by, `merged_into` the number of the ticket that goes on with this one.
    `parent`, `children`, `related`, `duplicate_of` and `known_issue` are numbers of tickets that it is tied to.
    `files` counts what was attached so far, `request` is the digest of what an idempotent request asked for.
    `came_back`: its trouble is back, by checks or other tools, after it was closed; `reopened` counts every time.
    `heard_at` is when the reporter last heard of it: from a person, or by a status update.
    `given_at` is when it was given to its assignee as one of a team; a `stand_in` only keeps it until somebody is free;
    at `route_at` the desk looks whether the assignee is still the right one.
    `still_since` is when its clocks stopped, since it waits for somebody; what was due later stays in `due` as it was.
    """

    number: int
    service: str
    check: str
    state: TicketState
    severity: Severity
    priority: str
    title: str
    description: str
    opened_at: int
    due: Mapping[str, int]
    acknowledged_at: int | None = None
    resolved_at: int | None = None
    closed_at: int | None = None
    assignee: str | None = None
    tier: int = 1
    version: int = 1
    channel: Channel = "monitoring"
    category: str = ""
    team: str | None = None
    policy: str = ""
    reporter: Reporter | None = None
    urgent: bool = False
    unhappy: bool = False
    test: bool = False
    reopened: int = 0
    reopened_at: int | None = None
    came_back: bool = False
    tier_since: int | None = None
    answered_at: int | None = None
    heard_at: int | None = None
    given_at: int | None = None
    stand_in: bool = False
    route_at: int | None = None
    still_since: int | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    stamps: Mapping[str, int] = field(default_factory=dict)
    steps: Mapping[str, int] = field(default_factory=dict)
    pauses: tuple[Pause, ...] = ()
    watchers: tuple[str, ...] = ()
    sub_tasks: tuple[SubTask, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    escalations: tuple[Escalation, ...] = ()
    vendor: VendorCase | None = None
    ask: Ask | None = None
    survey: Survey | None = None
    root_cause: RootCause | None = None
    earlier: Earlier | None = None
    origin: str | None = None
    merged_into: int | None = None
    alarm: Alarm | None = None
    parent: int | None = None
    children: tuple[int, ...] = ()
    related: tuple[int, ...] = ()
    duplicate_of: int | None = None
    known_issue: int | None = None
    files: int = 0
    request: str = ""

    @property
    def id(self) -> str:
        return f"T-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES

    @property
    def sure_due(self) -> Mapping[str, int]:
        """What is due for sure: without that which moves on as long as its clocks stand still."""
        since = self.still_since
        return self.due if since is None else {name: at for name, at in self.due.items() if at <= since}

    def stamped(self, name: str, at: int) -> Ticket:
        """With the moment noted, where none was."""
        return self if name in self.stamps else replace(self, stamps={**self.stamps, name: at})


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """A line of a ticket's timeline. `by` is a person's name or `tocsin`; `internal`: the reporter never sees it."""

    ticket: int
    at: int
    by: str
    what: str
    text: str
    internal: bool = True


def moved(ticket: Ticket, move: Move, at: int, by: str, waits_for: WaitsFor = "reporter") -> Ticket:
    """The ticket after the move; a pending one `waits_for` somebody. Raises IllegalMove, naming what is legal."""
    after = _MOVES[ticket.state].get(move)
    if after is None:
        legal = ", ".join(_MOVES[ticket.state])
        raise IllegalMove(f"{ticket.id} is {ticket.state}: cannot {move} it, but {legal}")
    changes: dict[str, object] = {"state": after, "version": ticket.version + 1}
    changes["pauses"] = tuple(
        each if each.end is not None else replace(each, end=at) for each in ticket.pauses
    )
    if move in (Move.ACK, Move.START):
        if ticket.acknowledged_at is None:
            changes["acknowledged_at"] = at
        if ticket.assignee is None:
            changes["assignee"] = by
    if move is Move.PEND:
        changes["pauses"] = (*ticket.pauses, Pause(at, waits_for))
    if move is Move.RESOLVE:
        changes["resolved_at"] = at
    if move is Move.CLOSE:
        changes["closed_at"] = at
        changes["resolved_at"] = ticket.resolved_at if ticket.resolved_at is not None else at
    if move is Move.REOPEN:
        changes.update(resolved_at=None, closed_at=None, reopened=ticket.reopened + 1, reopened_at=at)
        changes["fields"] = {name: said for name, said in ticket.fields.items() if name != _OUTCOME}
    changes["stamps"] = _stamps(ticket, move, at)
    return replace(ticket, **changes)  # type: ignore[arg-type]  # the names are fields of Ticket


def recurred(ticket: Ticket, at: int, by: str) -> Ticket:
    """Opened again because its trouble is back. What comes and goes before it was closed has not come back.

    Raises IllegalMove.
    """
    came_back = ticket.came_back or ticket.state is TicketState.CLOSED
    return replace(moved(ticket, Move.REOPEN, at, by), came_back=came_back)


def _stamps(ticket: Ticket, move: Move, at: int) -> Mapping[str, int]:
    """What the move says by itself. What was resolved, confirmed or closed is so no more once it is open again."""
    if move is Move.REOPEN:
        return {name: when for name, when in ticket.stamps.items() if name not in _ENDED}
    first = {name: ticket.stamps.get(name, at) for name in _IMPLIED[move]}
    if move is Move.CLOSE and ticket.resolved_at is None:
        first["resolved"] = at
    return {**ticket.stamps, **first}


def parse_id(text: str) -> int | None:
    """The number in `T-12` (or `12`), None when it is no ticket id."""
    digits = text.upper().removeprefix("T-")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 12 else None
