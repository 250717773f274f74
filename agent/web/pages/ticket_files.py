"""`/tickets/T-n/files`: files of a ticket, taken in by form and given out to be saved, never shown."""

from __future__ import annotations

import base64
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from agent.access.person import Right
from agent.control import Refused
from agent.store.files import Lost
from agent.web.sent_file import sent_file
from agent.web.visit import Address, Visit
from alerting.desk.ticket import parse_id


def given(visit: Visit) -> Response:
    """One of them, as it was sent."""
    place = visit.request.path_params
    number, which = parse_id(place["ticket"]), place["number"]
    with visit.daemon.store() as store:
        ticket = None if number is None else store.ticket(number)
        if number is None or ticket is None or not visit.sees_ticket(ticket):
            raise HTTPException(404, "there is no such ticket")
        found = next((each for each in store.attachments(number) if str(each.number) == which), None)
    if found is None:
        raise HTTPException(404, "there is no such file")
    try:
        return sent_file(found, Path(visit.daemon.config().agent.state_dir))
    except Lost as error:
        raise HTTPException(404, str(error)) from None


async def taken(visit: Visit) -> Response:
    """Those that were chosen belong to the ticket; what is not taken is said, and then none is."""
    name = visit.request.path_params["ticket"]
    number, back = parse_id(name), f"/tickets/{name}"
    files = [
        {"name": each.name, "content": base64.b64encode(each.content).decode()}
        for each in visit.files
        if each.name
    ]
    found = await visit.aside(lambda: _ticket(visit, number))
    if number is None or not found:
        raise HTTPException(404, "there is no such ticket")
    public = bool(visit.form.get("public"))
    try:
        if not files:
            raise Refused("choose a file first")
        await visit.desk("tickets.attach", ticket=number, attachments=files, public=public)
    except Refused as error:
        return visit.page("not_done.html", 409, said=str(error), back=back)
    return RedirectResponse(f"{back}#files", 303)


def _ticket(visit: Visit, number: int | None) -> bool:
    """Whether there is one that they see."""
    with visit.daemon.store() as store:
        ticket = None if number is None else store.ticket(number)
    return ticket is not None and visit.sees_ticket(ticket)


ADDRESSES = (
    Address("/tickets/{ticket}/files", "POST", Right.WORK, taken, files=True),
    Address("/tickets/{ticket}/files/{number}", "GET", Right.LOOK, given),
)
