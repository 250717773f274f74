"""Links by which those who are told of a ticket acknowledge it with one press: signed, personal, good for a day."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass

from agent.clock import Clock
from agent.desk.telling import our_people
from agent.pipeline import Pipeline
from alerting.desk.letters import moment
from alerting.desk.notices import Notice
from alerting.desk.ticket import Move, Ticket, moves_of, parse_id
from config.models import Config

# The addresses of mailboxes that tickets go to, as they are configured now.
Boxes = Callable[[], Collection[str]]
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

    def __init__(self, pipeline: Pipeline, clock: Clock, secret: bytes, boxes: Boxes) -> None:
        self._pipeline, self._clock, self._secret, self._boxes = pipeline, clock, secret, boxes

    def under(self, notice: Notice) -> str:
        """What stands below a message to one of us; to others nothing."""
        return "" if notice.reporter else self.below(f"T-{notice.ticket}", notice.to)

    def below(self, ticket: str, to: str) -> str:
        """While the ticket waits to be acknowledged the link, to people of ours and to mailboxes that get tickets."""
        rules, number = self._pipeline.rules, parse_id(ticket)
        found, url = self.ticket(number or 0), rules.desk.url
        if not url or found is None or to.lower() not in self._ours():
            return ""
        if not waits(found):
            return f"\nOpen it:  {url}/tickets/{found.id}"
        until = self._clock.now() // _SECOND + LASTS
        link = f"{url}{PATH}{found.number}-{until}-{self._signed(found.number, until, to)}"
        words = f"until {moment(until * _SECOND, rules.zone_of(found.team))}"
        return f"\nAcknowledge it with one press, {words}:\n{link}\nOpen it:  {url}/tickets/{found.id}"

    def _ours(self) -> dict[str, str]:
        """Names by address, in small letters."""
        return {each.lower(): each for each in self._boxes()} | our_people(self._pipeline.rules)

    def opened(self, token: str) -> Opened | None:
        """What the link is for; None where we never made it, or for nobody who is one of us now."""
        found = _TOKEN.fullmatch(token)
        if found is None:
            return None
        rules = self._pipeline.rules
        number, until, signature = int(found[1]), int(found[2]), found[3]
        names = [
            name
            for address, name in self._ours().items()
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


def mailboxes(config: Config) -> list[str]:
    """Those that tickets go to by mail: of a list, or of people."""
    mail = [each.own for each in config.helpdesks.values() if getattr(each.own, "tells_people", False)]
    return [address for options in mail for address in getattr(options, "to", ())]
