"""Jira Cloud and Data Center, from what is known of them: `python -m tests.fakes.jira [PORT]` runs Cloud alone.

The search lags; the old search of Cloud is gone; what is unknown, required or on no screen is refused with the field's
name; issues that are not to be seen are 404. A new issue is assigned by the project, which is no person's doing.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.fakes import contracts
from tests.fakes.jira_rules import CATEGORIES, OFF_SCREEN, PRIORITIES, term, wrong_fields, wrong_text
from tests.fakes.vendor import Reply, Request, Vendor, run_alone

BOT = {"accountId": "557058:bot", "key": "bot", "name": "bot", "displayName": "Tocsin"}
TWO = {"accountId": "557058:two", "key": "two", "name": "two", "displayName": "Agent Two"}
LEAD = {"accountId": "557058:lead", "key": "lead", "name": "lead", "displayName": "Team Lead"}
# Beside the paths of the contract of Data Center's schema, which is older and cut: what later versions have.
_LATER = re.compile(r"/api/2/(project/[^/]+|issue/createmeta/.+|issue/[^/]+/remotelink)")
_NOTHING = Reply(204)


class Jira(Vendor):
    """State: `issues` by number. Everything that an administrator sets is an attribute."""

    user, token = "bot@example.org", "jira-token-of-the-bot-4711"

    def __init__(self, flavour: str = "cloud") -> None:
        super().__init__()
        self.flavour = flavour
        self.api = "/rest/api/3" if flavour == "cloud" else "/rest/api/2"
        self.key_field = "customfield_10080"
        self.lag = 30.0 if flavour == "cloud" else 10.0
        self.screen = {"summary", "description", "labels", "priority", "issuetype", "project", self.key_field}
        self.required: dict[str, str] = {}
        self.hidden = False  # the bot's permission for the project was taken away
        self.steps = [
            ("11", "Begin", "In Progress", ("To Do",)),
            ("21", "Decline", "Declined", ("To Do", "In Progress")),
            ("31", "Finish", "Done", ("To Do", "In Progress")),
            ("41", "Reopen", "To Do", ("Done", "Declined")),
        ]
        self.resolution_listed = self.resolution_taken = True
        self.clears_resolution = self.refuses_comments = False
        self.takes_issues = True
        self.public = False  # whoever is not known may search, and sees nothing of ours
        self.limited = ""  # the limit that writes to one issue meet
        self.state = {"issues": {}, "next": 10001}

    def _verify(self, request: Request) -> None:
        if not contracts.are_here():
            return
        if self.flavour == "cloud":
            said = contracts.contract("jira-cloud-platform-v3").verify(
                request.method, request.path, dict(request.query), request.body
            )
        else:
            path = request.path.removeprefix("/rest")
            # That schema has no bodies, and does not name expand= of transitions.
            query = {name: value for name, value in request.query.items() if name != "expand"}
            known = contracts.contract("jira-server-7.6-paths")
            said = "" if _LATER.fullmatch(path) else known.verify(request.method, path, query, None)
        if said and "lacks a body" not in said:
            self.wrong.append(said)

    @property
    def issues(self) -> list[dict[str, Any]]:
        return [each for each in self.state["issues"].values() if not each["deleted"]]

    def find(self, name: str) -> dict[str, Any] | None:
        """By number, key, or a key that it had before it was moved."""
        for each in self.issues:
            if name in (each["id"], *each["keys"]):
                found: dict[str, Any] = each
                return found
        return None

    def answer(self, request: Request) -> Reply:
        if not self._is_bot(request) and self.public and "/search" in request.path:
            return Reply(200, {"issues": [], "isLast": True, "total": 0})
        if not self._is_bot(request):
            return Reply(401, b"<html>Unauthorized</html>", {"Content-Type": "text/html"})
        if not request.path.startswith(self.api):
            return _errors(404, "null for uri")
        path = request.path.removeprefix(self.api)
        routes: list[tuple[str, str, Callable[..., Reply]]] = [
            ("GET", r"/myself", lambda _r: Reply(200, self._user(BOT))),
            ("GET", r"/project/([^/]+)", self._project),
            ("GET", r"/issue/createmeta/([^/]+)/issuetypes", self._types),
            ("GET", r"/issue/createmeta/([^/]+)/issuetypes/([^/]+)", self._type_fields),
            ("POST", r"/search/jql" if self.flavour == "cloud" else r"/search", self._search),
            ("POST", r"/issue", self._create),
            ("GET", r"/issue/([^/]+)", self._get),
            ("PUT", r"/issue/([^/]+)", self._edit),
            ("GET", r"/issue/([^/]+)/comment", self._comments),
            ("POST", r"/issue/([^/]+)/comment", self._comment),
            ("GET", r"/issue/([^/]+)/transitions", self._transitions),
            ("POST", r"/issue/([^/]+)/transitions", self._move),
            ("POST", r"/issue/([^/]+)/remotelink", self._link),
            ("GET", r"/issue/([^/]+)/properties/([^/]+)", self._property),
        ]
        if self.flavour == "cloud" and path == "/search":
            return _errors(
                410, "The requested API has been removed. Please migrate to /rest/api/3/search/jql"
            )
        for method, pattern, handler in routes:
            if method == request.method and (fits := re.fullmatch(pattern, path)):
                return handler(request, *fits.groups())
        return _errors(404, f"no such resource: {path}")

    def _is_bot(self, request: Request) -> bool:
        basic = "Basic " + base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        wanted = basic if self.flavour == "cloud" else f"Bearer {self.token}"
        return request.headers.get("authorization") == wanted

    def _user(self, user: dict[str, str]) -> dict[str, str]:
        names = ("accountId", "displayName") if self.flavour == "cloud" else ("key", "name", "displayName")
        return {name: user[name] for name in names}

    def _seen(self, name: str) -> dict[str, Any] | None:
        return None if self.hidden else self.find(name)

    def _project(self, _request: Request, key: str) -> Reply:
        if self.hidden or key != "OPS":
            return _errors(404, f"No project could be found with key '{key}'.")
        return Reply(200, {"id": "10000", "key": "OPS", "name": "Operations"})

    def _types(self, _request: Request, _project: str) -> Reply:
        name = "issueTypes" if self.flavour == "cloud" else "values"
        types = [{"id": "10002", "name": "Task"}, {"id": "10003", "name": "Bug"}]
        return Reply(200, {name: types, "total": 2, "startAt": 0, "maxResults": 50})

    def _type_fields(self, request: Request, _project: str, _type: str) -> Reply:
        listed: list[dict[str, Any]] = []
        for name in sorted(self.screen | set(self.required)):
            schema = {"type": "array" if name == "labels" else "string"}
            required = name in self.required or name in ("summary", "issuetype", "project")
            each = {"fieldId": name, "key": name, "name": self.required.get(name, name), "required": required}
            listed.append({**each, "schema": schema, "hasDefaultValue": False})
            if name == "priority":
                listed[-1]["allowedValues"] = [{"id": str(n), "name": p} for n, p in enumerate(PRIORITIES, 1)]
        start = int(request.first("startAt", "0"))
        page = listed[start : start + 3]  # pages are short, whatever is asked
        name = "fields" if self.flavour == "cloud" else "values"
        return Reply(200, {name: page, "total": len(listed), "startAt": start, "maxResults": 3})

    def _create(self, request: Request) -> Reply:
        body = request.body
        if not self.takes_issues:
            return _errors(404, "null for uri")
        if self.hidden or body["fields"].get("project") != {"key": "OPS"}:
            return _errors(400, project="valid project is required")
        self._only(body, "fields", "properties", "update")
        if wrong := wrong_fields(body["fields"], self.screen, self.required, self.flavour):
            return _errors(400, **wrong)
        issue = self.make(body["fields"], {each["key"]: each["value"] for each in body.get("properties", ())})
        return Reply(201, {"id": issue["id"], "key": issue["keys"][0], "self": f"{self.url}/{issue['id']}"})

    def make(self, fields: dict[str, Any], properties: Any, creator: Any = BOT) -> dict[str, Any]:
        """A new issue, at once, whoever makes it."""
        number = str(self.state["next"])
        self.state["next"] += 1
        values = {"labels": [], "resolution": None, "status": "To Do", "assignee": LEAD, **fields}
        issue = {
            "id": number,
            "keys": [f"OPS-{int(number) - 10000}"],
            "fields": values,
            "properties": properties,
            "creator": creator,
            "comments": [],
            "history": [],
            "links": [],
            "created": self.now(),
            "deleted": False,
        }
        self.state["issues"][number] = issue
        return issue

    def _only(self, body: dict[str, Any], *names: str) -> None:
        """What the schema leaves open, and Jira does not."""
        if unknown := sorted(set(body) - set(names)):
            self.wrong.append(f"unknown members: {', '.join(unknown)}")

    def _get(self, request: Request, name: str) -> Reply:
        issue = self._seen(name)
        return Reply(200, self._shown(issue, request)) if issue else _missing()

    def _shown(self, issue: dict[str, Any], request: Request) -> dict[str, Any]:
        shown = self._with_fields(issue, request.first("fields", "*all").split(","))
        if wanted := request.first("properties"):
            shown["properties"] = (
                {wanted: issue["properties"][wanted]} if wanted in issue["properties"] else {}
            )
        if request.first("expand") == "changelog":
            shown["changelog"] = {"histories": issue["history"]}
        return shown

    def _with_fields(self, issue: dict[str, Any], names: list[str]) -> dict[str, Any]:
        status, own = issue["fields"]["status"], issue["fields"]
        every = {
            **own,
            "status": {"name": status, "statusCategory": {"key": CATEGORIES[status]}},
            "assignee": self._user(own["assignee"]) if own["assignee"] else None,
            "creator": self._user(issue["creator"]),
        }
        fields = {name: value for name, value in every.items() if name in names or "*all" in names}
        return {"id": issue["id"], "key": issue["keys"][0], "fields": fields}

    def _search(self, request: Request) -> Reply:
        body = request.body
        self._only(
            body, "jql", "fields", "maxResults", "nextPageToken", "startAt", "properties", "reconcileIssues"
        )
        if self.hidden:
            return _errors(400, "The value 'OPS' does not exist for the field 'project'.")
        where, _, order = body["jql"].partition(" ORDER BY ")
        terms = [term(each) for each in where.split(" AND ")]
        if None in terms:
            return _errors(400, f"Error in the JQL Query: {where}")
        old = [each for each in self.issues if each["created"] + self.lag <= self.now()]
        hits = [each for each in old if all(fits(each) for fits in terms if fits)]
        hits.sort(key=lambda each: int(each["id"]), reverse=order.endswith("DESC"))
        start = int(body.get("nextPageToken") or body.get("startAt") or 0)
        most = min(int(body.get("maxResults", 50)), 20)
        page = [self._with_fields(each, body.get("fields", ())) for each in hits[start : start + most]]
        for each in page:
            if not body.get("fields"):
                del each["key"], each["fields"]
        end = start + len(page)
        if self.flavour == "dc":
            return Reply(200, {"issues": page, "startAt": start, "maxResults": most, "total": len(hits)})
        more = {"nextPageToken": str(end), "isLast": False} if end < len(hits) else {"isLast": True}
        return Reply(200, {"issues": page, **more})

    def _edit(self, request: Request, name: str) -> Reply:
        issue, fields = self._seen(name), request.body["fields"]
        self._only(request.body, "fields", "update")
        if issue is None:
            return _missing()
        if "resolution" in fields and not self.resolution_taken:
            return _errors(400, resolution=f"Field 'resolution' cannot be set. {OFF_SCREEN}")
        wrong = wrong_fields(
            {n: v for n, v in fields.items() if n != "resolution"}, self.screen, {}, self.flavour
        )
        if wrong:
            return _errors(400, **wrong)
        issue["fields"].update(fields)
        return _NOTHING

    def _comments(self, request: Request, name: str) -> Reply:
        issue = self._seen(name)
        if issue is None:
            return _missing()
        comments = issue["comments"][:: -1 if request.first("orderBy") == "-created" else 1]
        start = int(request.first("startAt", "0"))
        page = comments[start : start + 2]  # pages are short, whatever is asked
        return Reply(200, {"comments": page, "startAt": start, "maxResults": 2, "total": len(comments)})

    def _comment(self, request: Request, name: str) -> Reply:
        issue = self._seen(name)
        self._only(request.body, "body", "properties", "visibility")
        if issue is None:
            return _missing()
        if self.limited:
            return Reply(429, {}, {"Retry-After": "7", "RateLimit-Reason": self.limited})
        if self.refuses_comments:
            return _errors(400, "You do not have the permission to comment on this issue.")
        if said := wrong_text(request.body["body"], self.flavour):
            return _errors(400, comment=said)
        internal = {"key": "sd.public.comment", "value": {"internal": True}} in request.body.get(
            "properties", []
        )
        return Reply(201, self.say(issue, BOT, request.body["body"], public=not internal))

    def say(self, issue: Any, who: dict[str, str], body: Any, *, public: bool = True) -> dict[str, Any]:
        """A comment, whoever says it."""
        number = str(20000 + int(issue["id"]) * 100 + len(issue["comments"]))
        comment = {"id": number, "author": self._user(who), "body": body, "created": self._moment()}
        issue["comments"].append({**comment, "jsdPublic": public})
        return comment

    def _moment(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")

    def _open_steps(self, issue: dict[str, Any]) -> list[tuple[str, str, str]]:
        return [(n, name, to) for n, name, to, of in self.steps if issue["fields"]["status"] in of]

    def _transitions(self, request: Request, name: str) -> Reply:
        issue = self._seen(name)
        if issue is None:
            return _missing()
        resolution = {"required": False, "allowedValues": [{"name": "Won't Do"}, {"name": "Done"}]}
        told: list[dict[str, Any]] = []
        for number, called, to in self._open_steps(issue):
            target = {"name": to, "statusCategory": {"key": CATEGORIES[to]}}
            told.append({"id": number, "name": called, "to": target})
            if request.first("expand") == "transitions.fields":
                listed = self.resolution_listed and CATEGORIES[to] == "done"
                told[-1]["fields"] = {"resolution": resolution} if listed else {}
        return Reply(200, {"transitions": told})

    def _move(self, request: Request, name: str) -> Reply:
        issue, body = self._seen(name), request.body
        self._only(body, "transition", "fields", "update")
        if issue is None:
            return _missing()
        number = body["transition"]["id"]
        to = next((to for n, _, to in self._open_steps(issue) if n == number), None)
        if to is None:
            return _errors(400, f"It seems that you have tried to perform a workflow operation ({number}) that is "
                           "not valid for the current state of this issue.")  # fmt: skip
        given = body.get("fields", {})
        if "resolution" in given and not self.resolution_taken:
            return _errors(400, resolution=f"Field 'resolution' cannot be set. {OFF_SCREEN}")
        self.moved(issue, BOT, to, given)
        return _NOTHING

    def moved(self, issue: Any, who: dict[str, str], to: str, fields: dict[str, Any] | None = None) -> None:
        """A change of status, whoever makes it."""
        self._note(issue, who, "status")
        issue["fields"]["status"] = to
        if CATEGORIES[to] == "done":
            issue["fields"]["resolution"] = {"name": "Done"}
        elif self.clears_resolution:
            issue["fields"]["resolution"] = None
        issue["fields"].update(fields or {})

    def assigned(self, issue: Any, who: dict[str, str], to: dict[str, str]) -> None:
        """Somebody assigns it."""
        self._note(issue, who, "assignee")
        issue["fields"]["assignee"] = to

    def _note(self, issue: Any, who: dict[str, str], field: str) -> None:
        entry = {"author": self._user(who), "created": self._moment(), "items": [{"field": field}]}
        issue["history"].insert(0, entry)

    def _link(self, request: Request, name: str) -> Reply:
        issue = self._seen(name)
        if issue is None:
            return _missing()
        issue["links"].append(request.body)
        return Reply(201, {"id": 10000, "self": self.url})

    def _property(self, _request: Request, name: str, wanted: str) -> Reply:
        issue = self._seen(name)
        if issue is None or wanted not in issue["properties"]:
            return _missing()
        return Reply(200, {"key": wanted, "value": issue["properties"][wanted]})


def _errors(status: int, *messages: str, **fields: str) -> Reply:
    return Reply(status, {"errorMessages": list(messages), "errors": fields})


def _missing() -> Reply:
    return _errors(404, "Issue does not exist or you do not have permission to see it.")


if __name__ == "__main__":
    run_alone(Jira())
