"""How a ticket ends: the reporter is asked whether it is mended, reminded once, and it is closed. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from alerting.desk.letters import public_title
from alerting.desk.parts import Ask
from alerting.desk.plan import Step
from alerting.desk.root_cause import lacks_root_cause
from alerting.desk.survey import QUESTIONS
from alerting.desk.terms import later
from alerting.desk.ticket import Ticket, TicketState
from alerting.desk.updates import has_address
from config.policies import Policy
from config.terms import show_term

CONFIRMED = "confirmed by the reporter"
NO_ANSWER = "no answer from the reporter"
NOBODY_TO_ASK = "resolved; there was nobody to ask"
WATCHED = "recovered, and stayed well while it was watched"
# What stands where no link can be given.
_NO_LINK = "Please answer to this message, or call us, and say whether it is mended."
_NO_FORM = "Answer to this message, or call us, with a number from 1 to 5 (best) for each of these:"


@dataclass(frozen=True, slots=True)
class Links:
    """Where the reporter answers, each with its secret in it; empty where there is no page for that.

    `survey` is None where nobody is asked what they think of it.
    """

    ask: str = ""
    survey: str | None = None


def steps(ticket: Ticket, policy: Policy) -> Iterator[Step]:
    """What becomes of a ticket that is resolved or closed, and that its reporter hears when it is opened again."""
    if ticket.merged_into is not None:
        return
    if ticket.state is TicketState.RESOLVED and not watched(ticket):
        yield from _of_resolved(ticket, policy)
    elif ticket.state is TicketState.CLOSED and has_address(ticket) and ticket.closed_at is not None:
        yield Step(ticket.closed_at, f"farewell:{ticket.reopened}")
    elif ticket.is_open and ticket.reopened_at is not None and has_address(ticket):
        yield Step(ticket.reopened_at, f"reopened:{ticket.reopened}")


def watched(ticket: Ticket) -> bool:
    """Whether it is closed by its incidents' ends, and not by anybody's answer."""
    return ticket.channel == "monitoring" and not ticket.test


def current(ticket: Ticket) -> Ask | None:
    """What the reporter was asked since it was resolved last."""
    ask = ticket.ask
    return None if ask is None or ask.at < (ticket.reopened_at or 0) else ask


def outcome(ticket: Ticket) -> str:
    """How it ended, when it is closed now."""
    ask = current(ticket)
    if ask is None:
        return NOBODY_TO_ASK
    return CONFIRMED if ask.satisfied else NO_ANSWER


def _of_resolved(ticket: Ticket, policy: Policy) -> Iterator[Step]:
    resolved_at = ticket.resolved_at if ticket.resolved_at is not None else ticket.opened_at
    rules, ask, turn = policy.ending, current(ticket), ticket.reopened
    if ticket.reporter is not None and not ticket.test:
        yield Step(resolved_at, f"ask:{turn}")
    if ask is not None and ask.answered_at is None and ask.token and rules.remind_after is not None:
        again = later(ticket, policy, ask.at, rules.remind_after)
        if again < later(ticket, policy, ask.at, rules.silent_after):
            yield Step(again, f"ask:{turn}:again")
    closes = closes_at(ticket, policy)
    if closes is not None:
        yield Step(closes, f"close:{turn}:{'confirmed' if ask and ask.satisfied else 'silent'}")


def closes_at(ticket: Ticket, policy: Policy) -> int | None:
    """When a resolved ticket closes by itself; None while that is for people.

    A reporter who is not satisfied, and a root cause that nobody has written down, are for people.
    """
    ask = current(ticket)
    if lacks_root_cause(ticket, policy) is not None or ticket.resolved_at is None:
        return None
    if ask is not None and ask.answered_at is not None:
        return ask.answered_at if ask.satisfied else None
    since = ticket.resolved_at if ask is None else ask.at
    return later(ticket, policy, since, policy.ending.silent_after)


def asking(ticket: Ticket, policy: Policy, links: Links) -> str:
    """The message by which a reporter is asked."""
    lines = [*_resolved(ticket), "", "Is it mended for you?"]
    lines += [links.ask] if links.ask else [_NO_LINK]
    lines += ["", f"Without an answer within {show_term(policy.ending.silent_after)} it will be closed."]
    return "\n".join([*lines, *_survey(links)])


def asking_again(ticket: Ticket, link: str) -> str:
    """The reminder."""
    return "\n".join(
        [*_resolved(ticket), "", "You have not told us yet whether it is mended for you.", link or _NO_LINK]
    )


def told(ticket: Ticket, links: Links) -> str:
    """What a reporter hears who is not asked."""
    return "\n".join([*_resolved(ticket), *_survey(links)])


def farewell(ticket: Ticket, links: Links) -> str:
    """That it is closed."""
    lines = [f"{ticket.id} ({public_title(ticket)}) is closed.", *_what_was_done(ticket)]
    lines += ["", "If it comes back, answer to this message."]
    return "\n".join([*lines, *_survey(links)])


def opened_again(ticket: Ticket, expected: str) -> str:
    """That work on it goes on."""
    return f"{ticket.id} ({public_title(ticket)}) was opened again, and is worked on.\n\n{expected}"


def _resolved(ticket: Ticket) -> list[str]:
    return [f"{ticket.id} ({public_title(ticket)}) is resolved.", *_what_was_done(ticket)]


def _what_was_done(ticket: Ticket) -> list[str]:
    done = ticket.fields.get("resolution")
    return ["", f"What was done: {done}"] if done else []


def _survey(links: Links) -> list[str]:
    if links.survey is None:
        return []
    if links.survey:
        return ["", "How did we do? Three short questions:", links.survey]
    return ["", "How did we do?", _NO_FORM, *(f"- {question}" for question in QUESTIONS.values())]
