"""IMAP: does the mail server greet, take a login, and open a mailbox?

Without `auth` the look ends after greeting, capabilities and TLS. With it the server is logged in to, and
`mailbox` is looked into without changing anything in it. A login that is refused has the error kind `auth`;
one that the server is for the moment unable to decide has not.

With `starttls` nothing but the turning to TLS is said before TLS stands, and a server that does not offer it
is down: somebody on the way may have removed the offer. Passwords go over TLS alone, unless `plain_login`
allows otherwise.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from checks.base import Context, Kind, Observation, Value
from checks.imap.session import Session
from checks.line_server import VALUES, Line, LineServerSpec, Talk, observed
from checks.starttls import StartTls


class ImapSpec(LineServerSpec):
    """Which server, and which mailbox."""

    protocol: ClassVar[StartTls] = "imap"
    ports: ClassVar[tuple[int, int]] = (143, 993)

    mailbox: Line | None = Field(
        None, description="mailbox to look into, after the login; default: none", examples=["INBOX"]
    )

    @model_validator(mode="after")
    def _mailbox_wants_login(self) -> ImapSpec:
        if self.mailbox is not None and self.auth is None:
            raise ValueError("mailbox: wants auth:, for a mailbox is opened after the login")
        return self


async def probe(spec: ImapSpec, context: Context) -> Observation:
    """Connect, greet, log in and look into the mailbox, as far as asked to."""

    async def protocol(talk: Talk) -> None:
        session = Session(talk)
        await session.begin()
        if spec.mailbox is not None:
            numbers = await session.status(spec.mailbox)
            talk.look.values["messages"] = numbers.get("MESSAGES")
            talk.look.values["unseen"] = numbers.get("UNSEEN")
        await talk.end("t0 LOGOUT")

    return await observed(spec, context, protocol)


KIND = Kind(
    name="imap",
    summary="talks to a mail server by IMAP: greeting, capabilities, TLS, login, mailbox",
    spec=ImapSpec,
    probe=probe,
    values=(
        *VALUES,
        Value("messages", "", "how many messages `mailbox` holds", least=0, whole=True),
        Value("unseen", "", "how many of them nobody has read", least=0, whole=True),
    ),
    counts_for_uptime=True,
    degraded="cert_days < 14",
    example=(
        "type: imap\nhost: mail.example.org\ntls: true\n"
        "auth: {user: probe@example.org, password: '${credential:mail-probe}'}\n"
        "mailbox: INBOX\ndegraded: cert_days < 14 or unseen > 100\n"
    ),
)
