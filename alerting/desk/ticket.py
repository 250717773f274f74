"""The ticket: its states, the legal moves between them, and what each move stamps. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from config.models import Severity


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
OPEN_STATES = frozenset({_S.NEW, _S.ACKNOWLEDGED, _S.IN_PROGRESS, _S.PENDING})


class IllegalMove(Exception):
    """The move is not possible from here; the text names those that are."""


@dataclass(frozen=True, slots=True)
class Ticket:
    """One work item of the desk. Moments are microseconds UTC; `due` maps a target to its moment."""

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

    @property
    def id(self) -> str:
        return f"T-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """A line of a ticket's timeline. `by` is a person's name or `tocsin`."""

    ticket: int
    at: int
    by: str
    what: str
    text: str


def moved(ticket: Ticket, move: Move, at: int, by: str) -> Ticket:
    """The ticket after the move. Raises IllegalMove, naming the moves that are legal."""
    after = _MOVES[ticket.state].get(move)
    if after is None:
        legal = ", ".join(_MOVES[ticket.state])
        raise IllegalMove(f"{ticket.id} is {ticket.state}: cannot {move} it, but {legal}")
    changes: dict[str, object] = {"state": after, "version": ticket.version + 1}
    if move in (Move.ACK, Move.START) and ticket.acknowledged_at is None:
        changes["acknowledged_at"] = at
    if move is Move.ACK and ticket.assignee is None:
        changes["assignee"] = by
    if move is Move.RESOLVE:
        changes["resolved_at"] = at
    if move is Move.CLOSE:
        changes["closed_at"] = at
        changes["resolved_at"] = ticket.resolved_at if ticket.resolved_at is not None else at
    if move is Move.REOPEN:
        changes.update(resolved_at=None, closed_at=None)
    return replace(ticket, **changes)  # type: ignore[arg-type]  # the names are fields of Ticket


def parse_id(text: str) -> int | None:
    """The number in `T-12` (or `12`), None when it is no ticket id."""
    digits = text.upper().removeprefix("T-")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 12 else None
