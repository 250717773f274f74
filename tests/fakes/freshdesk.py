"""Freshdesk, from what is known of it: `python -m tests.fakes.freshdesk [PORT]` runs it alone.

Its search lags by minutes and gives 30 at most; fields that are unknown, lacking or of the wrong type are refused with
their names; what is deleted is still shown.
"""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.fakes import contracts
from tests.fakes.vendor import Reply, Request, Vendor, run_alone

BOT, TWO, THREE, CONTACT = 101, 102, 103, 900
# What the account has beside the paths of the contract.
_BESIDE = re.compile(r"/(agents/me|agents/\d+|contacts/\d+)")
_MEMBERS = {
    "subject": str, "description": str, "email": str, "status": int, "priority": int, "type": str, "tags": list,
    "custom_fields": dict, "group_id": int, "responder_id": int, "product_id": int, "source": int, "cc_emails": list,
}  # fmt: skip
_TERM = re.compile(r"([a-z_]+):('[^']*'|[0-9]+)")


class Freshdesk(Vendor):
    """State: `tickets` by number. Everything that an administrator sets is an attribute."""

    contract, under = "freshdesk", "/api/v2"
    token = "freshdesk-key-of-the-bot-4711"

    def __init__(self) -> None:
        super().__init__()
        self.lag = 180.0  # of the search
        self.drops_filters = False
        self.nameless = False  # agents and contacts, ourselves too, are not for us to read
        self.given_to: int | None = None  # what a rule does with each new ticket
        self.agents = {BOT: "Tocsin", TWO: "Agent Two", THREE: "Agent Three"}
        self.fields: list[dict[str, Any]] = [
            _field("subject", "Subject", "default_subject", default=True, required_for_agents=True),
            _field("cf_alert_key", "Alert key", "custom_text"),
            _field("cf_service", "Service", "custom_text"),
        ]
        self.state = {"tickets": {}, "next": 1, "note": 5001}

    def _verify(self, request: Request) -> None:
        path = request.path.removeprefix(self.under)
        if contracts.are_here() and not _BESIDE.fullmatch(path):
            super()._verify(request)

    @property
    def tickets(self) -> list[dict[str, Any]]:
        return [each for each in self.state["tickets"].values() if not each["gone"]]

    def find(self, number: str) -> dict[str, Any]:
        found: dict[str, Any] = self.state["tickets"][number]
        return found

    def answer(self, request: Request) -> Reply:
        path = request.path.removeprefix(self.under)
        packed = request.headers.get("authorization", "").removeprefix("Basic ")
        if base64.b64decode(packed).decode().partition(":")[0] != self.token:
            return _refused(401, "invalid_credentials", "You have to be logged in to perform this action.")
        if self.nameless and _BESIDE.fullmatch(path):
            return _refused(403, "access_denied", "You are not authorized to perform this action.")
        for method, pattern, act in self._routes():
            found = re.fullmatch(pattern, path)
            if found and method == request.method:
                return act(request, *found.groups())
        return Reply(404)

    def _routes(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        return [
            ("GET", "/agents/me", lambda _request: Reply(200, _agent(BOT, self.agents[BOT]))),
            ("GET", r"/agents/(\d+)", self._agent),
            ("GET", r"/contacts/(\d+)", self._contact),
            ("GET", "/tickets", self._listed),
            ("POST", "/tickets", self._created),
            ("GET", r"/tickets/(\d+)", self._shown),
            ("PUT", r"/tickets/(\d+)", self._updated),
            ("POST", r"/tickets/(\d+)/notes", self._noted),
            ("GET", r"/tickets/(\d+)/conversations", self._conversations),
            ("GET", "/search/tickets", self._searched),
            ("GET", "/ticket_fields", lambda _request: Reply(200, self.fields)),
        ]

    def _agent(self, _request: Request, number: str) -> Reply:
        name = self.agents.get(int(number))
        return Reply(200, _agent(int(number), name)) if name else Reply(404)

    def _contact(self, _request: Request, number: str) -> Reply:
        return Reply(200, {"id": CONTACT, "name": "Reporter"}) if int(number) == CONTACT else Reply(404)

    def _searched(self, request: Request) -> Reply:
        """Terms of the form name:'text' and name:number, tied by AND; those within (… OR …) by OR."""
        query = request.first("query")
        if not (query.startswith('"') and query.endswith('"') and len(query) <= 512):
            return _invalid(
                "query", "Given query is invalid. It should be enclosed in double quotes", "invalid_value"
            )
        known = {"tag", "status", "priority", *(each["name"] for each in self.fields)}
        for name, _ in _TERM.findall(query):
            if name not in known:
                return _invalid(name, "Unexpected/invalid field in request", "invalid_field")
        found = [each for each in self.tickets if each["at"] <= self.now() - self.lag and not each["deleted"]]
        if not self.drops_filters:
            for part in query.strip('"').split(" AND "):
                terms = _TERM.findall(part)
                found = [each for each in found if any(_fits(each, *term) for term in terms)]
        return Reply(200, {"total": len(found), "results": [_document(each) for each in found[:30]]})

    def _listed(self, request: Request) -> Reply:
        found = [each for each in self.tickets if not each["deleted"]]
        if since := request.first("updated_since"):
            at = datetime.fromisoformat(since).timestamp()
            found = [each for each in found if each["changed"] >= at]
        newest = request.first("order_type", "desc") == "desc"
        found.sort(key=lambda each: (each["at"], each["id"]), reverse=newest)
        return Reply(200, [_document(each) for each in _page(found, request)])

    def _created(self, request: Request) -> Reply:
        ticket = request.body
        if wrong := self._wrong(ticket, "required_for_agents", new=True):
            return wrong
        number = self.state["next"]
        self.state["next"] += 1
        made = {"type": None, "responder_id": None, "group_id": None, **ticket}
        made.pop("email")
        empty = {each["name"]: None for each in self.fields if each["name"].startswith("cf_")}
        made |= {
            "id": number, "requester_id": CONTACT, "status": ticket.get("status", 2), "notes": [], "gone": False,
            "priority": ticket.get("priority", 1), "deleted": False, "at": self.now(), "changed": self.now(),
            "custom_fields": empty | ticket.get("custom_fields", {}), "description_text": _text(ticket["description"]),
            "responder_id": ticket.get("responder_id") or self.given_to, "tags": list(ticket.get("tags", ())),
        }  # fmt: skip
        self.state["tickets"][str(number)] = made
        return Reply(201, _document(made))

    def _wrong(self, ticket: dict[str, Any], member: str | None, *, new: bool) -> Reply | None:
        known = {each["name"] for each in self.fields}
        for name, value in ticket.items():
            if name not in _MEMBERS:
                return _invalid(name, "Unexpected/invalid field in request", "invalid_field")
            if not isinstance(value, _MEMBERS[name]):
                return _invalid(name, f"It should be a/an {_MEMBERS[name].__name__}", "datatype_mismatch")
        for name in ticket.get("custom_fields", {}):
            if name not in known:
                return _invalid(name, "Unexpected/invalid field in request", "invalid_field")
        if not 1 <= ticket.get("priority", 1) <= 4 or ticket.get("status", 2) not in (2, 3, 4, 5, 6, 7):
            return _invalid("status", "It should be one of these values: '2,3,4,5,6,7'", "invalid_value")
        if new and not ticket.get("email"):
            return _invalid("email", "It should not be blank as this is a mandatory field", "missing_field")
        given = {**ticket, **ticket.get("custom_fields", {})}
        for each in self.fields:
            if member and each[member] and not given.get(each["name"]):
                return _invalid(
                    each["name"], "It should not be blank as this is a mandatory field", "missing_field"
                )
        return None

    def _shown(self, _request: Request, number: str) -> Reply:
        ticket = self.state["tickets"].get(number)
        return Reply(200, _document(ticket)) if ticket and not ticket["gone"] else Reply(404)

    def _updated(self, request: Request, number: str) -> Reply:
        ticket, wish = self.state["tickets"].get(number), request.body
        if ticket is None or ticket["gone"] or ticket["deleted"]:
            return Reply(404)
        whole = {**ticket["custom_fields"], **wish.get("custom_fields", {})}
        ending = wish.get("status") in (4, 5)
        asked = {**wish, "custom_fields": whole, "subject": ticket["subject"]} if ending else wish
        if wrong := self._wrong(asked, "required_for_closure" if ending else None, new=False):
            return wrong
        ticket |= wish
        ticket["changed"] = self.now()
        return Reply(200, _document(ticket))

    def _noted(self, request: Request, number: str) -> Reply:
        ticket = self.state["tickets"].get(number)
        if ticket is None or ticket["gone"]:
            return Reply(404)
        return Reply(
            201, self._say(ticket, BOT, request.body["body"], private=request.body.get("private", True))
        )

    def _conversations(self, request: Request, number: str) -> Reply:
        ticket = self.state["tickets"].get(number)
        return Reply(200, _page(ticket["notes"], request)) if ticket and not ticket["gone"] else Reply(404)

    def _say(self, ticket: dict[str, Any], user: int, body: str, *, private: bool) -> dict[str, Any]:
        said = {
            "id": self.state["note"],
            "body": body,
            "body_text": _text(body),
            "user_id": user,
            "incoming": False,
        }
        said |= {"private": private, "ticket_id": ticket["id"], "created_at": _stamp(self.now())}
        ticket["notes"].append(said)
        ticket["changed"] = self.now()
        self.state["note"] += 1
        return said

    # What people do there.

    def person(self, number: str, note: str = "", *, by: int = TWO, **changes: Any) -> None:
        """Somebody changes a ticket, and says something where there is a text."""
        with self.lock:
            ticket = self.state["tickets"][number]
            ticket |= changes
            ticket["changed"] = self.now()
            if note:
                self._say(ticket, by, html.escape(note), private=True)

    def add(self, key: str | None = None, **changes: Any) -> str:
        """A ticket of somebody else's."""
        with self.lock:
            body: dict[str, Any] = {
                "subject": "Printer on fire",
                "description": "It burns.",
                "email": "a@b.example",
            }
            body |= {"custom_fields": {"cf_alert_key": key}} if key else {}
            request = Request("POST", "/api/v2/tickets", {}, {}, json.dumps(body).encode())
            number = str(self._created(request).body["id"])
            self.state["tickets"][number] |= changes
            return number


def _field(name: str, label: str, kind: str, **others: bool) -> dict[str, Any]:
    usual = {"default": False, "required_for_agents": False, "required_for_closure": False}
    return {"name": name, "label": label, "type": kind, **usual, **others}


def _agent(number: int, name: str) -> dict[str, Any]:
    return {"id": number, "contact": {"name": name, "email": f"agent{number}@example.org"}}


def _fits(ticket: dict[str, Any], name: str, wanted: str) -> bool:
    wanted = wanted.strip("'")
    if name == "tag":
        return wanted in ticket["tags"]
    return str(ticket.get(name, ticket["custom_fields"].get(name))) == wanted


def _page(rows: list[Any], request: Request) -> list[Any]:
    page, size = int(request.first("page", "1")), min(int(request.first("per_page", "30")), 100)
    return rows[(page - 1) * size : page * size]


def _document(ticket: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in ticket.items() if name not in ("at", "changed", "gone", "notes")}
    if not shown.pop("deleted"):
        return {**shown, "created_at": _stamp(ticket["at"]), "updated_at": _stamp(ticket["changed"])}
    return {
        **shown,
        "deleted": True,
        "created_at": _stamp(ticket["at"]),
        "updated_at": _stamp(ticket["changed"]),
    }


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", markup))


def _invalid(field: str, message: str, code: str) -> Reply:
    errors = [{"field": field, "message": message, "code": code}]
    return Reply(400, {"description": "Validation failed", "errors": errors})


def _refused(status: int, code: str, message: str) -> Reply:
    return Reply(status, {"code": code, "message": message})


if __name__ == "__main__":
    run_alone(Freshdesk())
