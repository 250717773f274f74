"""Terms from a moment on, by hours or business days, whether the ticket waits for somebody or not. Pure."""

from __future__ import annotations

from alerting.desk.ticket import Ticket
from alerting.desk.working_time import amount_of, measure_of
from config.policies import Policy, Term
from config.units import DAY

_SECOND = 1_000_000


def later(ticket: Ticket, policy: Policy, since: int, term: Term) -> int:
    """When the term has passed. A calendar that is never open any more makes business days plain ones."""
    at = measure_of(policy, ticket.priority, term).after(since, amount_of(term))
    return since + round((term.seconds + term.business_days * DAY) * _SECOND) if at is None else at
