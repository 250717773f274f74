"""Zendesk Support, from what is known of it: `python -m tests.fakes.zendesk [PORT]` runs it alone.

What is closed stays closed; a ticket takes 30 updates in ten minutes; unknown fields are ignored without a word; who is
nobody is answered all the same.
"""

from __future__ import annotations

import base64
import copy
import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.fakes import contracts
from tests.fakes.vendor import Reply, Request, Vendor, run_alone

BOT, TWO, THREE = 101, 102, 103
_PAGE = 100
_TEN_MINUTES, _TWO_HOURS = 600.0, 7200.0
_PRIORITIES, _STATUSES = (
    ("low", "normal", "high", "urgent"),
    ("new", "open", "pending", "hold", "solved", "closed"),
)
# What the account has beside the paths of the contract, and members that its schema lacks.
_BESIDE = re.compile(r"/(users/me|users/show_many|ticket_fields|search)")
_DOCUMENTED = ("via_followup_source_id", "safe_update", "updated_stamp")


class Zendesk(Vendor):
    """State: `tickets` by number. Everything that an administrator sets is an attribute."""

    contract, under = "zendesk-secondhand", "/api/v2"
    user, token = "bot@example.org", "zendesk-token-of-the-bot-4711"

    def __init__(self) -> None:
        super().__init__()
        self.lag = 120.0  # of the search
        self.drops_filters = False
        self.anonymous = False  # who is nobody sees an empty account
        self.role = "agent"
        self.required: dict[int, str] = {}  # fields to solve: number and title
        self.assignee_to_solve = True
        self.given_to: int | None = None  # what a trigger does with each new ticket
        self.no_names = False  # users, ourselves too, are not for us to read
        self.users = {BOT: "Tocsin", TWO: "Agent Two", THREE: "Agent Three"}
        self.fields: list[dict[str, Any]] = [
            {"id": 11, "type": "subject", "title": "Subject", "required": True, "active": True},
            {"id": 12, "type": "priority", "title": "Priority", "required": False, "active": True,
             "system_field_options": [{"value": each} for each in _PRIORITIES]},
            {"id": 360001, "type": "text", "title": "Service", "required": False, "active": True},
        ]  # fmt: skip
        self.state = {"tickets": {}, "next": 1, "comment": 5001, "created": {}, "updates": {}}

    def _verify(self, request: Request) -> None:
        path = request.path.removeprefix(self.under)
        if not contracts.are_here() or _BESIDE.fullmatch(path):
            return
        body = copy.deepcopy(request.body)
        if isinstance(body, dict) and isinstance(body.get("ticket"), dict):
            for name in _DOCUMENTED:
                body["ticket"].pop(name, None)
        said = contracts.contract("zendesk-secondhand").verify(
            request.method, path, dict(request.query), body
        )
        if said:
            self.wrong.append(said)

    @property
    def tickets(self) -> list[dict[str, Any]]:
        return [each for each in self.state["tickets"].values() if not each["gone"]]

    def find(self, number: str) -> dict[str, Any] | None:
        ticket: dict[str, Any] | None = self.state["tickets"].get(number)
        return ticket if ticket and not ticket["gone"] else None

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(self.under)
        if not self._is_bot(request):
            if not self.anonymous:
                return Reply(401, {"error": "Couldn't authenticate you"})
            nobody = {"user": {"id": None, "name": "Anonymous user", "role": "end-user"}}
            empty: dict[str, Any] = {"tickets": [], "next_page": None, "count": 0}
            return Reply(200, nobody if path == "/users/me" else empty)
        if path == "/users/me" and not self.no_names:
            return Reply(200, {"user": {"id": BOT, "name": "Tocsin", "role": self.role}})
        if self.role not in ("agent", "admin"):
            return Reply(403, {"error": {"title": "Forbidden", "message": "You do not have access"}})
        for method, pattern, act in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return act(request, *found.groups())
        return Reply(404, {"error": "InvalidEndpoint", "description": "Not found"})

    def _routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        return [
            ("GET", "/tickets", self._listed),
            ("POST", "/tickets", self._created),
            ("GET", r"/tickets/(\d+)", self._shown),
            ("PUT", r"/tickets/(\d+)", self._updated),
            ("GET", r"/tickets/(\d+)/comments", self._commented),
            ("GET", "/search", self._searched),
            ("GET", "/users/show_many", self._named),
            ("GET", "/users/me", self._named),
            ("GET", "/ticket_fields", lambda _request: Reply(200, {"ticket_fields": self.fields})),
        ]

    def _is_bot(self, request: Request) -> bool:
        packed = base64.b64encode(f"{self.user}/token:{self.token}".encode()).decode()
        return request.headers.get("authorization") in (f"Basic {packed}", f"Bearer {self.token}")

    def _listed(self, request: Request) -> Reply:
        wanted = request.first("external_id")
        found = [each for each in self.tickets if each["status"] != "deleted"]
        if wanted and not self.drops_filters:
            found = [each for each in found if (each["external_id"] or "").lower() == wanted.lower()]
        shown = [_document(each) for each in found[:_PAGE]]
        return Reply(200, {"tickets": shown, "next_page": None, "count": len(found)})

    def _searched(self, request: Request) -> Reply:
        """Words of the form name:value, and status<solved; the index is behind."""
        found = [each for each in self.tickets if each["at"] <= self.now() - self.lag]
        words = request.first("query").split()
        if not self.drops_filters:
            tags = [word.removeprefix("tags:") for word in words if word.startswith("tags:")]
            found = [each for each in found if set(tags) <= set(each["tags"])]
            if "status<solved" in words:
                found = [each for each in found if each["status"] not in ("solved", "closed")]
        newest = sorted(found, key=lambda each: -each["id"])
        return Reply(200, {"results": [{**_document(each), "result_type": "ticket"} for each in newest]})

    def _created(self, request: Request) -> Reply:
        ticket, key = request.body["ticket"], request.headers.get("idempotency-key")
        before = self.state["created"].get(key) if key else None
        if before and before["at"] > self.now() - _TWO_HOURS:
            if before["body"] != request.raw.decode():
                return Reply(
                    400, {"error": "IdempotentRequestError", "description": "Request parameters differ"}
                )
            return Reply(201, before["answer"], {"x-idempotency-lookup": "hit"})
        if wrong := self._wrong_to_create(ticket):
            return wrong
        number = self.state["next"]
        self.state["next"] += 1
        made = {name: ticket.get(name) for name in ("subject", "external_id", "type", "group_id")}
        made |= {
            "id": number, "status": ticket.get("status", "new"), "priority": ticket.get("priority"),
            "assignee_id": ticket.get("assignee_id") or self.given_to, "submitter_id": BOT, "requester_id": BOT,
            "tags": list(ticket.get("tags", ())), "custom_fields": self._known(ticket.get("custom_fields", ())),
            "at": self.now(), "changed": 0, "gone": False, "comments": [],
            "followup": ticket.get("via_followup_source_id"),
        }  # fmt: skip
        self.state["tickets"][str(number)] = made
        self._say(made, BOT, ticket["comment"])
        answer = {"ticket": _document(made)}
        if key:
            self.state["created"][key] = {"at": self.now(), "body": request.raw.decode(), "answer": answer}
        return Reply(201, copy.deepcopy(answer), {"x-idempotency-lookup": "miss"} if key else {})

    def _wrong_to_create(self, ticket: dict[str, Any]) -> Reply | None:
        comment = ticket.get("comment") or {}
        if not comment.get("body") and not comment.get("html_body"):
            return _invalid(base=[{"description": "Description: cannot be blank", "error": "BlankValue"}])
        if ticket.get("priority") not in (None, *_PRIORITIES):
            return _invalid(priority=[{"description": f"Priority: {ticket['priority']} is not included"}])
        source = ticket.get("via_followup_source_id")
        followed = self.find(str(source)) if source else None
        if source and (followed is None or followed["status"] != "closed"):
            return _invalid(base=[{"description": f"Follow-up: {source} is not a closed ticket"}])
        return None

    def _shown(self, _request: Request, number: str) -> Reply:
        ticket = self.find(number)
        return Reply(200, {"ticket": _document(ticket)}) if ticket else _missing()

    def _updated(self, request: Request, number: str) -> Reply:
        ticket, wish = self.find(number), request.body["ticket"]
        if ticket is None:
            return _missing()
        lately = [at for at in self.state["updates"].get(number, ()) if at > self.now() - _TEN_MINUTES]
        if len(lately) >= 30:
            after = int(min(lately) + _TEN_MINUTES - self.now()) + 1
            return Reply(429, {"error": "TooManyTicketUpdates"}, {"Retry-After": str(after)})
        if ticket["status"] == "closed":
            return _invalid(status=[{"description": "Status: closed prevents ticket update"}])
        if wish.get("safe_update") and wish.get("updated_stamp") != _document(ticket)["updated_at"]:
            return Reply(409, {"error": "UpdateConflict", "description": "the ticket was updated meanwhile"})
        if wrong := self._wrong_to_update(ticket, wish):
            return wrong
        self.state["updates"][number] = [*lately, self.now()]
        for name in ("status", "priority", "assignee_id", "group_id", "external_id"):
            if name in wish:
                ticket[name] = wish[name]
        if "comment" in wish:
            self._say(ticket, BOT, wish["comment"])
        ticket["changed"] += 1
        return Reply(200, {"ticket": _document(ticket)})

    def _wrong_to_update(self, ticket: dict[str, Any], wish: dict[str, Any]) -> Reply | None:
        if wish.get("priority", "low") not in _PRIORITIES:
            return _invalid(priority=[{"description": f"Priority: {wish['priority']} is not included"}])
        if wish.get("status", "new") not in _STATUSES:
            return _invalid(status=[{"description": f"Status: {wish['status']} is not included"}])
        if wish.get("status") != "solved":
            return None
        filled = {each["id"] for each in ticket["custom_fields"] if each["value"]}
        for number, title in self.required.items():
            if number not in filled:
                text = f"{title}: is required when solving a ticket"
                return _invalid(
                    base=[{"description": text, "error": "RequiredField", "ticket_field_id": number}]
                )
        if self.assignee_to_solve and not (wish.get("assignee_id") or ticket["assignee_id"]):
            return _invalid(base=[{"description": "Assignee: is required when solving tickets"}])
        return None

    def _commented(self, request: Request, number: str) -> Reply:
        ticket = self.find(number)
        if ticket is None:
            return _missing()
        found = sorted(ticket["comments"], key=lambda each: int(each["id"]))
        if request.first("sort_order") == "desc":
            found.reverse()
        page, size = int(request.first("page", "1")), min(int(request.first("per_page", "100")), _PAGE)
        onward = f"{self.url}{request.path}?page={page + 1}" if len(found) > page * size else None
        shown = found[(page - 1) * size : page * size]
        return Reply(200, {"comments": shown, "next_page": onward, "count": len(found)})

    def _named(self, request: Request) -> Reply:
        if self.no_names:
            return Reply(403, {"error": {"title": "Forbidden", "message": "You do not have access"}})
        ids = [int(each) for each in request.first("ids").split(",") if each]
        return Reply(
            200, {"users": [{"id": each, "name": self.users[each]} for each in ids if each in self.users]}
        )

    def _known(self, fields: Any) -> list[dict[str, Any]]:
        there = {each["id"] for each in self.fields} | set(self.required)
        return [each for each in fields if each["id"] in there]

    def _say(self, ticket: dict[str, Any], author: int, comment: dict[str, Any]) -> None:
        rich = comment.get("html_body")
        text = html.unescape(re.sub(r"<[^>]+>", " ", rich)) if rich else comment["body"]
        said = {
            "id": self.state["comment"],
            "type": "Comment",
            "author_id": author,
            "public": comment.get("public", True),
        }
        said |= {
            "body": text,
            "plain_body": text,
            "html_body": rich or html.escape(text),
            "created_at": self._stamp(),
        }
        ticket["comments"].append(said)
        ticket["changed"] += 1
        self.state["comment"] += 1

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    # What people do there.

    def person(self, number: str, text: str = "", *, by: int = TWO, **changes: Any) -> None:
        """An agent changes a ticket, and says something where there is a text."""
        with self.lock:
            ticket = self.state["tickets"][number]
            ticket |= changes
            ticket["changed"] += 1
            if text:
                self._say(ticket, by, {"body": text, "public": False})

    def merge(self, number: str, into: str) -> None:
        with self.lock:
            source, kept = self.state["tickets"][number], self.state["tickets"][into]
            said = f'This request was closed and merged into request #{into} "{kept["subject"]}".'
            self._say(source, TWO, {"body": said, "public": False})
            self._say(
                kept,
                TWO,
                {"body": f"Request #{number} was closed and merged into this request.", "public": False},
            )
            source["tags"].append("closed_by_merge")
            source["status"] = "closed"

    def add(self, **changes: Any) -> str:
        """A ticket of somebody else's."""
        with self.lock:
            body = {"ticket": {"subject": "Printer on fire", "comment": {"body": "It burns."}}}
            request = Request("POST", "/api/v2/tickets", {}, {}, json.dumps(body).encode())
            number = str(self._created(request).body["ticket"]["id"])
            made = self.state["tickets"][number]
            made |= {"submitter_id": THREE, "requester_id": THREE, **changes}
            made["comments"][0]["author_id"] = THREE
            return number


def _document(ticket: dict[str, Any]) -> dict[str, Any]:
    hidden = ("at", "changed", "gone", "comments", "followup")
    shown = {name: value for name, value in ticket.items() if name not in hidden}
    at = datetime.fromtimestamp(ticket["at"], UTC)
    changed = datetime.fromtimestamp(ticket["at"] + ticket["changed"], UTC)
    form = "%Y-%m-%dT%H:%M:%SZ"
    return {**shown, "created_at": at.strftime(form), "updated_at": changed.strftime(form)}


def _invalid(**details: Any) -> Reply:
    said = {"error": "RecordInvalid", "description": "Record validation errors", "details": details}
    return Reply(422, said)


def _missing() -> Reply:
    return Reply(404, {"error": "RecordNotFound", "description": "Not found"})


if __name__ == "__main__":
    run_alone(Zendesk())
