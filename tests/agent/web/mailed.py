"""The daemon with its pages, a shop that can break, and a post office that takes its mail."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alerting.connectors import email
from alerting.connectors.base import ConnectorType
from tests.agent.scenarios.street import Street, street
from tests.agent.web.rig import House, Role
from tests.alerting.connectors.test_email import Moody, parsed
from tests.checks.mail.post_office import open_office

ONE, TWO, LEAD = "one@example.org", "two@example.org", "lead@example.org"
URL = "https://help.example.org"
_NOTHING: Mapping[str, Any] = {}
_LINK = re.compile(rf"{URL}(/a/\S+)")


class Mailed(House):
    """`town` breaks, `office` has the mails."""

    connectors: Mapping[str, ConnectorType] = {email.TYPE.name: email.TYPE}
    town: Street
    office: Moody

    async def breaks(self) -> None:
        await self.advance(61)
        self.town.broken.add("shop")
        await self.advance(90)

    def texts(self, to: str) -> list[str]:
        """What that address has got, the oldest first."""
        pairs = zip(self.office.envelopes, self.office.mails, strict=True)
        mails = [parsed(raw) for envelope, raw in pairs if envelope.rcpt_tos == [to]]
        return [each.get_content() for each in mails]

    def link(self, to: str = ONE) -> str:
        """The path of the link in the latest mail to that address."""
        found = _LINK.search(self.texts(to)[-1])
        assert found is not None, self.texts(to)
        return found[1]


@asynccontextmanager
async def mailed(
    directory: Path, url: str = URL, box: str = "", more: Mapping[str, Any] = _NOTHING, **member: Any
) -> AsyncIterator[Mailed]:
    """One member, on call, who gets what breaks; `box` is a mailbox that all tickets go to, `more` are sections."""
    members = [{"name": "Agent One", "login": "one", "email": ONE, **member}]
    with street() as town:
        async with (
            open_office(Moody()) as office,
            _running(directory, town, office, (url, box), members, more) as made,
        ):
            yield made


@asynccontextmanager
async def _running(
    directory: Path,
    town: Street,
    office: Any,
    asked: tuple[str, str],
    members: Any,
    more: Mapping[str, Any],
) -> AsyncIterator[Mailed]:
    mail = {
        "type": "email",
        "from": "tocsin@example.org",
        "server": f"127.0.0.1:{office.port}",
        "tls": "none",
    }
    services: dict[str, object] = {
        "shop": {"title": "Shop", "team": "web", "checks": {"site": town.check("shop")}}
    }
    url, box = asked
    tickets: dict[str, Any] = {"channels": {"post": mail}}
    if box:
        tickets = {"channels": {"post": {**mail, "to": [box]}}, "routes": [{"send_to": ["post"]}]}
    made = Mailed(directory, services, teams={"web": {"members": members, "lead": LEAD}},
                  desk={"url": url} if url else {}, **tickets, **more)  # fmt: skip
    made.town, made.office = town, office
    async with made:
        yield made


__all__ = ["LEAD", "ONE", "TWO", "Mailed", "Role", "mailed"]
