"""A ServiceNow connector at a fake ServiceNow, for its tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from alerting.connectors.base import Connector, Finding, Setting
from alerting.connectors.servicenow import ServiceNowOptions
from alerting.connectors.servicenow_desk import ServiceNow
from alerting.messages import Observed
from tests.alerting.connectors.conformance import SINCE, Rig, There, done, nothing_known, wanted
from tests.fakes import servicenow

HOOK_SECRET = "shown-in-the-header-0815"
OVER = wanted(state="resolved", resolved_at=SINCE + 60_000_000)


class ServiceNowRig(Rig):
    secrets = (servicenow.ServiceNow.password, HOOK_SECRET)
    create = ("POST", r"/incident$")

    def __init__(self) -> None:
        self.now = SINCE / 1_000_000
        self.vendor: servicenow.ServiceNow = servicenow.ServiceNow()
        self.vendor.now = lambda: self.now
        self.vendor.open()
        self.all_made: list[ServiceNow] = []
        self.connector: ServiceNow = self.made()

    def made(self, **options: Any) -> ServiceNow:
        written = {
            "url": self.vendor.url,
            "user": self.vendor.user,
            "password": self.vendor.password,
            "webhook_secret": HOOK_SECRET,
            **options,
        }
        read = ServiceNowOptions.model_validate(
            {name: value for name, value in written.items() if value is not None}
        )
        self.all_made.append(ServiceNow(read, Setting("now", "agent-1", lambda: self.now)))
        return self.all_made[-1]

    async def there(self) -> list[There]:
        return [
            There(
                each["sys_id"],
                each["short_description"],
                f"{each['correlation_id']}\n{each['description']}",
                each["state"] in ("6", "7", "8"),
                tuple(note["value"] for note in self.vendor.notes(each["sys_id"])),
                tuple(
                    note["value"]
                    for note in self.vendor.notes(each["sys_id"])
                    if note["element"] == "comments"
                ),
                each["priority"],
            )
            for each in self.vendor.incidents
        ]

    async def human(self, what: str, id: str) -> None:
        match what:
            case "close":
                self.vendor.person(id, state="6", close_code="Known error", close_notes="done")
            case "comment":
                self.vendor.person(id, "hello from Agent Two")
            case _:
                self.vendor.person(id, assigned_to="agenttwo")

    async def broken(self) -> Connector:
        return self.made(password="revoked-password-0815")


@asynccontextmanager
async def rigged() -> AsyncIterator[ServiceNowRig]:
    """One that is let go of in the end, with nothing against its requests."""
    rig = ServiceNowRig()
    yield rig
    for connector in rig.all_made:
        await connector.aclose()
    rig.vendor.close()
    assert rig.vendor.wrong == []


async def opened(rig: ServiceNowRig, **changes: Any) -> Observed:
    """A new incident."""
    return await done(rig.connector.apply(wanted(**changes), nothing_known()))


async def found(rig: ServiceNowRig, **options: Any) -> dict[str, Finding]:
    """What a check-up finds, by what it looked at."""
    return {each.what: each for each in await rig.made(**options).check()}
