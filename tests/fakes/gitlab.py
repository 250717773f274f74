"""GitLab's issues, from what is known of its API v4: `python -m tests.fakes.gitlab [PORT]` runs it alone."""

from __future__ import annotations

import re
from typing import Any

from tests.fakes.vendor import Reply, Request, Vendor, run_alone

_PATH = re.compile(r"/api/v4/projects/([^/]+)/issues(?:/(\d+)(/notes)?)?")


class Gitlab(Vendor):
    """State: `issues` by number, each with its notes."""

    token = "glpat-token-of-the-agent"

    def __init__(self) -> None:
        super().__init__()
        self.state = {"issues": {}}

    @property
    def issues(self) -> list[dict[str, Any]]:
        return list(self.state["issues"].values())

    def close_issue(self, number: int) -> None:
        self.state["issues"][number].update(state="closed", closed_by={"name": "Agent Two"})

    def assign(self, number: int) -> None:
        self.state["issues"][number]["assignees"] = [{"name": "Agent Two"}]

    def note(self, number: int, text: str, by: str = "Agent Two", **more: Any) -> dict[str, Any]:
        notes = self.state["issues"][number]["notes"]
        notes.append({"id": len(notes) + 1, "body": text, "author": {"name": by}, "system": False, **more})
        return dict(notes[-1])

    def answer(self, request: Request) -> Reply:
        if request.headers.get("private-token") != self.token:
            return Reply(401, {"message": "401 Unauthorized"})
        if request.path == "/api/v4/user":
            return Reply(200, {"id": 1, "username": "tocsin"})
        if request.path == "/api/v4/projects/ops%2Fincidents":
            return Reply(200, {"id": 7, "web_url": f"{self.url}/ops/incidents"})
        found = _PATH.fullmatch(request.path)
        if found is None or found[1] != "ops%2Fincidents":
            return Reply(404, {"message": "404 Project Not Found"})
        if found[2] is None:
            return self._create(request) if request.method == "POST" else self._list(request)
        issue = self.state["issues"].get(int(found[2]))
        if issue is None:
            return Reply(404, {"message": "404 Not found"})
        return self._notes(request, issue) if found[3] else self._one(request, issue)

    def _create(self, request: Request) -> Reply:
        body, number = request.body, len(self.state["issues"]) + 1
        if len(body["title"].encode()) > 255:
            return Reply(400, {"message": {"title": ["is too long (maximum is 255 characters)"]}})
        self._run(body["description"])
        issue = {
            "id": 1000 + number,
            "iid": number,
            "state": "opened",
            "title": body["title"],
            "description": body["description"],
            "labels": body.get("labels", "").split(","),
            "assignees": [],
            "notes": [],
            "web_url": f"{self.url}/ops/incidents/-/issues/{number}",
        }
        self.state["issues"][number] = issue
        return Reply(201, _shown(issue))

    def _list(self, request: Request) -> Reply:
        wanted, key = request.first("labels"), request.first("search")
        found = [each for each in self.issues if wanted in each["labels"] and key in each["description"]]
        return Reply(200, [_shown(each) for each in sorted(found, key=lambda each: -each["iid"])])

    def _one(self, request: Request, issue: dict[str, Any]) -> Reply:
        if request.method == "PUT":
            moves = {"close": "closed", "reopen": "opened"}
            issue["state"] = moves.get(request.body.get("state_event", ""), issue["state"])
            issue["labels"] = self._labelled(request.body, issue["labels"])
        return Reply(200, _shown(issue))

    def _labelled(self, body: dict[str, Any], labels: list[str]) -> list[str]:
        if "labels" in body:
            return [each for each in body["labels"].split(",") if each]
        added, removed = (body.get(f"{verb}_labels", "").split(",") for verb in ("add", "remove"))
        kept = [each for each in labels if each not in removed]
        return list(dict.fromkeys([*kept, *filter(None, added)]))

    def _notes(self, request: Request, issue: dict[str, Any]) -> Reply:
        if request.method == "GET":
            ordered = issue["notes"] if request.first("sort") == "asc" else issue["notes"][::-1]
            return Reply(200, ordered[: min(int(request.first("per_page") or 20), 100)])
        self._run(request.body["body"])
        return Reply(
            201, self.note(issue["iid"], request.body["body"], "tocsin", internal=request.body["internal"])
        )

    def _run(self, text: str) -> None:
        """Lines that begin with a quick action are commands."""
        if re.search(r"^\s*/(close|assign|label)\b", text, re.MULTILINE):
            self.wrong.append("a text ran a quick action")
        if re.search(r"(?<![\w\\`])@(all|everyone)\b", text):
            self.wrong.append("a text mentioned everybody")


def _shown(issue: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in issue.items() if name != "notes"}


if __name__ == "__main__":
    run_alone(Gitlab())
