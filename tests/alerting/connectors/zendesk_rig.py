"""A Zendesk connector at a fake Zendesk, for its tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from alerting.connectors.base import Connector, Setting
from alerting.connectors.zendesk import ZendeskOptions
from alerting.connectors.zendesk_desk import Zendesk
from alerting.messages import Observed
from tests.alerting.connectors.conformance import SINCE, Rig, There, done, nothing_known, wanted
from tests.fakes import zendesk
from tests.fakes.zendesk import TWO

HOOK_SECRET = "signing-secret-of-the-webhook"
OVER = wanted(state="resolved", resolved_at=SINCE + 60_000_000)


class ZendeskRig(Rig):
    secrets = (zendesk.Zendesk.token, HOOK_SECRET)
    create = ("POST", r"/tickets$")

    def __init__(self) -> None:
        self.now = SINCE / 1_000_000
        self.vendor: zendesk.Zendesk = zendesk.Zendesk()
        self.vendor.now = lambda: self.now
        self.vendor.open()
        self.all_made: list[Zendesk] = []
        self.connector: Zendesk = self.made()

    def made(self, **options: Any) -> Zendesk:
        written = {
            "url": self.vendor.url,
            "user": self.vendor.user,
            "token": self.vendor.token,
            "webhook_secret": HOOK_SECRET,
            **options,
        }
        read = ZendeskOptions.model_validate(written)
        self.all_made.append(Zendesk(read, Setting("zd", "agent-1", lambda: self.now)))
        return self.all_made[-1]

    async def there(self) -> list[There]:
        return [
            There(
                str(each["id"]),
                each["subject"],
                "\n".join([each["external_id"] or "", *(said["body"] for said in each["comments"])]),
                each["status"] in ("solved", "closed"),
                tuple(said["body"] for said in each["comments"][1:]),
                tuple(said["body"] for said in each["comments"] if said["public"]),
                each["priority"],
            )
            for each in self.vendor.tickets
        ]

    async def human(self, what: str, id: str) -> None:
        match what:
            case "close":
                self.vendor.person(id, status="solved")
            case "comment":
                self.vendor.person(id, "hello from Agent Two")
            case _:
                self.vendor.person(id, assignee_id=TWO, status="open")

    async def broken(self) -> Connector:
        return self.made(token="revoked-token-0815")


@asynccontextmanager
async def rigged() -> AsyncIterator[ZendeskRig]:
    """One that is let go of in the end, with nothing against its requests."""
    rig = ZendeskRig()
    yield rig
    for connector in rig.all_made:
        await connector.aclose()
    rig.vendor.close()
    assert rig.vendor.wrong == []


async def opened(rig: ZendeskRig, **changes: Any) -> Observed:
    """A new ticket."""
    return await done(rig.connector.apply(wanted(**changes), nothing_known()))
