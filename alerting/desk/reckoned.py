"""What is reckoned of a ticket and its policy again and again while the desk works on it, reckoned once. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from functools import wraps
from operator import attrgetter, is_
from typing import TypeVar

from alerting.desk.ticket import Ticket
from config.policies import Policy

T = TypeVar("T")
# What the desk notes while it works; nothing that is reckoned here may read it.
_NOTES = frozenset({"steps", "due", "version"})
_parts = attrgetter(*(each.name for each in fields(Ticket) if each.name not in _NOTES))


def reckoned(reckon: Callable[[Ticket, Policy], T]) -> Callable[[Ticket, Policy], T]:
    """The same answer for as long as it is asked of the same ticket, whose notes may be others, and the same policy.

    Only the last answer is kept: the desk works on one ticket after the other.
    """
    last: tuple[tuple[object, ...], Policy, T] | None = None

    @wraps(reckon)
    def answer(ticket: Ticket, policy: Policy) -> T:
        nonlocal last
        kept, parts = last, _parts(ticket)
        if kept is None or kept[1] is not policy or not all(map(is_, kept[0], parts)):
            kept = last = (parts, policy, reckon(ticket, policy))
        return kept[2]

    return answer
