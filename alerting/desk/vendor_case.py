"""A ticket in the hands of a vendor: when they are expected to have mended it, reminded, and looked after. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket
from alerting.desk.working_time import amount_of, measure_of
from config.policies import Policy, Term

_SECOND = 1_000_000
_NAG, _WATCH = "nag", "watch"


def steps(ticket: Ticket, policy: Policy) -> Iterator[Step]:
    """The next reminder of a vendor who is late; once they are done, the look whether their fix holds."""
    case = ticket.vendor
    if case is None or not ticket.is_open:
        return
    if case.ended_at is not None:
        at = promised(ticket, policy, case.ended_at, policy.vendor.watch)
        if at is not None:
            yield Step(at, f"{_WATCH}:{case.since}")
        return
    again = _again(ticket, policy)
    if case.expected is not None and again is not None:
        yield Step(max(case.expected, again), f"{_NAG}:{case.nagged + 1}")


def is_nag(key: str) -> bool:
    """Whether the step is a reminder; else it is the look at the fix."""
    return key.startswith(f"{_NAG}:")


def promised(ticket: Ticket, policy: Policy, since: int, term: Term) -> int | None:
    """When the term is over; the pauses of the ticket's own clocks do not count for the vendor."""
    return measure_of(policy, ticket.priority, term).after(since, amount_of(term))


def _again(ticket: Ticket, policy: Policy) -> int | None:
    """When the last reminder of this case is long enough ago; 0 when there was none."""
    case = ticket.vendor
    assert case is not None
    last = ticket.steps.get(f"{_NAG}:{case.nagged}", 0)
    if not case.nagged or last < case.since:
        return 0
    if case.nag_every is not None:
        return last + round(case.nag_every * _SECOND)
    return promised(ticket, policy, last, policy.vendor.nag_every)
