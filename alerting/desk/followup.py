"""Follow-ups: when somebody is to look at a ticket again, which were missed, and what a delay makes of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from alerting.desk.due import started
from alerting.desk.parts import FollowUp
from alerting.desk.plan import Step
from alerting.desk.terms import later
from alerting.desk.ticket import Ticket
from config.policies import Policy
from config.terms import show_term

_PLAN, _REMIND, _MISS = "plan", "remind", "missed"


def steps(ticket: Ticket, policy: Policy) -> Iterator[Step]:
    """Reminders, and that one was missed; and first of all the plan, wherever the ticket has another one by now.

    One is missed a grace after somebody was reminded: neither at once after an absence of the daemon, nor because its
    ticket was resolved meanwhile.
    """
    if not ticket.is_open or ticket.test or ticket.merged_into is not None:
        return
    if replanned(ticket, policy) != ticket.follow_ups:
        times = sum(key.startswith(f"{_PLAN}:") for key in ticket.steps)
        yield Step(ticket.opened_at, f"{_PLAN}:{times + 1}")
    for each in ticket.follow_ups:
        if each.done_at is None:
            yield Step(each.due_at, f"{_REMIND}:{each.number}")
            told_at = ticket.steps.get(f"{_REMIND}:{each.number}")
            if told_at is not None:
                since = max(told_at, ticket.reopened_at or 0)
                yield Step(later(ticket, policy, since, policy.follow_up_grace), f"{_MISS}:{each.number}")


def of_step(ticket: Ticket, key: str) -> tuple[str, FollowUp | None]:
    """What a step is, `plan`, `remind` or `missed`, and the follow-up that it is about."""
    what, _, number = key.partition(":")
    about = None if what == _PLAN else int(number)
    return what, next((each for each in ticket.follow_ups if each.number == about), None)


def replanned(ticket: Ticket, policy: Policy) -> tuple[FollowUp, ...]:
    """The follow-ups as the policy has them for the ticket's priority; those reminded of, done, or set by hand stay.

    They count from the start of its clocks; of one that was opened again, from that moment.
    """
    since = started(ticket, policy) if ticket.reopened_at is None else ticket.reopened_at
    terms = policy.follow_ups.get(ticket.priority, ())
    wanted = {
        f"{ticket.reopened}:{place}": (later(ticket, policy, since, term), f"open for {show_term(term)}")
        for place, term in enumerate(terms, 1)
    }
    kept: list[FollowUp] = []
    for each in ticket.follow_ups:
        if not each.planned or each.done_at is not None or reminded(ticket, each):
            kept.append(each)
        elif each.planned in wanted:
            due_at, reason = wanted[each.planned]
            kept.append(replace(each, due_at=due_at, reason=reason))
    known = {each.planned for each in kept}
    for name, (due_at, reason) in wanted.items():
        if name not in known:
            kept.append(FollowUp(_next(kept), due_at, reason, planned=name))
    return tuple(kept)


def reminded(ticket: Ticket, follow_up: FollowUp) -> bool:
    """Whether its moment has come, and somebody was told."""
    return f"{_REMIND}:{follow_up.number}" in ticket.steps


def with_follow_up(ticket: Ticket, due_at: int, reason: str, estimate: int | None = None) -> Ticket:
    """With one more."""
    added = FollowUp(_next(ticket.follow_ups), due_at, reason, estimate)
    return replace(ticket, follow_ups=(*ticket.follow_ups, added))


def with_done(ticket: Ticket, numbers: Iterable[int], by: str, at: int) -> Ticket:
    """With those done, where they were not."""
    chosen = set(numbers)
    return replace(
        ticket,
        follow_ups=tuple(
            replace(each, done_at=at, done_by=by) if each.number in chosen and each.done_at is None else each
            for each in ticket.follow_ups
        ),
    )


def with_missed(ticket: Ticket, number: int) -> Ticket:
    """With that one marked as missed."""
    return replace(
        ticket,
        follow_ups=tuple(
            replace(each, missed=True) if each.number == number else each for each in ticket.follow_ups
        ),
    )


def delayed(ticket: Ticket, until: int, reason: str, by: str, at: int) -> Ticket:
    """With a new estimate: what was to be looked at before it is done with, and the next look is then."""
    before = [each.number for each in ticket.follow_ups if each.due_at < until]
    return with_follow_up(with_done(ticket, before, by, at), until, reason, estimate=until)


def estimate(ticket: Ticket) -> int | None:
    """When it will be mended, in the words of whoever delayed it last; None when nobody did.

    What was to be over before it was opened again says nothing of this time.
    """
    since = ticket.reopened_at or 0
    said = [
        each.estimate for each in ticket.follow_ups if each.estimate is not None and each.estimate > since
    ]
    return said[-1] if said else None


def waiting(ticket: Ticket) -> list[FollowUp]:
    """Those that are not done, the next one first."""
    return sorted(
        (each for each in ticket.follow_ups if each.done_at is None),
        key=lambda each: (each.due_at, each.number),
    )


def _next(known: Iterable[FollowUp]) -> int:
    return max((each.number for each in known), default=0) + 1
