"""A Redmine connector at a real Redmine, for its tests: each in a project of its own."""

from __future__ import annotations

import time
from typing import Any

from alerting.connectors.base import Connector, Setting
from alerting.connectors.redmine import RedmineOptions
from alerting.connectors.redmine_desk import Redmine
from tests.alerting.connectors.conformance import Rig, There
from tests.servers.redmine import Redmine as Server


class RedmineRig(Rig):
    def __init__(self, server: Server) -> None:
        self.server = server
        self.project = server.new_project()
        self.secrets = (server.keys["tocsin"],)
        self.all_made: list[Redmine] = []
        self.connector: Redmine = self.made()

    def made(self, who: str = "tocsin", **options: Any) -> Redmine:
        """One that is somebody there; options of its own."""
        read = RedmineOptions.model_validate({**self.written(who), **options})
        self.all_made.append(Redmine(read, Setting("rm", "agent-1", time.time)))
        return self.all_made[-1]

    def written(self, who: str = "tocsin") -> dict[str, Any]:
        """The options as an operator writes them."""
        return {
            "url": self.server.url,
            "token": self.server.keys[who],
            "project": self.project,
            "tracker": "Bug",
            "key_field": self.server.field,
        }

    def issues(self) -> list[dict[str, Any]]:
        """All issues of the project with their journals, the oldest first."""
        path = f"/issues.json?project_id={self.project}&status_id=*&sort=id&limit=100"
        found = self.server.ask("GET", path)["issues"]
        return [self.issue(each["id"]) for each in found]

    def issue(self, number: int | str) -> dict[str, Any]:
        found: dict[str, Any] = self.server.ask(
            "GET", f"/issues/{number}.json?include=journals,relations", who="admin"
        )["issue"]
        return found

    def person(self, number: str, **change: Any) -> None:
        """Agent Two changes an issue."""
        self.server.ask("PUT", f"/issues/{number}.json", {"issue": change}, "two")

    async def there(self) -> list[There]:
        return [self._there(each) for each in self.issues()]

    def _there(self, issue: dict[str, Any]) -> There:
        notes = [each for each in issue["journals"] if each["notes"]]
        fields = "\n".join(str(each["value"]) for each in issue["custom_fields"])
        return There(
            str(issue["id"]),
            issue["subject"],
            "\n".join([fields, issue["description"], *(each["notes"] for each in notes)]),
            issue["status"]["is_closed"],
            tuple(each["notes"] for each in notes),
            tuple(each["notes"] for each in notes if not each["private_notes"]),
            issue["priority"]["name"],
        )

    async def human(self, what: str, id: str) -> None:
        match what:
            case "close":
                self.person(id, status_id=5)
            case "comment":
                self.person(id, notes="hello from Agent Two")
            case _:
                self.person(id, assigned_to_id=self.server.users["two"])

    async def broken(self) -> Connector:
        return self.made(token="revoked-token-0815")
