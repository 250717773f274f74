"""A real SMTP server (aiosmtpd) in the loop of the test, which delivers into a Dovecot's mailbox, or not."""

from __future__ import annotations

import asyncio
import time
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ssl import SSLContext
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.checks.looks import AUTH
from tests.checks.mail.dovecot import Dovecot


@dataclass
class PostOffice:
    """What came in; `holds` keeps mails back, `into` delivers them; `mute`: without a word to the sender."""

    into: Dovecot | None = None
    holds: bool = False
    mute: bool = False
    verdict: str = "250 taken"
    mails: list[bytes] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    refuses: str = ""
    port: int = 0
    began: float = field(default_factory=time.time)

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.refuses and address.endswith(self.refuses):
            return "550 5.7.1 no relaying here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:
        mail = envelope.content
        assert isinstance(mail, bytes)
        self.mails.append(mail)
        self.envelopes.append(envelope)
        if self.into is not None and not self.holds:
            self.into.deliver(mail)
        if self.mute:
            await asyncio.sleep(3600)
        return self.verdict


def _check(_server: SMTP, _session: Session, _envelope: Envelope, way: str, proof: Any) -> AuthResult:
    right = isinstance(proof, LoginPassword) and proof.password.decode() == AUTH["password"]
    return AuthResult(success=right and proof.login.decode() == AUTH["user"], handled=False)


@asynccontextmanager
async def open_office(
    office: PostOffice, starttls: SSLContext | None = None, tls: SSLContext | None = None, **more: Any
) -> AsyncIterator[PostOffice]:
    """The office at a free port of loopback."""
    loop = asyncio.get_running_loop()

    def serve() -> SMTP:
        needs = {"require_starttls": False, "auth_require_tls": starttls is not None, **more}
        return SMTP(
            office, hostname="post.example", tls_context=starttls, authenticator=_check, loop=loop, **needs
        )

    server = await loop.create_server(serve, "127.0.0.1", 0, ssl=tls)
    office.port = server.sockets[0].getsockname()[1]
    try:
        yield office
    finally:
        server.close()
        await server.wait_closed()
