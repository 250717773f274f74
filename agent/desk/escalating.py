"""Escalating a ticket: by time and by what it is, or by a person's hand; each once, with its line in the log."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.keeping import kept
from agent.desk.persons import acting
from agent.desk.routing import assign
from agent.desk.telling import Telling, tell
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.escalation import Way, by_hand, lifted, settled_jumps, steps, way
from alerting.desk.letters import looked_at_again
from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.slo.figures import rfc3339
from checks.masking import secretless
from config.policies import Policy

__all__ = ["act", "de_escalate", "escalate", "steps"]
DAEMON = "tocsin"
_LONGEST_REASON, _LONGEST_ACTIONS = 1000, 20_000
_SAID_OF_IT = 2000


@dataclass(frozen=True, slots=True)
class _Done:
    """Who escalates, when, and the name under which people are told of it once."""

    by: str
    step: str
    at: int


def act(draft: Draft, rules: Rulebook, ticket: Ticket, step: Step, now: int) -> None:
    """What time, or the ticket itself, brings."""
    policy = draft.policies.get(ticket.policy)
    leads = way(ticket, policy, step.key) if policy is not None else None
    if leads is not None:
        _go(draft, rules, ticket, leads, _Done(DAEMON, step.key, now))


def escalate(draft: Draft, rules: Rulebook, asked: Asked) -> dict[str, Any]:
    """A person's escalation: to `tier`, or the next one; from the last one to the manager."""
    ticket, policy = _workable(draft, rules, asked)
    reason = secretless(asked.text("reason", _LONGEST_REASON, needed=True))
    last = max(policy.highest_tier, ticket.tier)
    tier = asked.number("tier")
    if tier is not None and not ticket.tier < tier <= policy.highest_tier:
        raise CannotDo(_no_such_tier(ticket, tier, policy))
    tier = tier or min(ticket.tier + 1, last)
    actions = secretless(asked.lines("actions", _LONGEST_ACTIONS))
    leads = Way(tier, by_hand(ticket, policy, tier), reason, actions=actions)
    return _go(draft, rules, ticket, leads, _by_hand(rules, ticket, asked))


def de_escalate(draft: Draft, rules: Rulebook, asked: Asked) -> dict[str, Any]:
    """Back to a lower tier, by a person; its time counts anew from here."""
    ticket, policy = _workable(draft, rules, asked)
    reason = secretless(asked.text("reason", _LONGEST_REASON, needed=True))
    tier = asked.number("tier")
    if ticket.tier == 1:
        raise CannotDo(f"{ticket.id} is at tier 1 already, the first")
    if tier is not None and not 1 <= tier < ticket.tier:
        raise CannotDo(f"{ticket.id} is at tier {ticket.tier}: name a lower one, from 1", usage=tier < 1)
    known = {key: asked.now for key in settled_jumps(ticket, policy) if key not in ticket.steps}
    ticket = replace(ticket, steps={**ticket.steps, **known})
    leads = Way(tier or ticket.tier - 1, ("lead",), reason)
    return _go(draft, rules, ticket, leads, _by_hand(rules, ticket, asked))


def _by_hand(rules: Rulebook, ticket: Ticket, asked: Asked) -> _Done:
    return _Done(acting(rules, asked), f"escalation:{len(ticket.escalations) + 1}", asked.now)


def _workable(draft: Draft, rules: Rulebook, asked: Asked) -> tuple[Ticket, Policy]:
    ticket, policy = kept(draft, rules, asked.ticket(draft), asked.now)
    if not ticket.is_open:
        remedy = f"reopen it first: tocsin tickets reopen {ticket.id}"
        raise CannotDo(f"{ticket.id} is {ticket.state}: nobody works on it ({remedy})")
    return ticket, policy


def _no_such_tier(ticket: Ticket, tier: int, policy: Policy) -> str:
    if tier < 1:
        return f"there is no tier {tier}: the first one is 1"
    if tier > policy.highest_tier:
        return f"there is no tier {tier}: the last one of its policy ({policy.name}) is {policy.highest_tier}"
    if tier == ticket.tier:
        return f"{ticket.id} is at tier {tier} already"
    return f"{ticket.id} is at tier {ticket.tier}: to lower it, use de-escalate"


def _go(draft: Draft, rules: Rulebook, ticket: Ticket, leads: Way, done: _Done) -> dict[str, Any]:
    """The ticket's new tier, its log, its timeline, those who are told; then somebody of that tier gets it."""
    now = done.at
    as_it_will_be = lifted(ticket, leads, done.by, (), now)
    told = tell(draft, rules, as_it_will_be, _telling(ticket, leads, done), now)
    after = lifted(ticket, leads, done.by, told, now)
    draft.tickets.put(after.number, after)
    draft.events.append(
        TicketEvent(after.number, now, done.by, _what(ticket, leads), _line(ticket, leads, told))
    )
    event = "ticket.de_escalated" if leads.tier < ticket.tier else "ticket.escalated"
    draft.tell(
        event,
        ticket=after.id,
        before=ticket.tier,
        tier=leads.tier,
        by=done.by,
        reason=leads.reason,
        told=told,
    )
    if after.tier != ticket.tier:
        after = assign(draft, rules, after, now, f"tier {after.tier}")
    return {
        "id": after.id,
        "tier": after.tier,
        "assignee": after.assignee,
        "version": after.version,
        "told": list(told),
        "at": rfc3339(now),
    }


def _what(ticket: Ticket, leads: Way) -> str:
    if leads.tier == ticket.tier:
        return "review"
    return "escalated" if leads.tier > ticket.tier else "de_escalated"


def _line(ticket: Ticket, leads: Way, told: tuple[str, ...]) -> str:
    """The line of the timeline."""
    moved = f"tier {ticket.tier} -> {leads.tier}: " if leads.tier != ticket.tier else "for review: "
    heard = f"; told: {', '.join(told)}" if told else "; nobody could be told" if leads.tell else ""
    asked = f" ({leads.review})" if leads.review else ""
    done = f"\nDone so far: {leads.actions}" if leads.actions else ""
    return f"{moved}{leads.reason}{asked}{heard}{done}"


def _telling(ticket: Ticket, leads: Way, done: _Done) -> Telling:
    lines = [
        f"{ticket.id} {_headline(ticket, leads)}: {leads.reason}.",
        *([f"You are asked to: {leads.review}."] if leads.review else []),
        *([f"Done so far: {leads.actions}"] if leads.actions else []),
        "",
        ticket.description[:_SAID_OF_IT],
    ]
    subject = f"{_headline(ticket, leads)}: {ticket.title}"
    outside = looked_at_again(ticket)
    text = "\n".join(lines)
    return Telling("escalated", done.step, leads.tell, text, subject, falls_back=True, outside=outside)


def _headline(ticket: Ticket, leads: Way) -> str:
    if leads.tier == ticket.tier:
        return f"wants a review at tier {ticket.tier}"
    return f"goes {'up' if leads.tier > ticket.tier else 'down'} to tier {leads.tier}"
