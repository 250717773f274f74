"""The clocks of a ticket: what is to be done by when, whether it was, and how much time is left. Pure.

`acknowledge`, `respond`, `assign` and `begin` end when that was done for the first time, `answer` when somebody did
anything since the ticket came to its tier, and all of them when it is resolved. While it was resolved no clock ran;
when it is opened again those that had not been met go on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from alerting.desk.due import started, still
from alerting.desk.reckoned import reckoned
from alerting.desk.ticket import Ticket
from alerting.desk.working_time import Measure, Still, amount_of, measure_of, moment_after, worked
from config.policies import DEFAULT_POLICY, Policy, Targets, Term

ONCE = ("acknowledge", "respond", "assign", "begin")
NAMES = (*ONCE, "answer", "resolve", "update")
# These are between the desk and a reporter: without one nobody waits for them.
_FOR_REPORTER = ("respond", "update")
# These are of people to whom work is given.
_OF_PEOPLE = ("assign", "begin", "answer")
_STAMP_OF = {"acknowledge": "acknowledged", "respond": "responded", "assign": "assigned", "begin": "begun"}


class Outcome(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    PAUSED = "paused"
    BREACHED = "breached"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Clock:
    """One clock. `ended_at` is None while it goes on, `due` when its calendar is not open for so long any more.

    `paused_since`: it stands still now, and `due` is as it was when that began; it moves on when the waiting is over.
    `key` is the same for the same run of it for ever.
    """

    name: str
    key: str
    start: int
    target: Term
    due: int | None
    ended_at: int | None
    paused_since: int | None
    measure: Measure
    still: tuple[Still, ...]

    def outcome(self, now: int) -> Outcome:
        if self.ended_at is not None:
            return Outcome.MET if self.due is None or self.ended_at <= self.due else Outcome.MISSED
        if self.paused_since is not None:
            return Outcome.PAUSED
        return Outcome.BREACHED if self.due is not None and self.due <= now else Outcome.RUNNING

    def used(self, now: int) -> Fraction:
        """The share of the target's time that has passed, more than 1 when it was not enough."""
        until = now if self.ended_at is None else self.ended_at
        return worked(self.measure, self.start, until, self.still) / amount_of(self.target)

    def at_share(self, share: Fraction) -> int | None:
        """When that share of its time has passed; None while it stands still before that."""
        return moment_after(self.measure, self.start, amount_of(self.target) * share, self.still)

    def left(self, now: int) -> float | None:
        """Seconds until it is due, less than 0 when it is late; of one that stands still, if it went on now.

        None when it has ended, or can never be due.
        """
        if self.ended_at is not None:
            return None
        at = self.due
        if self.paused_since is not None:
            rest = amount_of(self.target) * (1 - self.used(now))
            at = self.measure.after(now, rest)
        return None if at is None else (at - now) / 1_000_000


@reckoned
def clocks(ticket: Ticket, policy: Policy) -> tuple[Clock, ...]:
    """Those that the ticket has, in the order of NAMES."""
    targets = policy.targets.get(ticket.priority, Targets())
    found = []
    for name in NAMES:
        term: Term | None = getattr(targets, name)
        if term is not None and _has(ticket, policy, name):
            found.append(_clock(ticket, policy, name, term))
    return tuple(found)


def _has(ticket: Ticket, policy: Policy, name: str) -> bool:
    """Whether somebody waits for it. An alert of a plain installation is nobody's: no reporter, no team, no policy."""
    if ticket.reporter is not None:
        return True
    if name in _OF_PEOPLE and ticket.team is None and ticket.channel == "monitoring":
        return policy.name != DEFAULT_POLICY.name or policy.targets != DEFAULT_POLICY.targets
    return name not in _FOR_REPORTER


def running(ticket: Ticket, policy: Policy) -> Iterator[Clock]:
    """Those that have not ended."""
    return (clock for clock in clocks(ticket, policy) if clock.ended_at is None)


def answer_start(ticket: Ticket, policy: Policy) -> int:
    """Since when its tier is to answer: since it has the ticket, or has it again."""
    return max(started(ticket, policy), ticket.tier_since or 0, ticket.reopened_at or 0)


def _clock(ticket: Ticket, policy: Policy, name: str, term: Term) -> Clock:
    start = _start(ticket, policy, name)
    ended = _ended(ticket, name, start)
    # What it waited for after it was done moves nothing.
    stands = tuple(span for span in still(ticket, policy) if ended is None or span[0] < ended)
    measure = measure_of(policy, ticket.priority, term)
    due = moment_after(measure, start, amount_of(term), [span for span in stands if span[1] is not None])
    paused = next((begin for begin, end in stands if end is None), None)
    return Clock(
        name=name,
        key=_key(ticket, name, start),
        start=start,
        target=term,
        due=due,
        ended_at=ended,
        paused_since=paused if ended is None and (due is None or paused is None or due > paused) else None,
        measure=measure,
        still=stands,
    )


def _start(ticket: Ticket, policy: Policy, name: str) -> int:
    start = started(ticket, policy)
    if name == "answer":
        return answer_start(ticket, policy)
    if name == "update":
        return max(start, ticket.heard_at or 0, ticket.reopened_at or 0)
    return start


def _ended(ticket: Ticket, name: str, start: int) -> int | None:
    """When what it is for was done, for the last time that counts; the end of the ticket is the end of all."""
    done: list[int | None] = [ticket.resolved_at, ticket.closed_at]
    if name in _STAMP_OF:
        done.append(ticket.stamps.get(_STAMP_OF[name]))
    if name == "acknowledge":
        done.append(ticket.acknowledged_at)
    if name == "answer" and (ticket.answered_at or 0) > start:
        done.append(ticket.answered_at)
    return min((at for at in done if at is not None), default=None)


def _key(ticket: Ticket, name: str, start: int) -> str:
    """`resolve`, `resolve:1` after the first re-opening, `answer:2:…` for each time on a tier."""
    if name == "answer":
        return f"{name}:{ticket.tier}:{start}"
    if name == "update":
        return f"{name}:{start}"
    return f"{name}:{ticket.reopened}" if name == "resolve" and ticket.reopened else name
