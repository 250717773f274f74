"""What the desk does by itself on a ticket: named steps with their moments, each done once. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from alerting.desk.ticket import Ticket
from config.policies import Policy


@dataclass(frozen=True, slots=True, order=True)
class Step:
    """Something to be done once at `at` (microseconds UTC) or as soon as possible after it.

    `key` names it on the ticket for ever: `escalate:2`, `remind:24h`, `foretell:resolve:75`. What may come again has
    what makes it another in its name: `ask:1`, where 1 counts how often the ticket was re-opened.
    """

    at: int
    key: str


# All steps of a room that are still to come for a ticket as it is now, whatever their moments; those done are left out
# by whoever asks.
Steps = Callable[[Ticket, Policy], Iterable[Step]]


def first(steps: Iterable[Step], ticket: Ticket) -> Step | None:
    """The earliest that is still to be done; None when nothing is to come."""
    return min((step for step in steps if step.key not in ticket.steps), default=None)
