"""One-time links: a secret that only the link itself shows, and the digest by which it is known again."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from agent.rulebook import Rulebook
from alerting.desk.ticket import Ticket
from alerting.desk.updates import has_address

PATH = "/t/"
_BYTES = 32


@dataclass(frozen=True, slots=True)
class OneTime:
    """A link and the digest of its secret; both are empty where nobody could get or open it."""

    link: str = ""
    digest: str = ""


def made(rules: Rulebook, ticket: Ticket) -> OneTime:
    """A new one for the reporter: the ticket's number says where to look, the secret behind it lets in."""
    if not rules.desk.url or not rules.notices or not has_address(ticket):
        return OneTime()
    secret = secrets.token_urlsafe(_BYTES)
    return OneTime(f"{rules.desk.url}{PATH}{ticket.number}-{secret}", _digest(secret))


def matches(secret: str, digest: str) -> bool:
    """Whether the link was made with that digest; it takes the same time either way."""
    return bool(digest) and hmac.compare_digest(_digest(secret), digest)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
