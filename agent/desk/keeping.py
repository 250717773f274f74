"""What is always so of a ticket, whatever was done to it: it has its policy, its priority and its clocks."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from agent.memory import Draft
from agent.rulebook import Rulebook
from agent.store.tickets import policy_text
from alerting.desk import sla
from alerting.desk.ticket import Ticket, TicketEvent
from config.policies import Policy

_DIGEST = 32


def kept(draft: Draft, rules: Rulebook, ticket: Ticket, now: int) -> tuple[Ticket, Policy]:
    """The ticket as it has to be, and its policy."""
    ticket, policy = _with_policy(draft, rules, ticket)
    before = ticket.priority
    ticket = sla.clocked(sla.answered(ticket, policy, draft.events), policy, now)
    if ticket.priority != before:
        _, why = sla.priority_of(ticket, policy)
        said = f"priority {before} -> {ticket.priority} ({why})"
        draft.events.append(TicketEvent(ticket.number, now, "tocsin", "priority", said))
        draft.tell("ticket.priority", ticket=ticket.id, before=before, after=ticket.priority, reason=why)
    return ticket, policy


def _with_policy(draft: Draft, rules: Rulebook, ticket: Ticket) -> tuple[Ticket, Policy]:
    """The policy in force when it was opened; as long as it is being opened, routing may still give it a team."""
    known = draft.policies.get(ticket.policy) if ticket.policy else None
    if known is not None and not draft.opens(ticket.number):
        return ticket, known
    policy = rules.policy_of(ticket.service, ticket.team)
    if policy == known:
        return ticket, policy
    digest = digest_of(policy)
    if draft.policies.get(digest) is None:
        draft.policies.put(digest, policy)
    return replace(ticket, policy=digest), policy


def digest_of(policy: Policy) -> str:
    """The same for the same policy, whatever it is called by."""
    return hashlib.sha256(policy_text(policy).encode()).hexdigest()[:_DIGEST]
