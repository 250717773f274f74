"""Tickets: which there are, and one with all that is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from agent.desk.document import document
from agent.store.files import Lost
from agent.views.ticket import mirrors, whole_document
from agent.views.tickets import Wanted, names_of
from agent.web.api.asking import Looker, ThisDaemon
from agent.web.api.listing import Turns, tagged
from agent.web.api.looking import stored
from agent.web.api.models import Ticket
from agent.web.api.problems import Problem
from agent.web.sent_file import sent_file
from agent.web.sight import sees_ticket
from alerting.desk.ticket import parse_id

router = APIRouter(tags=["tickets"])
Word = Annotated[str | None, Field(max_length=200)]


class TicketFilter(BaseModel):
    """As the options of `tocsin tickets list`; `mine` goes by your name."""

    open: bool = False
    unassigned: bool = False
    mine: bool = False
    overdue: bool = False
    state: Literal["new", "acknowledged", "in_progress", "pending", "resolved", "closed"] | None = None
    priority: Word = None
    team: Word = None
    assignee: Word = None
    service: Word = None
    reporter: Word = None
    search: Word = None


@router.get("/tickets")
def tickets(
    person: Looker, daemon: ThisDaemon, turn: Turns, asked: Annotated[TicketFilter, Query()]
) -> list[Ticket]:
    """The newest first, chosen as `tocsin tickets list` chooses them."""
    config, now = daemon.config(), daemon.clock.now()
    told = asked.model_dump(exclude={"open", "mine"})
    mine = names_of(person.name, config.teams) if asked.mine else ()
    wanted = Wanted(only_open=asked.open, mine=mine, **told)
    with stored(daemon) as store:
        seen = [
            each for each in store.tickets() if wanted.fits(each, now) and sees_ticket(config, person, each)
        ]
        remote = mirrors(store)
    listed = turn.of(seen, lambda each: each.id)
    return [Ticket.model_validate(document(each, remote.get(each.number, ()))) for each in listed]


@router.get("/tickets/{ticket}", response_model=Ticket)
def ticket(ticket: str, person: Looker, daemon: ThisDaemon, request: Request, response: Response) -> Any:
    """One with its timeline, notes and files; its ETag is its version, for `If-Match`."""
    number = parse_id(ticket)
    with stored(daemon) as store:
        found = None if number is None else store.ticket(number)
        if found is None or not sees_ticket(daemon.config(), person, found):
            raise Problem(404, "there is no such ticket")
        told = whole_document(store, found)
    return tagged(request, response, told, str(found.version))


@router.get(
    "/tickets/{ticket}/attachments/{number}",
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {}}, "description": "the bytes, as they were sent"}
    },
)
def attachment(ticket: str, number: int, person: Looker, daemon: ThisDaemon) -> Response:
    """A file of a ticket, to be saved."""
    which = parse_id(ticket)
    with stored(daemon) as store:
        found = None if which is None else store.ticket(which)
        if found is None or which is None or not sees_ticket(daemon.config(), person, found):
            raise Problem(404, "there is no such ticket")
        file = next((each for each in store.attachments(which) if each.number == number), None)
    if file is None:
        raise Problem(404, "there is no such file")
    try:
        return sent_file(file, Path(daemon.config().agent.state_dir))
    except Lost as error:
        raise Problem(404, str(error)) from None
