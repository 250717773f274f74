"""What a ticket must be like for a rule of a policy to apply to it. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from alerting.desk.ticket import Ticket
from config.policies import TicketMatch


def fits(match: TicketMatch, ticket: Ticket) -> bool:
    """Whether the ticket is all that the match asks for; it is like a match that asks for nothing."""
    return all(fit for _, fit in _asked(match, ticket))


def why_fits(match: TicketMatch, ticket: Ticket) -> list[str]:
    """What the match asked for, as the ticket has it: `category security`."""
    return [said for said, fit in _asked(match, ticket) if fit]


def users_of(ticket: Ticket) -> int:
    """How many users are affected, as far as anybody said; 0 when nobody did."""
    said = ticket.fields.get("users", "").strip()
    return int(said) if said.isascii() and said.isdecimal() and len(said) <= 12 else 0


def _asked(match: TicketMatch, ticket: Ticket) -> Iterator[tuple[str, bool]]:
    """Each thing asked for: in words, and whether it is so."""
    known = {
        "severity": (match.severity, ticket.severity),
        "priority": (match.priority, ticket.priority),
        "category": (match.category, ticket.category),
        "cause": (match.cause, ticket.fields.get("cause", "")),
        "service": (match.service, ticket.service),
        "team": (match.team, ticket.team or ""),
        "channel": (match.channel, ticket.channel),
        "account level": (match.account_level, ticket.reporter.level if ticket.reporter else ""),
    }
    for name, (wanted, is_so) in known.items():
        if wanted:
            yield f"{name} {is_so}", is_so in wanted
    if match.users is not None:
        yield f"{users_of(ticket)} users affected", users_of(ticket) >= match.users
    if match.urgent is not None:
        yield "urgent" if ticket.urgent else "not urgent", ticket.urgent == match.urgent
