"""What a reporter sees and says through a one-time link: its secret is all that lets in, and it answers once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from agent.desk import surveying
from agent.desk.asked import Asked, CannotDo, NoSuchTicket, Verb
from agent.desk.ending import Answer, answered
from agent.desk.one_time import matches
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.ending import current
from alerting.desk.letters import public_title
from alerting.desk.survey import LONGEST_COMMENT
from alerting.desk.ticket import Ticket, TicketState
from checks.masking import masked, secretless

_LONGEST_SECRET = 200
_RECEIVED = "Your answer was received already. Thank you."
What = Literal["ask", "survey"]


@dataclass(frozen=True, slots=True)
class _Door:
    """What a link opens: which question of which ticket, and why it cannot be answered any more (empty: it can)."""

    ticket: Ticket
    what: What
    over: str = ""


def look(draft: Draft, _rules: Rulebook, asked: Asked) -> Any:
    """What the page says: nothing that the reporter does not know. Raises NoSuchTicket for a link that is none."""
    door = _door(draft, asked)
    ticket = door.ticket
    return {
        "what": door.what,
        "id": ticket.id,
        "title": secretless(public_title(ticket)),
        "resolution": secretless(ticket.fields.get("resolution", "")),
        "over": door.over,
    }


def give(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """The reporter's answer. Raises NoSuchTicket, or CannotDo with what is to be put right."""
    door = _door(draft, asked)
    if door.over:
        raise CannotDo(door.over)
    ticket = door.ticket
    asked = replace(asked, by=ticket.reporter.name if ticket.reporter else "the reporter")
    if door.what == "survey":
        surveying.rated(draft, ticket, surveying.rating_of(asked), asked)
        return {"what": door.what, "satisfied": None}
    satisfied = asked.arguments.get("satisfied")
    if not isinstance(satisfied, bool):
        raise CannotDo("say whether it is mended", usage=True)
    text = masked(asked.lines("comment", LONGEST_COMMENT))
    answered(draft, rules, ticket, Answer(satisfied, text, asked.by), asked.now)
    return {"what": door.what, "satisfied": satisfied}


def _door(draft: Draft, asked: Asked) -> _Door:
    ticket, secret = asked.ticket(draft), asked.arguments.get("secret")
    if not isinstance(secret, str) or len(secret) > _LONGEST_SECRET:
        raise NoSuchTicket("no such link")
    ask, survey = ticket.ask, ticket.survey
    # Both are compared whatever the first one says: how long it takes tells nothing.
    known = [matches(secret, each) for each in ((ask.token, ask.token_again) if ask else ("", ""))]
    rates = matches(secret, survey.token if survey else "")
    if any(known):
        return _Door(ticket, "ask", _ask_over(ticket))
    if rates:
        return _Door(ticket, "survey", _survey_over(ticket, asked.now))
    raise NoSuchTicket("no such link")


def _ask_over(ticket: Ticket) -> str:
    if ticket.ask is not None and ticket.ask.answered_at is not None:
        return _RECEIVED
    if ticket.state is not TicketState.RESOLVED or current(ticket) is None:
        state = "closed" if ticket.state is TicketState.CLOSED else "open again"
        return f"{ticket.id} is {state} meanwhile: nothing is to be confirmed any more."
    return ""


def _survey_over(ticket: Ticket, now: int) -> str:
    survey = ticket.survey
    if survey is None or survey.answered_at is not None:
        return _RECEIVED
    return "" if now < survey.valid_until else "This link is not valid any more."


VERBS: Mapping[str, Verb] = {"answers.look": look, "answers.give": give}
