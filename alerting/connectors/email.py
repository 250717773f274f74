"""E-mail by SMTP: notices to people, and tickets for those who have no other helpdesk than their mailbox."""

from __future__ import annotations

import hashlib
import ipaddress
import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from alerting.connectors.base import (
    Can,
    ConnectorType,
    Finding,
    Letter,
    Limits,
    Options,
    Outcome,
    Result,
    Setting,
    Told,
)
from alerting.connectors.mail import message_id, written
from alerting.connectors.smtp import Place, Session, Stopped, TlsWay, opened
from alerting.emergency import NO_TICKET
from alerting.messages import Desired, Known, Observed, RemoteState, Todo, todo
from config.field_types import MailAddress, TextOrList, is_mail_address
from config.friendly import shown
from config.secrets import Secret
from config.units import Duration

_PORTS: dict[TlsWay, int] = {"starttls": 587, "tls": 465, "none": 25}
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+")
_MOST_SERVED = 10_000
_WORST_FIRST = (Outcome.IN_DOUBT, Outcome.BROKEN, Outcome.RETRY, Outcome.PERMANENT)


def _server(text: str) -> str:
    host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
    host = host if colon else text
    number = int(port) if port.isascii() and port.isdecimal() and len(port) < 6 else 0
    if not _HOST.fullmatch(host) or (colon and not 1 <= number <= 65535):
        raise ValueError(f"expected a host like smtp.example.org or smtp.example.org:587, got {shown(text)}")
    return text


Addresses = Annotated[tuple[MailAddress, ...], TextOrList]


class EmailOptions(Options):
    """Where mail is submitted, from whom it comes, and to whom tickets go."""

    tells_people: ClassVar[bool] = True

    to: Addresses = Field(
        (), description="who gets the tickets that routes lead here", examples=[["web@example.org"]]
    )
    sender: MailAddress = Field(
        alias="from",
        description="the address that mail comes from, and bounces go to",
        examples=["tocsin@example.org"],
    )
    server: Annotated[str, AfterValidator(_server)] = Field(
        description="the server that takes mail for us, and its port where that is not 587 (starttls), 465 (tls) "
        "or 25 (none)",
        examples=["smtp.example.org"],
    )
    tls: TlsWay = Field(
        "starttls",
        description="how the connection is protected: turned to TLS at once (starttls), TLS from the first byte on "
        "(tls), or not at all (none)",
    )
    ca: str | None = Field(
        None,
        description="file of the CAs to trust; default: those of the system",
        examples=["/etc/tocsin/ca.pem"],
    )
    user: str | None = Field(
        None, min_length=1, description="name to log in with", examples=["tocsin@example.org"]
    )
    password: Secret | None = Field(None, description="its password", examples=["${credential:mail}"])
    timeout: Annotated[Duration, Field(gt=0, le=300)] = Field(
        30.0, description="how long each answer of the server is waited for", examples=["30s"]
    )

    @model_validator(mode="after")
    def _fits_together(self) -> EmailOptions:
        if (self.user is None) != (self.password is None):
            raise ValueError("user: and password: go together")
        if self.tls == "none" and self.ca is not None:
            raise ValueError("ca: is of no use with tls: none")
        if self.user is not None and self.is_readable_on_the_way:
            raise ValueError("tls: none would send the password unencrypted: say starttls or tls")
        return self

    @property
    def is_readable_on_the_way(self) -> bool:
        return self.tls == "none" and not _is_here(self.place.host)

    @property
    def unwise(self) -> str:
        if self.is_readable_on_the_way:
            return "tls: none sends every mail unencrypted: anybody on the way can read and change it"
        return ""

    @property
    def takes_tickets(self) -> bool:
        return bool(self.to)

    @property
    def place(self) -> Place:
        host, colon, port = self.server.rpartition(":")
        if self.server.endswith("]") or not colon:
            host, port = self.server, ""
        number = int(port) if port else _PORTS[self.tls]
        return Place(host.strip("[]"), number, self.tls, self.timeout, self.ca, self.user, self.password)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Email:
    """Implements alerting.connectors.base.Messenger.

    What was sent cannot be looked up. Sent again it has the same Message-ID, by which mailboxes know it: that is
    what DEDUPE stands on.
    """

    capabilities = frozenset({Can.DEDUPE, Can.COMMENT, Can.PRIORITY, Can.RESOLVE, Can.REOPEN})
    visibility_lag = 0.0

    def __init__(self, options: EmailOptions, setting: Setting) -> None:
        self._options, self._agent, self._below = options, setting.agent, setting.below
        mails = len(options.to) + 1
        # A step has `timeout`; one mail has about eight of them, and few are slow.
        self.limits = Limits(per_minute=600, burst=50, at_once=2, deadline=options.timeout * (2 + mails))
        self._served: OrderedDict[tuple[str, str], None] = OrderedDict()

    async def check(self) -> Sequence[Finding]:
        place = self._options.place
        what = "server" if place.user is None else "server and login"
        try:
            async with opened(place):
                return (Finding(what, True, f"{place} takes mail from us"),)
        except Stopped as stopped:
            ok = None if stopped.result.outcome is Outcome.RETRY else False
            return (Finding(what, ok, stopped.result.reason),)

    async def tell(self, letters: Sequence[Letter], told: Told) -> None:
        left = list(letters)
        try:
            async with opened(self._options.place) as session:
                while left:
                    result = await self._send(session, left[0])
                    await told(left.pop(0), result)
        except Stopped as stopped:
            first = stopped.result
            # What came after the one that it stopped at was not begun.
            rest = Result.retry(first.reason) if first.outcome is Outcome.IN_DOUBT else first
            for number, letter in enumerate(left):
                await told(letter, rest if number else first)

    async def apply(self, desired: Desired, known: Known) -> Result:
        work = todo(desired, known, self.capabilities)
        if not self._options.to:
            return Result.permanent("to: names nobody who gets tickets")
        letters = [self._letter(desired, known, work, to) for to in self._options.to]
        ended: dict[str, Result] = {}

        async def told(letter: Letter, result: Result) -> None:
            ended[letter.to] = result
            if result.outcome is Outcome.OK:
                self._served[letter.key, letter.to] = None
                while len(self._served) > _MOST_SERVED:
                    self._served.popitem(last=False)

        lacking = [each for each in letters if (each.key, each.to) not in self._served]
        if lacking:
            await self.tell(lacking, told)
        return self._together(ended, len(letters), self._seen(desired, known, work))

    async def read(self, _known: Known) -> Result:
        return Result.retry("mail cannot be looked up")

    async def aclose(self) -> None:
        return

    async def _send(self, session: Session, letter: Letter) -> Result:
        if not is_mail_address(letter.to):
            return Result.permanent("this is not one mail address in ASCII")
        mail = written(letter, self._options.sender, self._agent)
        return await session.hand_over(self._options.sender, letter.to, mail)

    def _letter(self, desired: Desired, known: Known, work: Todo, to: str) -> Letter:
        subject = f"[{desired.ticket}] {desired.title}"
        key = known.key if work.create else f"{known.key}.{_digest(desired, work, _told(known))}"
        at = desired.opened_at if work.create else _latest(desired, work)
        text = f"{_text(desired, work)}{self._below(desired.ticket, to)}"
        return Letter(key, to, "", subject, text, at, known.key)

    def _seen(self, desired: Desired, known: Known, work: Todo) -> Observed:
        """What those who read it know; there is nobody else to ask."""
        before = known.observed.state if known.observed is not None else RemoteState.OPEN
        state = {"resolved": RemoteState.RESOLVED, "open": RemoteState.OPEN}.get(work.state or "", before)
        comments = known.observed.comments if known.observed is not None else ()
        return Observed(
            id=message_id(known.key, self._agent).strip("<>"),
            state=state,
            key=known.key,
            priority=desired.priority,
            comments=(*comments, *(each.id for each in work.comments))[-100:],
            memo={"told": _told(known) + 1},
        )

    def _together(self, ended: dict[str, Result], of: int, seen: Observed) -> Result:
        """One word for all recipients. Who has it does not get it again; who never will is said."""
        failed = {to: result for to, result in ended.items() if result.outcome is not Outcome.OK}
        for outcome in _WORST_FIRST:
            told = [f"{to}: {result.reason}" for to, result in failed.items() if result.outcome is outcome]
            if told:
                reason = "; ".join(dict.fromkeys(told))
                has_it = outcome is Outcome.PERMANENT and len(failed) < of
                return Result(outcome, seen if has_it else None, reason)
        return Result.ok(seen)


def _latest(desired: Desired, work: Todo) -> int:
    return work.comments[-1].at if work.comments else desired.resolved_at or desired.opened_at


def _told(known: Known) -> int:
    """How many changes were told before, the opening among them."""
    return int(known.observed.memo.get("told", 0)) if known.observed is not None else 0


def _digest(desired: Desired, work: Todo, told: int) -> str:
    """Another for each change, and the same when it is sent again."""
    said = (
        told,
        desired.said,
        desired.resolved_at,
        work.priority,
        work.state,
        *(each.id for each in work.comments),
    )
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _text(desired: Desired, work: Todo) -> str:
    lines = [
        f"{desired.ticket}  {desired.title}",
        f"Priority {desired.priority}, severity {desired.severity}",
    ]
    if desired.service:
        lines.append(f"Service {desired.service}")
    if work.create:
        lines += ["", desired.description]
    if work.priority is not None:
        lines += ["", f"The priority is {work.priority} now."]
    for comment in work.comments:
        lines += ["", comment.text]
    if work.state is not None:
        lines += ["", "It is resolved." if work.state == "resolved" else "It is open again."]
    if desired.ticket != NO_TICKET:
        lines += ["", f"Read on: tocsin tickets show {desired.ticket}"]
    return "\n".join(lines)


def _connect(options: EmailOptions, setting: Setting) -> Email:
    return Email(options, setting)


TYPE = ConnectorType("email", "mail to people, by SMTP", EmailOptions, _connect)
