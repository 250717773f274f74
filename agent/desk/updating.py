"""Status updates on a draft: the reporter hears how a ticket stands, unless somebody has just written to them."""

from __future__ import annotations

from dataclasses import replace

from agent.desk.engine import Room
from agent.desk.telling import Telling, tell
from agent.desk.tickets import DAEMON
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk import updates
from alerting.desk.letters import public_title
from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket, TicketEvent
from checks.masking import secretless
from config.policies import DEFAULT_POLICY


def act(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """Tell the reporter."""
    policy = draft.policies.get(ticket.policy) or DEFAULT_POLICY
    text = secretless(updates.update(ticket, policy, now))
    heard_at = updates.heard_by(ticket, policy, step, now)
    draft.tickets.put(ticket.number, replace(ticket, heard_at=heard_at))
    if not rules.notices:
        return
    telling = Telling("update", step.key, ("reporter",), text, f"Update: {public_title(ticket)}")
    names = tell(draft, rules, ticket, telling, now)
    said = f"status update to {', '.join(names) or 'the reporter'}: {' '.join(text.split())}"
    draft.events.append(TicketEvent(ticket.number, now, DAEMON, "update", said, internal=False))
    draft.tell("ticket.updated_reporter", ticket=ticket.id, told=len(names))


ROOM = Room("updating", updates.steps, act)
