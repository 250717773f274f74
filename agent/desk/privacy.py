"""Forgetting a reporter, on a draft: their tickets stay, with nobody's name on them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from agent.desk.asked import Asked, CannotDo
from agent.desk.persons import acting
from agent.memory import Draft
from agent.rulebook import Rulebook
from alerting.desk.forgetting import (
    Forgotten,
    forgotten_notice,
    forgotten_ticket,
    is_of,
    without_person,
)
from alerting.desk.masked import Personal
from alerting.desk.ticket import Ticket, TicketEvent

_FEW = 10


def forget(draft: Draft, rules: Rulebook, asked: Asked) -> Any:
    """Everything of a person goes, by their address or user id. `tickets` are those that hold anything of them.

    What is in memory anyway is looked at besides. Who asks for it a second time is told that there is nothing.
    """
    known_by = asked.text("reporter", needed=True)
    held = _held(draft, asked)
    wish = _wish(rules, held, known_by, asked.arguments.get("tickets") or ())
    _refuse_open([each for each in held if each.number in wish.reported], known_by, asked)
    numbers = {*wish.reported, *wish.mentioned}
    for ticket in held:
        after = forgotten_ticket(ticket, wish) if ticket.number in numbers else ticket
        if after is not ticket:
            draft.tickets.put(ticket.number, after)
    for key, notice in list(draft.notices.items()):
        if notice.ticket in numbers:
            draft.notices.put(key, forgotten_notice(notice, wish))
    for place, entry in list(draft.outbox.items()):
        if entry.ticket in numbers:
            draft.outbox.put(place, without_person(entry, entry.ticket, wish))
    draft.forgotten.append(wish)
    _told(draft, rules, asked, wish)
    return {
        "reported": [f"T-{number}" for number in wish.reported],
        "mentioned": [f"T-{number}" for number in wish.mentioned],
    }


def _held(draft: Draft, asked: Asked) -> list[Ticket]:
    named = asked.arguments.get("tickets") or []
    if not isinstance(named, list) or not all(isinstance(each, int) for each in named):
        raise CannotDo("tickets: expected a list of numbers", usage=True)
    numbers = sorted({*named, *draft.tickets.keys()})
    return [ticket for number in numbers if (ticket := draft.tickets.get(number)) is not None]


def _refuse_open(reported: list[Ticket], known_by: str, asked: Asked) -> None:
    still = [each.id for each in reported if each.is_open]
    if still and not asked.flag("open_too"):
        more = f" and {len(still) - _FEW} more" if len(still) > _FEW else ""
        raise CannotDo(
            f"{known_by} has tickets that are open: {', '.join(still[:_FEW])}{more} "
            "(resolve them first, or say --open-too: nobody will know whom to answer)"
        )


def _wish(rules: Rulebook, held: list[Ticket], known_by: str, named: Collection[int]) -> Forgotten:
    """Whom to forget, and where. Members of the teams keep their names, though the person may share a part of one."""
    members = [member.name for team in rules.teams.values() for member in team.members]
    reported = [each for each in held if is_of(each.reporter, known_by)]
    personal = Personal.of([each.reporter for each in reported if each.reporter], members)
    if not reported and "@" in known_by:  # who reported nothing may watch, or be named
        personal = Personal(emails=(known_by,))
    own = tuple(each.number for each in reported)
    bare = Forgotten(personal.contacts, own, ())
    others = [each for each in held if each.number not in own]
    touched = [
        each.number for each in others if each.number in named or forgotten_ticket(each, bare) is not each
    ]
    return Forgotten(personal, own, tuple(touched))


def _told(draft: Draft, rules: Rulebook, asked: Asked, wish: Forgotten) -> None:
    """Who asked for it and when, and not whom it was about."""
    by = acting(rules, asked)
    for number in wish.reported:
        draft.events.append(TicketEvent(number, asked.now, by, "forgotten", "the reporter was forgotten"))
    if wish.reported or wish.mentioned:
        draft.tell("reporter.forgotten", by=by, reported=len(wish.reported), mentioned=len(wish.mentioned))
