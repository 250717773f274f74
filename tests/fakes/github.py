"""GitHub's issues, from what is known of them: `python -m tests.fakes.github [PORT]` runs it alone.

Pull requests are issues of the list; labels that somebody without the role sets are dropped without a word; locked
issues take no comment; writes that come too fast meet the secondary limit; transferred issues have moved.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.fakes import contracts
from tests.fakes.vendor import Reply, Request, Vendor, run_alone

BOT, TWO = "tocsin-bot", "agent-two"
REPO = "example/operations"
_LARGEST = 65_536


class Github(Vendor):
    """State: `issues` by number, `labels`. Everything that an administrator sets is an attribute."""

    token = "github-token-of-the-bot-4711"

    def __init__(self) -> None:
        super().__init__()
        self.may_label = True
        self.hidden = self.archived = self.renamed = False
        self.has_issues = True
        self.limit: tuple[int, dict[str, str], str] | None = None  # what writes are answered with
        self.state = {"issues": {}, "labels": ["bug"], "next": 1}

    def _verify(self, request: Request) -> None:
        # The schema that is kept is cut: the repository itself is left out.
        if not contracts.are_here() or request.path == f"/repos/{REPO}":
            return
        said = contracts.contract("github").verify(
            request.method, request.path, dict(request.query), request.body
        )
        if said:
            self.wrong.append(said)

    @property
    def issues(self) -> list[dict[str, Any]]:
        """Those that are no pull requests, and not deleted, the oldest first."""
        return [each for each in self.state["issues"].values() if not each.get("pull_request")]

    def answer(self, request: Request) -> Reply:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return _error(401, "Bad credentials")
        if request.path == "/user":
            return Reply(200, {"login": BOT, "id": 1, "type": "User"})
        if request.method == "GET" and request.path == "/rate_limit":
            return Reply(200, {"resources": {}})
        if not request.path.startswith(f"/repos/{REPO}") or self.hidden:
            return _error(404, "Not Found")
        if self.renamed:
            return Reply(301, {"message": "Moved Permanently"}, {"Location": f"{self.url}/repositories/1"})
        if request.method != "GET" and self.limit is not None:
            status, headers, message = self.limit
            return Reply(status, {"message": message}, headers)
        path = request.path.removeprefix(f"/repos/{REPO}")
        if "/issues" in path and not self.has_issues:
            return _error(410, "Issues are disabled for this repo")
        if request.method != "GET" and self.archived:
            return _error(403, "Repository was archived so is read-only.")
        return self._routed(request, path)

    def _routed(self, request: Request, path: str) -> Reply:
        routes: list[tuple[str, str, Callable[..., Reply]]] = [
            ("GET", r"", self._repository),
            ("GET", r"/labels", lambda r: self._paged(r, [{"name": each} for each in self.state["labels"]])),
            ("GET", r"/issues", self._list),
            ("POST", r"/issues", self._create),
            ("GET", r"/issues/(\d+)", lambda _r, issue: Reply(200, _shown(issue))),
            ("PATCH", r"/issues/(\d+)", self._patch),
            ("GET", r"/issues/(\d+)/comments", lambda r, issue: self._paged(r, issue["said"])),
            ("POST", r"/issues/(\d+)/comments", self._comment),
            ("PUT", r"/issues/(\d+)/labels", self._relabel),
        ]
        for method, pattern, handler in routes:
            if method != request.method or not (fits := re.fullmatch(pattern, path)):
                continue
            if not fits.groups():
                return handler(request)
            issue = self.state["issues"].get(int(fits[1]))
            if issue is None:
                return _error(404, "Not Found")
            if issue.get("deleted"):
                return _error(410, "This issue was deleted")
            if issue.get("transferred"):
                return Reply(
                    301, {"message": "Moved Permanently"}, {"Location": f"{self.url}/repositories/2/issues/1"}
                )
            return handler(request, issue)
        return _error(404, "Not Found")

    def _repository(self, _request: Request) -> Reply:
        role = {"pull": True, "triage": self.may_label, "push": self.may_label}
        about = {"archived": self.archived, "has_issues": self.has_issues, "permissions": role}
        return Reply(200, {"full_name": REPO, **about})

    def _paged(self, request: Request, items: list[Any]) -> Reply:
        size, page = int(request.first("per_page", "30")), int(request.first("page", "1"))
        return Reply(200, items[(page - 1) * size : page * size])

    def _list(self, request: Request) -> Reply:
        wanted = [each.casefold() for each in request.first("labels").split(",") if each]
        state, since = request.first("state", "open"), request.first("since")
        hits = [
            each
            for each in self.state["issues"].values()
            if not each.get("deleted") and not each.get("transferred")
            if set(wanted) <= {label["name"].casefold() for label in each["labels"]}
            if state in ("all", each["state"]) and (not since or each["updated_at"] >= since)
        ]
        hits.sort(key=lambda each: int(each["number"]), reverse=request.first("direction", "desc") == "desc")
        return self._paged(request, [_shown(each) for each in hits])

    def _create(self, request: Request) -> Reply:
        body = request.body
        if wrong := _wrong(body, "title", "body", "labels", "assignees", "milestone", "type"):
            return wrong
        issue = self.make(BOT, **body)
        return Reply(201, _shown(issue))

    def make(self, who: str, **body: Any) -> dict[str, Any]:
        """A new issue, at once, whoever makes it."""
        number = self.state["next"]
        self.state["next"] += 1
        labels = body.get("labels", []) if self.may_label else []
        labels = self._known(labels)
        issue = {
            "id": 5000 + number,
            "number": number,
            "title": body["title"],
            "body": body.get("body"),
            "state": "open",
            "state_reason": None,
            "labels": [{"name": each} for each in labels],
            "user": {"login": who},
            "assignees": [{"login": each} for each in body.get("assignees", []) if self.may_label],
            "closed_by": None,
            "locked": False,
            "html_url": f"https://github.example.org/{REPO}/issues/{number}",
            "created_at": self._moment(),
            "updated_at": self._moment(),
            "said": [],
        }
        self.state["issues"][number] = issue
        return issue

    def _known(self, labels: list[str]) -> list[str]:
        """As they are called here: capitals make no other label, and what is new is made."""
        names = {each.casefold(): each for each in self.state["labels"]}
        self.state["labels"] += [each for each in labels if each.casefold() not in names]
        return [names.get(each.casefold(), each) for each in labels]

    def _moment(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def _patch(self, request: Request, issue: dict[str, Any]) -> Reply:
        body = request.body
        if wrong := _wrong(
            body, "title", "body", "labels", "assignees", "state", "state_reason", "milestone"
        ):
            return wrong
        if "state" in body:
            self.moved(issue, BOT, body["state"], body.get("state_reason"))
        return Reply(200, _shown(issue))

    def moved(self, issue: dict[str, Any], who: str, state: str, reason: str | None = None) -> None:
        """Closed or opened again, whoever does it."""
        if issue["state"] == state:
            return
        if (state == "open") is not (reason in ("reopened", None)):
            reason = "completed" if state == "closed" else "reopened"
        issue.update(state=state, state_reason=reason, updated_at=self._moment())
        issue["closed_by"] = {"login": who} if state == "closed" else None

    def _comment(self, request: Request, issue: dict[str, Any]) -> Reply:
        if wrong := _wrong(request.body, "body"):
            return wrong
        if issue["locked"]:
            return _error(403, "Unable to create comment because issue is locked.")
        return Reply(201, self.say(issue, BOT, request.body["body"]))

    def say(self, issue: dict[str, Any], who: str, body: str) -> dict[str, Any]:
        """A comment, whoever says it."""
        number = 9000 + int(issue["number"]) * 1000 + len(issue["said"])
        comment = {"id": number, "user": {"login": who}, "body": body, "created_at": self._moment()}
        issue["said"].append(comment)
        issue["updated_at"] = self._moment()
        return comment

    def _relabel(self, request: Request, issue: dict[str, Any]) -> Reply:
        if self.may_label:
            issue["labels"] = [{"name": each} for each in self._known(request.body["labels"])]
        return Reply(200, issue["labels"])


def _shown(issue: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in issue.items() if name != "said"}
    assignee = issue["assignees"][0] if issue["assignees"] else None
    return {**shown, "comments": len(issue["said"]), "assignee": assignee}


def _wrong(body: dict[str, Any], *names: str) -> Reply | None:
    """What the schema leaves open: too long, too many labels, members that are none."""
    errors = [
        {"resource": "Issue", "field": each, "code": "invalid"} for each in sorted(set(body) - set(names))
    ]
    if len(body.get("title", "")) > 256 or body.get("title") == "":
        errors.append(
            {"resource": "Issue", "field": "title", "code": "too_long" if body["title"] else "missing_field"}
        )
    if len(body.get("body") or "") > _LARGEST:
        errors.append({"resource": "Issue", "field": "body", "code": "too_long"})
    if any(len(each) > 50 for each in body.get("labels", ())):
        errors.append({"resource": "Label", "field": "name", "code": "too_long"})
    if any(each == "nobody" for each in body.get("assignees", ())):
        errors.append({"resource": "Issue", "field": "assignees", "code": "invalid"})
    if not errors:
        return None
    page = "https://docs.github.com/rest"
    return Reply(422, {"message": "Validation Failed", "errors": errors, "documentation_url": page})


def _error(status: int, message: str) -> Reply:
    return Reply(status, {"message": message, "documentation_url": "https://docs.github.com/rest"})


if __name__ == "__main__":
    run_alone(Github())
