"""Notices: what the desk tells people about a ticket, one message to one address. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from alerting.outgoing import Standing

_SECOND = 1_000_000
_KEYED = 32
_LINK = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Notice:
    """One message to one person. Moments are microseconds UTC.

    `key` names it for ever: the same step for the same person makes the same key, so that it is never told twice, and
    a repeated delivery has the same Message-ID. `kind` says why (`assigned`, `breach`, `ask` …). `channel` is the name
    of one in the configuration. `reporter`: it leaves the house, and holds nothing internal. `facts` are what a
    channel that can do more than text may use. A link in the text may be a secret that counts once: it is kept until
    the notice is sent. `digest` is the key of the message that it goes in together with others.
    """

    key: str
    ticket: int
    kind: str
    channel: str
    to: str
    name: str
    subject: str
    text: str
    at: int
    reporter: bool = False
    facts: Mapping[str, str] = field(default_factory=dict)
    state: Standing = Standing.WAITING
    attempts: int = 0
    next_at: int | None = None
    lease_until: int | None = None
    last_error: str | None = None
    sent_at: int | None = None
    digest: str = ""

    @property
    def unsent(self) -> bool:
        return self.state not in (Standing.DONE, Standing.DROPPED)

    def is_due(self, now: int) -> bool:
        return self.state is Standing.WAITING and self.next_at is not None and self.next_at <= now


def notice_key(agent: str, ticket: int, step: str, to: str) -> str:
    """`note-` and 32 hex digits of the agent, the ticket, what it is about, and whom it is for."""
    said = "\0".join((agent, str(ticket), step, to.lower()))
    return f"note-{hashlib.sha256(said.encode()).hexdigest()[:_KEYED]}"


def digest_key(agent: str, keys: Iterable[str]) -> str:
    """`many-` and 32 hex digits: the same for the same notices, so that they are sent again as the same message."""
    said = "\0".join((agent, *sorted(keys)))
    return f"many-{hashlib.sha256(said.encode()).hexdigest()[:_KEYED]}"


def interrupted(notice: Notice, now: int) -> Notice:
    """As it is found by a start: it may have been sent, and is sent again under the same Message-ID."""
    if notice.state is not Standing.LEASED:
        return notice
    return waits(notice, now, "stopped while it was being sent")


def leased(notice: Notice, now: int, deadline: float, digest: str) -> Notice:
    """It is about to be sent: to be on the disk before it is."""
    until = now + int(deadline * _SECOND)
    after = replace(notice, state=Standing.LEASED, lease_until=until, next_at=None, digest=digest)
    return replace(after, attempts=notice.attempts + 1)


def sent(notice: Notice, now: int) -> Notice:
    text = _LINK.sub("(a link)", notice.text)
    over = replace(notice, state=Standing.DONE, text=text, sent_at=now, last_error=None)
    return replace(over, next_at=None, lease_until=None)


def waits(notice: Notice, at: int, reason: str | None) -> Notice:
    """It is sent, or sent again, from that moment on."""
    return replace(notice, state=Standing.WAITING, next_at=at, lease_until=None, last_error=reason)


def parked(notice: Notice, reason: str) -> Notice:
    """It is refused for good."""
    return replace(notice, state=Standing.PARKED, next_at=None, lease_until=None, last_error=reason)


def dropped(notice: Notice, reason: str) -> Notice:
    """A person wants it not to be sent."""
    text = _LINK.sub("(a link)", notice.text)
    over = replace(notice, state=Standing.DROPPED, text=text, last_error=reason)
    return replace(over, next_at=None, lease_until=None)
