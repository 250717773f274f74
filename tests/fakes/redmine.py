"""A Redmine that goes wrong in ways in which the real one cannot be made to; it knows no connector.

    python -m tests.fakes.redmine [PORT]

A visitor without a key is answered as one, an unknown filter is dropped, and 204 says nothing of what was done.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from tests.fakes.vendor import Reply, Request, Vendor, run_alone

KEY_FIELD = 1
BOT, TWO = 5, 6
_NAMES = {BOT: "Tocsin", TWO: "Agent Two"}
_STATUSES = {1: ("New", False), 2: ("In Progress", False), 5: ("Closed", True)}
_PRIORITIES = {1: "Low", 2: "Normal", 3: "High", 4: "Urgent", 5: "Immediate"}
_ISSUE = re.compile(r"/issues/(\d+)\.json")
# Real, and not in the schema.
_BEYOND = re.compile(r"/projects/|/roles/|/relations")


class Redmine(Vendor):
    """`bares`: private notes are taken as public ones. `forbids`: a status is not changed. `tells_roles`."""

    contract = "redmine"
    token = "key-of-the-bot-4711"

    def __init__(self) -> None:
        super().__init__()
        self.state: list[dict[str, Any]] = []
        self.bares = self.forbids = False
        self.tells_roles = True

    def _verify(self, request: Request) -> None:
        if _BEYOND.search(request.path):
            return
        query = {re.sub(r"^cf_\d+$", "cf_x", name): values for name, values in request.query.items()}
        known = Request(request.method, request.path, query, request.headers, request.raw)
        super()._verify(known)

    def answer(self, request: Request) -> Reply:
        user = BOT if request.headers.get("x-redmine-api-key") == self.token else 0
        found = _ISSUE.fullmatch(request.path)
        if request.method == "GET":
            return self._shown(request, user, found)
        if not user:
            return Reply(401)
        if found is None:
            return self._made(request.body["issue"], user)
        issue = self.find(found[1])
        if issue is None:
            return Reply(404)
        self._changed(issue, request.body["issue"], user)
        return Reply(204)

    def person(self, number: str, **change: Any) -> None:
        """Agent Two changes an issue."""
        with self.lock:
            issue = self.find(number)
            assert issue is not None
            self._changed(issue, change, TWO)

    def find(self, number: str) -> dict[str, Any] | None:
        return next((each for each in self.state if str(each["id"]) == number), None)

    def _shown(self, request: Request, user: int, found: re.Match[str] | None) -> Reply:
        match request.path:
            case "/users/current.json":
                roles = [{"project": {"id": 1}, "roles": [{"id": 3}]}]
                me = {"id": BOT, "login": "tocsin", "api_key": self.token, "memberships": roles}
                return Reply(200, {"user": me}) if user else Reply(401)
            case "/projects/ops.json":
                return Reply(
                    200, {"project": {"id": 1, "name": "Ops", "trackers": [{"id": 1, "name": "Bug"}]}}
                )
            case "/issue_statuses.json":
                return Reply(200, {"issue_statuses": [_status(each) for each in _STATUSES]})
            case "/enumerations/issue_priorities.json":
                rows = [{"id": number, "name": name} for number, name in _PRIORITIES.items()]
                return Reply(200, {"issue_priorities": rows})
            case "/custom_fields.json":
                return Reply(403)
            case "/roles/3.json" if self.tells_roles:
                rights = "view_issues add_issues edit_issues add_issue_notes set_notes_private"
                return Reply(200, {"role": {"id": 3, "permissions": rights.split()}})
            case "/issues.json":
                return Reply(200, {"issues": self._listed(request, user)})
        issue = self.find(found[1]) if found else None
        return Reply(200, {"issue": issue}) if issue else Reply(404)

    def _listed(self, request: Request, user: int) -> list[dict[str, Any]]:
        """Nobody sees no issue; a filter on a field that is not there is dropped."""
        key, status = request.first(f"cf_{KEY_FIELD}"), request.first("status_id", "open")
        rows = [
            {name: value for name, value in each.items() if name != "journals"}
            for each in self.state
            if user
            and (status == "*" or not each["status"]["is_closed"])
            and key in ("", "*", each["custom_fields"][0]["value"])
        ]
        rows.sort(key=lambda each: int(each["id"]), reverse=request.first("sort") == "id:desc")
        return rows[: int(request.first("limit", "25"))]

    def _made(self, given: dict[str, Any], user: int) -> Reply:
        values = {each["id"]: each["value"] for each in given.get("custom_fields") or ()}
        issue = {
            "id": len(self.state) + 1,
            "author": _user(user),
            "subject": given["subject"],
            "description": given.get("description", ""),
            "status": _status(1),
            "priority": _priority(given.get("priority_id", 2)),
            "custom_fields": [{"id": KEY_FIELD, "name": "AlertKey", "value": values.get(KEY_FIELD, "")}],
            "created_on": self._moment(),
            "journals": [],
        }
        self.state.append(issue)
        return Reply(201, {"issue": issue})

    def _changed(self, issue: dict[str, Any], change: dict[str, Any], user: int) -> None:
        details = []
        if "status_id" in change and not (self.forbids and user == BOT):
            issue["status"] = _status(change["status_id"])
            details.append({"property": "attr", "name": "status_id"})
        if "priority_id" in change:
            issue["priority"] = _priority(change["priority_id"])
        if "assigned_to_id" in change:
            issue["assigned_to"] = _user(change["assigned_to_id"])
        journal = {
            "id": sum(len(each["journals"]) for each in self.state) + 1,
            "user": _user(user),
            "notes": change.get("notes", ""),
            "private_notes": bool(change.get("private_notes")) and not self.bares,
            "created_on": self._moment(),
            "details": details,
        }
        issue["journals"].append(journal)

    def _moment(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _status(number: int) -> dict[str, Any]:
    name, is_closed = _STATUSES[number]
    return {"id": number, "name": name, "is_closed": is_closed}


def _priority(number: int) -> dict[str, Any]:
    return {"id": number, "name": _PRIORITIES[number]}


def _user(number: int) -> dict[str, Any]:
    return {"id": number, "name": _NAMES[number]}


if __name__ == "__main__":
    run_alone(Redmine())
