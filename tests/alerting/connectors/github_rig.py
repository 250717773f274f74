"""A fake GitHub with the connector that speaks to it, for the tests of the connector's modules."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from alerting.connectors.base import Connector, Setting
from alerting.connectors.github import GithubOptions
from alerting.connectors.github_desk import Github
from alerting.messages import Desired, Observed
from tests.alerting.connectors.conformance import SINCE, Rig, There, done, known, nothing_known, wanted
from tests.fakes import github as fake

NOW = 1_790_000_000.0
HOOK = "hook-secret-of-the-repository"


class GithubRig(Rig):
    create = ("POST", "/issues$")
    vendor: fake.Github

    def __init__(self, **options: Any) -> None:
        self.vendor = fake.Github()
        self.vendor.now = lambda: self.now
        self.vendor.open()
        self.now = NOW
        self.secrets = (self.vendor.token, HOOK)
        self.connector: Github = self.made(**options)

    def made(self, token: str = fake.Github.token, agent: str = "agent-1", **options: Any) -> Github:
        written = {
            "url": self.vendor.url,
            "repo": fake.REPO,
            "token": token,
            "webhook_secret": HOOK,
            **options,
        }
        setting = Setting("github", agent, lambda: self.now)
        return Github(GithubOptions.model_validate(written), setting, between_writes=0.0)

    async def there(self) -> list[There]:
        return [
            There(
                str(each["number"]),
                each["title"],
                json.dumps({**each, "title": ""}, ensure_ascii=False),
                each["state"] == "closed",
                tuple(said["body"] for said in each["said"]),
                priority=",".join(label["name"] for label in each["labels"]),
            )
            for each in self.vendor.issues
        ]

    def issue(self, number: int = 1) -> dict[str, Any]:
        found: dict[str, Any] = self.vendor.state["issues"][number]
        return found

    async def human(self, what: str, id: str) -> None:
        issue = self.issue(int(id))
        if what == "comment":
            self.vendor.say(issue, fake.TWO, "hello from Agent Two")
        elif what == "assign":
            issue["assignees"] = [{"login": fake.TWO}]
        else:
            self.vendor.moved(issue, fake.TWO, "closed", "not_planned")

    async def broken(self) -> Connector:
        return self.made("revoked-token-0815")


async def opened(rig: GithubRig, **changes: Any) -> Observed:
    return await done(rig.connector.apply(wanted(**changes), nothing_known()))


async def seen_by(rig: GithubRig, observed: Observed) -> Observed:
    return await done(rig.connector.read(known(observed)))


def over(**changes: Any) -> Desired:
    return wanted(state="resolved", resolved_at=SINCE + 60_000_000, **changes)


@asynccontextmanager
async def site(**options: Any) -> AsyncIterator[GithubRig]:
    """A connector and its GitHub; nothing that the schema speaks against was sent when it ends."""
    rig = GithubRig(**options)
    try:
        yield rig
    finally:
        await rig.connector.aclose()
        rig.vendor.close()
    assert rig.vendor.wrong == []
