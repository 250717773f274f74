"""What time makes of a ticket's clocks: a breach is foretold when most of its time has passed, and noted when it comes.

Pure. The keys: `foretell:resolve:75`, `breach:resolve`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from alerting.desk.clocks import Clock, clocks
from alerting.desk.plan import Step
from alerting.desk.reckoned import reckoned
from alerting.desk.ticket import Ticket
from config.policies import Policy

# The desk sends updates by itself when they are due: that is no breach of anybody's.
_KEPT_BY_DESK = "update"


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of a clock: so much of its time has passed; all of it is a breach."""

    step: Step
    clock: Clock
    share: Fraction

    @property
    def is_breach(self) -> bool:
        return self.share >= 1


def steps(ticket: Ticket, policy: Policy) -> Iterator[Step]:
    """Every mark that is to come, or came and was not noted."""
    return (mark.step for mark in marks(ticket, policy))


@reckoned
def marks(ticket: Ticket, policy: Policy) -> tuple[Mark, ...]:
    """The marks of all clocks; of one that has ended only that it was too late."""
    return () if ticket.test or ticket.merged_into is not None else tuple(_marks(ticket, policy))


def _marks(ticket: Ticket, policy: Policy) -> Iterator[Mark]:
    for clock in clocks(ticket, policy):
        if clock.name == _KEPT_BY_DESK:
            continue
        if clock.ended_at is None:
            yield from _foretold(clock, policy)
        if clock.due is None or clock.paused_since is not None:
            continue
        if clock.ended_at is None or clock.ended_at > clock.due:
            yield Mark(Step(clock.due, f"breach:{clock.key}"), clock, Fraction(1))


def _foretold(clock: Clock, policy: Policy) -> Iterator[Mark]:
    for share in policy.predict:
        at = clock.at_share(share)
        if at is not None:
            yield Mark(Step(at, f"foretell:{clock.key}:{float(share * 100):g}"), clock, share)
