"""A Freshdesk connector at a fake Freshdesk, for its tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from alerting.connectors.base import Connector, Setting
from alerting.connectors.freshdesk import FreshdeskOptions
from alerting.connectors.freshdesk_desk import Freshdesk
from alerting.messages import Observed
from tests.alerting.connectors.conformance import SINCE, Rig, There, done, nothing_known, wanted
from tests.fakes import freshdesk
from tests.fakes.freshdesk import TWO

HOOK_SECRET = "shown-in-the-header-0815"
OVER = wanted(state="resolved", resolved_at=SINCE + 60_000_000)


class FreshdeskRig(Rig):
    secrets = (freshdesk.Freshdesk.token, HOOK_SECRET)
    create = ("POST", r"/tickets$")

    def __init__(self) -> None:
        self.now = SINCE / 1_000_000
        self.vendor: freshdesk.Freshdesk = freshdesk.Freshdesk()
        self.vendor.now = lambda: self.now
        self.vendor.open()
        self.all_made: list[Freshdesk] = []
        self.connector: Freshdesk = self.made()

    def made(self, **options: Any) -> Freshdesk:
        written = {
            "url": self.vendor.url,
            "token": self.vendor.token,
            "requester": "monitoring@example.org",
            "webhook_secret": HOOK_SECRET,
            **options,
        }
        read = FreshdeskOptions.model_validate(written)
        self.all_made.append(Freshdesk(read, Setting("fd", "agent-1", lambda: self.now)))
        return self.all_made[-1]

    async def settle(self) -> None:
        self.now += self.connector.visibility_lag

    async def there(self) -> list[There]:
        return [
            There(
                str(each["id"]),
                each["subject"],
                f"{each['custom_fields'].get('cf_alert_key')}\n{each['description_text']}",
                each["status"] in (4, 5),
                tuple(note["body_text"] for note in each["notes"]),
                tuple(note["body_text"] for note in each["notes"] if not note["private"]),
                str(each["priority"]),
            )
            for each in self.vendor.tickets
        ]

    async def human(self, what: str, id: str) -> None:
        match what:
            case "close":
                self.vendor.person(id, status=5)
            case "comment":
                self.vendor.person(id, "hello from Agent Two")
            case _:
                self.vendor.person(id, responder_id=TWO)

    async def broken(self) -> Connector:
        return self.made(token="revoked-token-0815")


@asynccontextmanager
async def rigged() -> AsyncIterator[FreshdeskRig]:
    """One that is let go of in the end, with nothing against its requests."""
    rig = FreshdeskRig()
    yield rig
    for connector in rig.all_made:
        await connector.aclose()
    rig.vendor.close()
    assert rig.vendor.wrong == []


async def opened(rig: FreshdeskRig, **changes: Any) -> Observed:
    """A new ticket."""
    return await done(rig.connector.apply(wanted(**changes), nothing_known()))
