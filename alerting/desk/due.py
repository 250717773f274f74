"""When something of a ticket is due: from the start of its clocks, without the time in which it waited. Pure."""

from __future__ import annotations

from alerting.desk.ticket import Ticket
from alerting.desk.working_time import Still, amount_of, measure_of, moment_after
from config.policies import Policy, Term


def started(ticket: Ticket, policy: Policy) -> int:
    """When its clocks start: the stamp that the policy names, or when it was opened where it has none."""
    return ticket.stamps.get(policy.clock_starts, ticket.opened_at)


def still(ticket: Ticket, policy: Policy) -> list[Still]:
    """When its clocks stand still, in order: while it waits for whom the policy names, and while it was resolved.

    That it is resolved now stops nothing: its clocks have ended.
    """
    counted = [
        (each.start, each.end)
        for each in ticket.pauses
        if each.why in policy.pauses or (each.why == "resolved" and each.end is not None)
    ]
    return sorted(
        (span for span in counted if span[1] is None or span[0] < span[1]), key=lambda span: span[0]
    )


def run_for(ticket: Ticket, policy: Policy, since: int, term: Term) -> int | None:
    """When the ticket's clocks have run so long since a moment; None while they stand still before that."""
    measure = measure_of(policy, ticket.priority, term)
    return moment_after(measure, since, amount_of(term), still(ticket, policy))
