"""Surveys on a draft: begun when a ticket ends, answered once through the link or by whoever heard it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from agent.desk.asked import Asked, CannotDo, Verb
from agent.desk.one_time import made
from agent.desk.persons import acting
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.parts import Survey
from alerting.desk.survey import LEAST, LONGEST_COMMENT, MOST, QUESTIONS, Rating
from alerting.desk.terms import later
from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from checks.masking import masked
from config.policies import DEFAULT_POLICY, Policy


@dataclass(frozen=True, slots=True)
class Begun:
    """The survey that the ticket has from now on, and where it is answered: None when nobody is asked."""

    kept: Survey | None
    link: str | None


def begun(
    rules: Rulebook, ticket: Ticket, policy: Policy, at: Literal["resolved", "closed"], now: int
) -> Begun:
    """A new one where the policy wants it at this moment, and the reporter has not answered one yet."""
    known = ticket.survey
    if policy.ending.survey_at != at or (known is not None and known.answered_at is not None):
        return Begun(known, None)
    once = made(rules, ticket)
    until = later(ticket, policy, now, policy.ending.survey_valid)
    return Begun(Survey(now, once.digest, until), once.link)


def survey(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """What the reporter said of it by phone or mail: `clarity`, `time`, `overall`, a `comment`."""
    ticket = asked.ticket(draft)
    if ticket.reporter is None:
        raise CannotDo(f"{ticket.id} has no reporter whose opinion this could be")
    if ticket.state not in (TicketState.RESOLVED, TicketState.CLOSED):
        raise CannotDo(f"{ticket.id} is {ticket.state}: it is rated once it is resolved")
    policy = draft.policies.get(ticket.policy) or DEFAULT_POLICY
    known = ticket.survey or Survey(
        asked.now, "", later(ticket, policy, asked.now, policy.ending.survey_valid)
    )
    if known.answered_at is not None:
        raise CannotDo(f"{ticket.id} was rated already")
    return document(
        rated(draft, replace(ticket, survey=known), rating_of(asked), replace(asked, by=acting(rules, asked)))
    )


def rating_of(asked: Asked) -> Rating:
    """The rating in a request. Raises CannotDo."""
    given = {name: asked.number(name) for name in QUESTIONS}
    for name, value in given.items():
        if value is None or not LEAST <= value <= MOST:
            raise CannotDo(f"{name}: expected a number from {LEAST} to {MOST}", usage=True)
    comment = masked(asked.lines("comment", LONGEST_COMMENT))
    return Rating(given["clarity"] or 0, given["time"] or 0, given["overall"] or 0, comment)


def rated(draft: Draft, ticket: Ticket, rating: Rating, asked: Asked) -> Ticket:
    """The ticket with the answer to its survey."""
    assert ticket.survey is not None
    answer = replace(
        ticket.survey,
        answered_at=asked.now,
        clarity=rating.clarity,
        time=rating.time,
        overall=rating.overall,
        comment=rating.comment,
    )
    after = replace(ticket, survey=answer, version=ticket.version + 1)
    draft.tickets.put(ticket.number, after)
    said = f"rated: clarity {rating.clarity}, time {rating.time}, overall {rating.overall} of {MOST}"
    said += f": {rating.comment}" if rating.comment else ""
    draft.events.append(TicketEvent(ticket.number, asked.now, asked.by, "survey", said))
    draft.tell("ticket.rated", ticket=ticket.id, overall=rating.overall, by=asked.by)
    return after


def document(ticket: Ticket) -> dict[str, Any]:
    """What a command prints of a rated ticket."""
    kept = ticket.survey
    given = {name: getattr(kept, name, None) for name in (*QUESTIONS, "comment")}
    return {"id": ticket.id, "version": ticket.version, **given}


VERBS: Mapping[str, Verb] = {"tickets.survey": survey}
