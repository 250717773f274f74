"""A fake Jira of either flavour with the connector that speaks to it, for the tests of the connector's modules."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from alerting.connectors.base import Connector, Setting
from alerting.connectors.jira import JiraOptions
from alerting.connectors.jira_desk import Jira
from alerting.connectors.jira_flavours import text_of_adf
from alerting.messages import Desired, Observed
from tests.alerting.connectors.conformance import (
    SINCE,
    Rig,
    There,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.fakes import jira as fake
from tests.fakes.jira_rules import CATEGORIES

NOW = 1_790_000_000.0
HOOK = "hook-secret-of-the-site"


class JiraRig(Rig):
    create = ("POST", "/issue$")
    vendor: fake.Jira

    def __init__(self, flavour: str = "cloud", **options: Any) -> None:
        self.vendor = fake.Jira(flavour)
        self.vendor.now = lambda: self.now
        self.vendor.open()
        self.now = NOW
        self.flavour = flavour
        self.secrets = (self.vendor.token, HOOK)
        self.connector: Jira = self.made(**options)

    def made(self, token: str = fake.Jira.token, **options: Any) -> Jira:
        written = {
            "flavour": self.flavour,
            "url": self.vendor.url,
            "project": "OPS",
            "user": self.vendor.user if self.flavour == "cloud" else None,
            "token": token,
            "webhook_secret": HOOK,
            **options,
        }
        return Jira(JiraOptions.model_validate(written), Setting("jira", "agent-1", lambda: self.now))

    async def there(self) -> list[There]:
        return [
            There(
                each["keys"][0],
                each["fields"]["summary"],
                json.dumps({**each, "fields": {**each["fields"], "summary": ""}}, ensure_ascii=False),
                CATEGORIES[each["fields"]["status"]] == "done",
                tuple(self.text(said["body"]) for said in each["comments"]),
                tuple(self.text(said["body"]) for said in each["comments"] if said["jsdPublic"]),
                json.dumps(each["fields"].get("priority")),
            )
            for each in self.vendor.issues
        ]

    def text(self, body: Any) -> str:
        return text_of_adf(body) if self.flavour == "cloud" else str(body)

    def body(self, text: str) -> Any:
        paragraph = {"type": "paragraph", "content": [{"type": "text", "text": text}]}
        return {"type": "doc", "version": 1, "content": [paragraph]} if self.flavour == "cloud" else text

    def issue(self, number: int = 0) -> dict[str, Any]:
        return self.vendor.issues[number]

    async def settle(self) -> None:
        self.now += self.connector.visibility_lag

    async def human(self, what: str, id: str) -> None:
        issue = self.vendor.find(id)
        assert issue is not None
        if what == "comment":
            self.vendor.say(issue, fake.TWO, self.body("hello from Agent Two"))
        elif what == "assign":
            self.vendor.assigned(issue, fake.TWO, fake.TWO)
        else:
            self.vendor.moved(issue, fake.TWO, "Done")

    async def broken(self) -> Connector:
        return self.made("revoked-token-0815")


async def opened(rig: JiraRig, **changes: Any) -> Observed:
    return await done(rig.connector.apply(wanted(**changes), nothing_known()))


async def seen_by(rig: JiraRig, observed: Observed) -> Observed:
    return await done(rig.connector.read(known(observed)))


def over(**changes: Any) -> Desired:
    return wanted(state="resolved", resolved_at=SINCE + 60_000_000, **changes)


@asynccontextmanager
async def site(flavour: str = "cloud", **options: Any) -> AsyncIterator[JiraRig]:
    """A connector and its Jira; nothing that the schema speaks against was sent when it ends."""
    rig = JiraRig(flavour, **options)
    try:
        yield rig
    finally:
        await rig.connector.aclose()
        rig.vendor.close()
    assert rig.vendor.wrong == []
