"""Status updates: what the reporter is told of a ticket while it is worked on, and when. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from alerting.desk.due import started
from alerting.desk.followup import estimate
from alerting.desk.plan import Step
from alerting.desk.terms import later
from alerting.desk.text import when
from alerting.desk.ticket import Ticket, TicketState
from config.policies import Policy

_SECOND = 1_000_000
_STATES = {
    TicketState.NEW: "It has been received.",
    TicketState.ACKNOWLEDGED: "It has been taken on.",
    TicketState.IN_PROGRESS: "It is being worked on.",
    TicketState.PENDING: "It waits.",
}
_WAITS = {
    "reporter": "It waits for an answer from you.",
    "vendor": "It waits for the vendor of what is broken.",
}
_TURNS = {
    "classified": "what it is about was found out",
    "begun": "work on it began",
    "investigated": "its cause was looked for",
    "fixed": "it was mended",
    "verified": "it was tried whether that helped",
}


def steps(ticket: Ticket, policy: Policy) -> Iterator[Step]:
    """The next update, a term after the reporter last heard of it; without a rhythm one, when it is overdue."""
    if not ticket.is_open or not has_address(ticket) or ticket.merged_into is not None or ticket.test:
        return
    at = next_update(ticket, policy)
    if at is not None:
        yield Step(at, f"update:{at}")
    elif "resolve" in ticket.sure_due:
        yield Step(ticket.sure_due["resolve"], f"update:overdue:{ticket.reopened}")


def has_address(ticket: Ticket) -> bool:
    """Whether the reporter can be written to."""
    return ticket.reporter is not None and bool(ticket.reporter.email)


def next_update(ticket: Ticket, policy: Policy) -> int | None:
    """When the next one is due; None where the priority has no rhythm."""
    targets = policy.targets.get(ticket.priority)
    if targets is None or targets.update is None:
        return None
    return later(ticket, policy, _heard(ticket, policy), targets.update)


def heard_by(ticket: Ticket, policy: Policy, step: Step, now: int) -> int:
    """What counts as the moment of an update: its own, so that the rhythm is kept; `now` when that is long past."""
    targets = policy.targets.get(ticket.priority)
    if targets is None or targets.update is None:
        return now
    return step.at if later(ticket, policy, step.at, targets.update) > now else now


def update(ticket: Ticket, policy: Policy, now: int) -> str:
    """Its state, who has it (by what they are, not by name), what was done, what comes next, and until when."""
    lines = [f"This is how {ticket.id} ({ticket.title}) stands.", "", _state(ticket), _who(ticket)]
    since = _heard(ticket, policy)
    done = [line for at, line in _turns(ticket) if at > since]
    if done:
        lines += ["", "Since you last heard of it:", *(f"- {line}" for line in done)]
    if ticket.fields.get("next_step"):
        lines += ["", f"Next: {ticket.fields['next_step']}"]
    if ticket.fields.get("workaround"):
        lines += ["", f"What helps until then: {ticket.fields['workaround']}"]
    return "\n".join([*lines, "", expected(ticket, now)])


def expected(ticket: Ticket, now: int) -> str:
    """When it is to be mended, as far as that is known."""
    at = estimate(ticket) or ticket.sure_due.get("resolve")
    if at is None:
        return "It is not known yet when it will be resolved."
    if at <= now:
        return f"It was to be resolved by {when(at)}, and is late. Work on it goes on."
    return f"It is expected to be resolved by {when(at)}."


def _heard(ticket: Ticket, policy: Policy) -> int:
    return max(started(ticket, policy), ticket.heard_at or 0, ticket.reopened_at or 0)


def _state(ticket: Ticket) -> str:
    if ticket.state is TicketState.PENDING and ticket.pauses and ticket.pauses[-1].end is None:
        return _WAITS[ticket.pauses[-1].why]
    return _STATES[ticket.state]


def _who(ticket: Ticket) -> str:
    if ticket.vendor is not None and ticket.vendor.ended_at is None:
        return "The vendor of what is broken is to mend it."
    if ticket.assignee is None:
        return "It is to be given to somebody."
    specialist = "A specialist" if ticket.tier > 1 else "Somebody"
    return f"{specialist} of support (tier {ticket.tier}) has it."


def _turns(ticket: Ticket) -> Iterator[tuple[int, str]]:
    """What became of it, as far as everybody may know, in order."""
    found = [(ticket.stamps[name], said) for name, said in _TURNS.items() if name in ticket.stamps]
    found += [
        (each.at, f"it was handed on to tier {each.to_tier}")
        for each in ticket.escalations
        if each.to_tier > each.from_tier
    ]
    if ticket.vendor is not None:
        found.append((ticket.vendor.since, "it was handed to the vendor of what is broken"))
    for at, said in sorted(found):
        yield at, f"{when(at)}: {said}"
