"""Mail as a helpdesk: the suite of all connectors, against a real SMTP server whose mailbox is read."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest

from alerting.connectors.base import Connector, Setting
from alerting.connectors.email import Email, EmailOptions
from tests.alerting.connectors.conformance import (
    Conformance,
    NotAsked,
    Rig,
    There,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.checks.mail.post_office import PostOffice, open_office

pytestmark = pytest.mark.anyio


class MailRig(Rig):
    """A mailbox; a ticket is the thread that its first mail begins."""

    def __init__(self, office: PostOffice, port: int) -> None:
        self.office = office
        written = {
            "from": "tocsin@example.org",
            "server": f"127.0.0.1:{port}",
            "tls": "none",
            "to": ["web@example.org"],
        }
        self.connector: Connector = Email(
            EmailOptions.model_validate(written), Setting("mail", "agent-1", time.time)
        )

    async def there(self) -> list[There]:
        threads: dict[str, dict[str, EmailMessage]] = {}
        for raw in self.office.mails:
            mail = message_from_bytes(raw, policy=default)
            assert isinstance(mail, EmailMessage)
            first = str(mail["References"] or mail["Message-ID"]).split()[0]
            # A mailbox knows a mail by its Message-ID.
            threads.setdefault(first, {})[str(mail["Message-ID"])] = mail
        return [self._thread(first, list(mails.values())) for first, mails in threads.items()]

    def _thread(self, first: str, mails: list[EmailMessage]) -> There:
        texts = tuple(str(mail.get_content()) for mail in mails)
        headers = "\n".join(f"{name}: {value}" for name, value in mails[0].items())
        whole = "\n".join((headers, *texts))
        return There(first, str(mails[0]["Subject"]), whole, "resolved" in texts[-1].lower(), texts[1:])

    async def broken(self) -> Connector | None:
        raise NotAsked("this server knows everybody")


@pytest.fixture
async def rig() -> AsyncIterator[MailRig]:
    office = PostOffice()
    async with open_office(office) as post:
        yield MailRig(office, post.port)


class TestContract(Conformance):
    async def test_comments_come_once_in_order_and_inside(self, rig: Rig) -> None:
        """What waits at the same time is one mail; nothing is inside or outside in a mailbox."""
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        two = wanted(comments=comments("first news", "second news"), said=2)
        for _ in range(2):  # sent again, it is the same mail
            await done(rig.connector.apply(two, known(created)))
        (ticket,) = await rig.there()
        (said,) = ticket.comments
        assert said.index("first news") < said.index("second news")
