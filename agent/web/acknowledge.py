"""`/a/TOKEN`: acknowledge a ticket with one press, by the link in a message. To look changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from html import escape
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent.ack_links import PATH, AckLinks, Opened, waits
from agent.clock import Clock
from agent.desk.asked import Asked, Refusal
from agent.web.small_pages import FORM, bucket, paragraph, small_page
from alerting.desk.letters import moment
from alerting.desk.ticket import IllegalMove, Move, Ticket, TicketEvent
from checks.masking import secretless

Ask = Callable[[str, Asked], Awaitable[Any]]
Timeline = Callable[[int], Sequence[TicketEvent]]
_PATIENCE = 15.0
_SECOND = 1_000_000
_GONE = "This link is not valid."
_METHODS = ["GET", "HEAD", "POST"]


class Acknowledge:
    """`ask` is that of the desk; `timeline` reads that of a ticket from the store, on a thread."""

    def __init__(self, links: AckLinks, ask: Ask, clock: Clock, timeline: Timeline) -> None:
        self._links, self._ask, self._clock = links, ask, clock
        self._timeline, self._bucket = timeline, bucket(clock)

    def routes(self) -> list[Route]:
        return [Route(f"{PATH}{{token}}", self._answer, methods=_METHODS)]

    async def _answer(self, request: Request) -> Response:
        if not self._bucket.take():
            return _said("Try again", "Too many at once. Please try again in a minute.", 429)
        link = self._links.opened(request.path_params["token"])
        if link is None:
            return _said("Not found", _GONE, 404)
        if link.until * _SECOND < self._clock.now():
            return _said(
                "Too late", f"This link was good for a day: sign in to see T-{link.number}.", 410, link
            )
        try:
            async with asyncio.timeout(_PATIENCE):
                if request.method == "POST":
                    return await self._done(request, link)
                return await self._shown(link)
        except Exception:  # it was logged where it happened
            return _said("Try again", "That could not be stored. Please try again later.", 503)

    async def _shown(self, link: Opened) -> Response:
        ticket = self._links.ticket(link.number)
        if ticket is None or not waits(ticket):
            return await self._over(link)
        service = f", service {ticket.service}" if ticket.service else ""
        lines = [
            paragraph(f"Priority {ticket.priority}, severity {ticket.severity}{service}."),
            paragraph(f"Opened {moment(ticket.opened_at, link.zone)}. Nobody has acknowledged it yet."),
            f'<form method="post"><button class="press">Acknowledge as {escape(link.name)}</button></form>',
            _onward(link),
        ]
        return small_page(_heading(ticket), "\n".join(lines))

    async def _done(self, request: Request, link: Opened) -> Response:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            return _said("Not understood", "Please use the button of the link.", 415)
        ticket = self._links.ticket(link.number)
        if ticket is None or not waits(ticket):
            return await self._over(link, 409)
        asked = Asked({"ticket": link.number, "by": link.name}, link.name, self._clock.now(), "email")
        try:
            await self._ask("tickets.ack", asked)
        except (Refusal, IllegalMove):  # somebody was faster
            return await self._over(link, 409)
        return _said(_heading(ticket), f"Acknowledged by {link.name}. Thank you.", 200, link)

    async def _over(self, link: Opened, status: int = 200) -> Response:
        """Nothing is to be acknowledged any more: why."""
        events = await asyncio.to_thread(self._timeline, link.number)
        ticket = self._links.ticket(link.number)
        by = next((each for each in reversed(events) if each.what == Move.ACK), None)
        if ticket is not None and ticket.merged_into:
            said = f"It was merged into T-{ticket.merged_into}."
        elif ticket is None or not ticket.is_open:
            said = "It is over: nothing is to be acknowledged any more."
        elif by is not None:
            said = f"Acknowledged by {by.by}, {moment(by.at, link.zone)}."
        else:
            said = f"It is {ticket.state.value.replace('_', ' ')} already."
        return _said(f"T-{link.number}" if ticket is None else _heading(ticket), said, status, link)


def _heading(ticket: Ticket) -> str:
    return f"{ticket.id}: {secretless(ticket.title)}"


def _onward(link: Opened) -> str:
    return f'<p><a href="/tickets/T-{link.number}">Open the ticket</a></p>'


def _said(heading: str, text: str, status: int, link: Opened | None = None) -> Response:
    return small_page(heading, paragraph(text) + (_onward(link) if link else ""), status)
