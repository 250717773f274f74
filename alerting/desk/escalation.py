"""Escalation: when a ticket goes up a tier, or who hears of it when it is late, as its policy says. Pure.

A ticket's time is counted in rounds: the first from the start of its clocks, each re-opening and each de-escalation
begins another. What time brings comes once in a round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from alerting.desk.due import run_for, started
from alerting.desk.parts import Escalation
from alerting.desk.plan import Step
from alerting.desk.ticket import Ticket, TicketState
from alerting.desk.ticket_match import fits, why_fits
from config.policies import Jump, Policy, Rise, Role
from config.terms import show_term

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Way:
    """Where an escalation leads, and why. With the ticket's own tier only people are told; `review` is asked of them.

    `actions`: what was done so far, in the words of whoever escalates.
    """

    tier: int
    tell: tuple[str, ...]
    reason: str
    review: str = ""
    actions: str = ""


def steps(ticket: Ticket, policy: Policy) -> Iterable[Step]:
    """Every escalation that time, or the ticket as it is now, brings."""
    return [step for step, _ in _ahead(ticket, policy)]


def way(ticket: Ticket, policy: Policy, key: str) -> Way | None:
    """What the step of that name is; None when it does not belong to the ticket any more."""
    return next((way for step, way in _ahead(ticket, policy) if step.key == key), None)


def settled_jumps(ticket: Ticket, policy: Policy) -> list[str]:
    """The names of the jumps whose condition the ticket meets: a person who lowers its tier knows of them."""
    return [_jump_key(ticket, n) for n, jump in enumerate(policy.jumps, 1) if _why(jump, ticket) is not None]


def lifted(ticket: Ticket, way: Way, by: str, told: tuple[str, ...], at: int) -> Ticket:
    """The ticket on the tier that the way leads to, with its line in the escalation log."""
    line = Escalation(at, way.reason, ticket.tier, way.tier, by, spent(ticket, at), way.actions, told)
    since = at if way.tier != ticket.tier else ticket.tier_since
    return replace(
        ticket,
        tier=way.tier,
        tier_since=since,
        escalations=(*ticket.escalations, line),
        version=ticket.version + 1,
    )


def spent(ticket: Ticket, at: int) -> float:
    """Seconds on its tier by then, since it got there or was re-opened."""
    since = max(ticket.tier_since or ticket.opened_at, ticket.reopened_at or 0)
    return max(0, at - since) / _SECOND


def by_hand(ticket: Ticket, policy: Policy, tier: int) -> tuple[Role, ...]:
    """Who hears of it when a person escalates: whom the policy tells at that tier, and always lead and manager."""
    told = [role for rise in policy.rises.get(ticket.priority, ()) if rise.tier == tier for role in rise.tell]
    return tuple(dict.fromkeys((*told, "lead", "manager")))


def _ahead(ticket: Ticket, policy: Policy) -> Iterator[tuple[Step, Way]]:
    if not ticket.is_open or ticket.merged_into is not None:
        return
    anew = f"anew:{ticket.reopened}"
    if policy.on_reopen == "anew" and ticket.reopened and anew not in ticket.steps:
        # First of all: what follows counts from the first tier.
        yield Step(ticket.reopened_at or 0, anew), Way(1, (), "re-opened: its tiers begin anew")
        return
    yield from _jumps(ticket, policy)
    if policy.acknowledged_stops and ticket.state is not TicketState.NEW:
        return
    yield from _rises(ticket, policy)


def _jumps(ticket: Ticket, policy: Policy) -> Iterator[tuple[Step, Way]]:
    for number, jump in enumerate(policy.jumps, 1):
        reason = _why(jump, ticket)
        if reason is None:
            continue
        # An unhappy reporter brings it one up at least, wherever it was.
        tier = min(max(jump.tier, ticket.tier + jump.unhappy), max(policy.highest_tier, jump.tier))
        if tier > ticket.tier or jump.unhappy:
            at = ticket.reopened_at or ticket.opened_at
            yield Step(at, _jump_key(ticket, number)), Way(max(tier, ticket.tier), jump.tell, reason)


def _jump_key(ticket: Ticket, number: int) -> str:
    return f"jump:{number}" + (f":{ticket.reopened}" if ticket.reopened else "")


def _why(jump: Jump, ticket: Ticket) -> str | None:
    """The reason when all that the jump asks for is so."""
    if not fits(jump.match, ticket):
        return None
    missed = sum(each.missed for each in ticket.follow_ups)
    if jump.missed_follow_ups is not None and missed < jump.missed_follow_ups:
        return None
    if jump.unhappy and not ticket.unhappy:
        return None
    said = why_fits(jump.match, ticket)
    if jump.missed_follow_ups is not None:
        said.append(f"{missed} missed follow-up{'s' if missed != 1 else ''}")
    if jump.unhappy:
        said.append("the reporter is not satisfied")
    return ", ".join(said) or "every ticket of this policy"


def _rises(ticket: Ticket, policy: Policy) -> Iterator[tuple[Step, Way]]:
    begun, number = _round(ticket, policy)
    suffix, reviews = (f":{number}" if number else ""), 0
    last: int | None = begun
    for rise in policy.rises.get(ticket.priority, ()):
        since = last if rise.from_last else begun
        at = None if since is None else run_for(ticket, policy, since, rise.after)
        if rise.tier is None:
            reviews += 1
            key = f"review:{ticket.priority}:{reviews}{suffix}"
            done = ticket.steps.get(key)
            last = at if done is None else done
        elif ticket.tier < rise.tier:
            key, last = f"escalate:{rise.tier}{suffix}", at
        else:
            last = _reached(ticket, rise.tier, begun)
            continue
        if at is not None:
            yield Step(at, key), _of_time(ticket, rise)


def _of_time(ticket: Ticket, rise: Rise) -> Way:
    late = f"not resolved within {show_term(rise.after)}"
    if rise.from_last:
        late = f"not resolved within another {show_term(rise.after)}"
    return Way(ticket.tier if rise.tier is None else rise.tier, rise.tell, late, rise.review)


def _round(ticket: Ticket, policy: Policy) -> tuple[int, int]:
    """Since when its time is counted, and how many rounds there were before."""
    lowered = [
        each.at for each in ticket.escalations if each.to_tier < each.from_tier and each.by != "tocsin"
    ]
    since = max([started(ticket, policy), ticket.reopened_at or 0, *lowered])
    return since, ticket.reopened + len(lowered)


def _reached(ticket: Ticket, tier: int, begun: int) -> int:
    """When it came to that tier in this round; it may have begun there."""
    log = reversed(ticket.escalations)
    return next(
        (each.at for each in log if each.at >= begun and each.from_tier < tier <= each.to_tier), begun
    )
