"""The clocks of a ticket as JSON: its targets, when they are due, what was met, and by which policy."""

from __future__ import annotations

from typing import Any

from agent.desk.document import moment as rfc3339
from alerting.desk.clocks import Clock, clocks
from alerting.desk.sla import priority_of
from alerting.desk.ticket import Ticket
from config.policies import Policy
from config.terms import show_term


def clocks_document(ticket: Ticket, policy: Policy, now: int) -> dict[str, Any]:
    """Each target, when it is due, what is left of it, and why; `left` in seconds, less than 0 when it is late."""
    _, why = priority_of(ticket, policy)
    return {
        "ticket": ticket.id,
        "state": ticket.state,
        "priority": ticket.priority,
        "priority_why": why,
        "policy": policy.name,
        "clock_starts": policy.clock_starts,
        "pauses": [
            {"why": each.why, "since": rfc3339(each.start), "until": rfc3339(each.end)}
            for each in ticket.pauses
        ],
        "clocks": [_clock_document(clock, policy, now) for clock in clocks(ticket, policy)],
    }


def _clock_document(clock: Clock, policy: Policy, now: int) -> dict[str, Any]:
    used = clock.used(now)
    return {
        "clock": clock.name,
        "state": clock.outcome(now),
        "start": rfc3339(clock.start),
        "due": rfc3339(clock.due),
        "left": clock.left(now),
        "used": round(float(used), 4),
        "foretold": clock.ended_at is None and any(share <= used for share in policy.predict),
        "paused_since": rfc3339(clock.paused_since),
        "ended_at": rfc3339(clock.ended_at),
        "target": show_term(clock.target),
        "counts": _counts(clock),
    }


def _counts(clock: Clock) -> str:
    """`24x7`, or the calendar whose open time counts."""
    calendar = clock.measure.calendar
    if calendar is None:
        return "24x7"
    return f"{calendar.timetable.name} ({calendar.timetable.zone})"
