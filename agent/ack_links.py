"""Links by which those who are told of a ticket acknowledge it with one press: signed, personal, good for a day."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import dataclass

from agent.clock import Clock
from agent.desk.telling import our_people
from agent.pipeline import Pipeline
from alerting.desk.letters import moment
from alerting.desk.notices import Notice
from alerting.desk.ticket import Move, Ticket, moves_of

PATH = "/a/"
SECRET = "tocsin.link-secret"
LASTS = 24 * 3600
_SECOND = 1_000_000
_TOKEN = re.compile(r"([1-9][0-9]{0,11})-([1-9][0-9]{0,11})-([A-Za-z0-9_-]{43})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link is for: the number of a ticket, under whose name, until when (seconds UTC); where times are read."""

    number: int
    name: str
    until: int
    zone: str


class AckLinks:
    """Nothing is kept of a link: what it says is signed, and it is of use only while a ticket is new."""

    def __init__(self, pipeline: Pipeline, clock: Clock, secret: bytes) -> None:
        self._pipeline, self._clock, self._secret = pipeline, clock, secret

    def under(self, notice: Notice) -> str:
        """What stands below a message to one of us while the ticket waits to be acknowledged; else nothing."""
        rules, ticket = self._pipeline.rules, self._pipeline.world.tickets.get(notice.ticket)
        url = rules.desk.url
        if not url or notice.reporter or ticket is None or notice.to.lower() not in our_people(rules):
            return ""
        if not waits(ticket):
            return f"\nOpen it:  {url}/tickets/{ticket.id}"
        until = self._clock.now() // _SECOND + LASTS
        link = f"{url}{PATH}{ticket.number}-{until}-{self._signed(ticket.number, until, notice.to)}"
        words = f"until {moment(until * _SECOND, rules.zone_of(ticket.team))}"
        return f"\nAcknowledge it with one press, {words}:\n{link}\nOpen it:  {url}/tickets/{ticket.id}"

    def opened(self, token: str) -> Opened | None:
        """What the link is for; None where we never made it, or for nobody who is one of us now."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        rules = self._pipeline.rules
        number, until, signature = int(found[1]), int(found[2]), found[3]
        names = [
            name
            for address, name in our_people(rules).items()
            if hmac.compare_digest(self._signed(number, until, address), signature)
        ]
        return Opened(number, names[0], until, rules.zone_of(None)) if names else None

    def ticket(self, number: int) -> Ticket | None:
        """As it is now; one that is closed may be forgotten."""
        return self._pipeline.world.tickets.get(number)

    def _signed(self, number: int, until: int, address: str) -> str:
        said = "\0".join(("acknowledge", str(number), str(until), address.lower()))
        made = hmac.new(self._secret, said.encode(), hashlib.sha256).digest()
        return urlsafe_b64encode(made).decode().rstrip("=")


def waits(ticket: Ticket) -> bool:
    """Whether somebody has to acknowledge it."""
    return Move.ACK in moves_of(ticket.state)
