"""The automatic acknowledgement: who reports something is told at once its number, and when to expect what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from agent.desk.telling import Telling, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import letters
from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket, TicketEvent
from config.policies import Policy

# Sorted after what else is done at the opening: by then the ticket has its category, and so its moments.
ACKNOWLEDGE = "tell:acknowledge"
_OF_TOOLS = frozenset({"monitoring", "inbound"})


def steps(ticket: Ticket, _policy: Policy) -> Iterable[Step]:
    """Once for each ticket that a person reported."""
    if ticket.reporter is not None and ticket.channel not in _OF_TOOLS:
        yield Step(ticket.opened_at, ACKNOWLEDGE)


def act(draft: Draft, rules: Rulebook, ticket: Ticket, _step: Step, now: int) -> None:
    """It is acknowledged, also where nobody can be written to: whoever opened it has the number and the moments."""
    text = letters.acknowledgement(ticket, rules.zone_of(None))
    telling = Telling("acknowledge", ACKNOWLEDGE, ("reporter",), text)
    told = tell(draft, rules, ticket, telling, now)
    at = ticket.acknowledged_at if ticket.acknowledged_at is not None else now
    after = replace(ticket, acknowledged_at=at, version=ticket.version + 1).stamped("acknowledged", at)
    draft.tickets.put(ticket.number, after.stamped("told", now) if told else after)
    how = "by mail" if told else "on opening"
    said = f"acknowledged automatically, {how}:\n{text}"
    draft.events.append(TicketEvent(ticket.number, now, "tocsin", "acknowledged", said, internal=False))
    draft.tell("ticket.acknowledged", ticket=ticket.id, told=bool(told))
