"""ServiceNow's Table API, from what is known of it: `python -m tests.fakes.servicenow [PORT]` runs it alone.

A query that is not understood is dropped and gives the whole table; columns that are not for us are empty, rows are
missing; unknown columns are ignored without a word; rules of the instance are refused as if they were permissions.
"""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from typing import Any

from tests.fakes import contracts
from tests.fakes.vendor import Reply, Request, Vendor, run_alone

USERS = {"tocsin": "Tocsin", "agent.two": "Agent Two", "agent.three": "Agent Three"}
# The lookup of priorities that a new instance has.
_PRIORITY = {
    ("1", "1"): "1", ("1", "2"): "2", ("2", "1"): "2", ("1", "3"): "3", ("2", "2"): "3", ("3", "1"): "3",
    ("2", "3"): "4", ("3", "2"): "4",
}  # fmt: skip
_TERM = re.compile(r"([a-z_]+)(=|ISNOTEMPTY|!=)(.*)")
_WRITABLE = (
    "short_description", "description", "impact", "urgency", "correlation_id", "correlation_display", "state",
    "close_code", "close_notes", "assignment_group", "assigned_to", "caller_id", "category", "parent_incident",
    "hold_reason",
)  # fmt: skip
_COLUMNS = (
    *_WRITABLE, "sys_id", "number", "priority", "active", "resolved_by", "closed_by", "sys_created_on",
    "sys_created_by", "sys_updated_by", "sys_updated_on",
)  # fmt: skip
_REFERENCES = {"assigned_to", "assignment_group", "caller_id", "resolved_by", "closed_by", "parent_incident"}
_ENDED = ("6", "7", "8")


class ServiceNow(Vendor):
    """State: `incidents` and `notes`. Everything that an administrator sets is an attribute."""

    contract = "servicenow-table"
    user, password = "tocsin", "password-of-the-bot-4711"

    def __init__(self) -> None:
        super().__init__()
        self.unreadable: set[str] = set()  # columns
        self.hidden = False  # all rows
        self.forbidden: set[str] = set()  # tables
        self.refuses_bad_queries = False  # glide.invalid_query.returns_no_rows
        self.closed_is_silent = False
        self.assigns_to = ""
        self.mandatory: dict[str, str] = {}  # columns that a data policy asks for, with their labels
        self.limited_until = 0.0
        self.choices = {
            "close_code": ("Solution provided", "Known error", "Duplicate"),
            "state": ("1", "2", "3", "6", "7", "8"),
        }
        self.state = {"incidents": {}, "notes": [], "next": 1}

    def _verify(self, request: Request) -> None:
        if contracts.are_here():
            super()._verify(request)

    @property
    def incidents(self) -> list[dict[str, Any]]:
        return list(self.state["incidents"].values())

    def notes(self, number: str) -> list[dict[str, Any]]:
        return [each for each in self.state["notes"] if each["element_id"] == number]

    def answer(self, request: Request) -> Reply:
        packed = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        if request.headers.get("authorization") not in (f"Basic {packed}", f"Bearer {self.password}"):
            return _error(401, "User Not Authenticated", "Required to provide Auth information")
        if self.now() < self.limited_until:
            headers = {"X-RateLimit-Reset": str(int(self.limited_until)), "X-RateLimit-Rule": "per hour"}
            return Reply(429, {"error": {"message": "Rate limit exceeded"}}, headers)
        found = re.fullmatch(r"/api/now/table/([a-z_]+)(?:/([0-9a-f]+))?", request.path)
        if found is None:
            return _error(400, "Requested URI does not represent any resource", request.path)
        table, number = found.groups()
        if table in self.forbidden:
            return _error(403, "User Not Authorized", "Failed API level ACL Validation")
        if table != "incident":
            return self._of_others(table, request)
        match request.method:
            case "GET":
                return self._shown(request, number) if number else self._listed(request)
            case "POST":
                return self._created(request)
            case _:
                return self._updated(request, number or "")

    def _of_others(self, table: str, request: Request) -> Reply:
        rows: list[dict[str, Any]]
        match table:
            case "sys_user":
                rows = [
                    {"sys_id": name.replace(".", ""), "user_name": name, "name": shown}
                    for name, shown in USERS.items()
                ]
            case "sys_journal_field":
                rows = list(self.state["notes"])
            case "sys_choice":
                rows = [
                    {"name": "incident", "element": column, "value": each, "inactive": "false"}
                    for column, values in self.choices.items()
                    for each in values
                ]
            case _:
                return _error(400, f"Invalid table {table}", "")
        return Reply(200, {"result": self._picked(rows, request)})

    def _picked(self, rows: list[dict[str, Any]], request: Request) -> list[dict[str, Any]]:
        columns = {name for row in rows for name in row} or set(_COLUMNS)
        for term in filter(None, request.first("sysparm_query").split("^")):
            if term.startswith("ORDERBY"):
                name = term.removeprefix("ORDERBYDESC").removeprefix("ORDERBY")
                rows = sorted(rows, key=lambda row: str(row.get(name)), reverse="DESC" in term)
                continue
            found = _TERM.fullmatch(term)
            if found is None or found[1] not in columns or found[1] in self.unreadable:
                if self.refuses_bad_queries:
                    return []
                continue
            name, sign, wanted = found.groups()
            if sign == "ISNOTEMPTY":
                rows = [row for row in rows if row.get(name)]
            else:
                rows = [row for row in rows if (str(row.get(name)) == wanted) is (sign == "=")]
        return rows[: int(request.first("sysparm_limit", "10000"))]

    def _listed(self, request: Request) -> Reply:
        rows = self._picked(self.incidents, request)
        headers = {"X-Total-Count": str(len(rows))}
        return Reply(
            200, {"result": [] if self.hidden else [self._row(row, request) for row in rows]}, headers
        )

    def _shown(self, request: Request, number: str) -> Reply:
        row = self.state["incidents"].get(number)
        if row is None or self.hidden:
            return _error(
                404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval"
            )
        return Reply(200, {"result": self._row(row, request)})

    def _row(self, row: dict[str, Any], request: Request) -> dict[str, Any]:
        columns = request.first("sysparm_fields")
        known = (*_COLUMNS, "work_notes", "comments")
        names = [name for name in columns.split(",") if name in known] if columns else known
        plain = {name: "" if name in self.unreadable else row.get(name, "") for name in names}
        if request.first("sysparm_display_value") != "all":
            link = f"{self.url}/api/now/table/x"
            return {
                name: {"link": f"{link}/{each}", "value": each} if name in _REFERENCES and each else each
                for name, each in plain.items()
            }
        return {
            name: {"value": each, "display_value": self._display(row, name, each)}
            for name, each in plain.items()
        }

    def _display(self, row: dict[str, Any], name: str, plain: str) -> str:
        if name in ("work_notes", "comments"):
            label = {"work_notes": "Work notes", "comments": "Additional comments"}[name]
            mine = [each for each in self.notes(row["sys_id"]) if each["element"] == name]
            return "".join(
                f"{each['sys_created_on']} - {USERS[each['sys_created_by']]} ({label})\n{each['value']}\n\n"
                for each in reversed(mine)
            )
        if name in _REFERENCES:
            by_id = {user.replace(".", ""): shown for user, shown in USERS.items()}
            return by_id.get(plain, plain)
        return plain

    def _created(self, request: Request) -> Reply:
        if lacking := [label for name, label in self.mandatory.items() if not request.body.get(name)]:
            return _policy(lacking)
        number = self.state["next"]
        self.state["next"] += 1
        row = dict.fromkeys(_COLUMNS, "")
        row |= {
            "sys_id": f"{number:032x}", "number": f"INC{number:07}", "state": "1", "impact": "3", "urgency": "3",
            "sys_created_on": self._stamp(), "sys_created_by": self.user, "assigned_to": self.assigns_to,
        }  # fmt: skip
        row |= {
            name: each
            for name, each in request.body.items()
            if name in _WRITABLE and name not in self.unreadable
        }
        self.state["incidents"][row["sys_id"]] = row
        self._reckon(row, self.user)
        return Reply(201, {"result": self._row(row, request)})

    def _updated(self, request: Request, number: str) -> Reply:
        row, wish = self.state["incidents"].get(number), request.body
        if row is None or self.hidden:
            return _error(
                404, "No Record found", "Record doesn't exist or ACL restricts the record retrieval"
            )
        if row["state"] in ("7", "8"):
            if self.closed_is_silent:
                return Reply(200, {"result": self._row(row, request)})
            return _error(403, "Operation Failed", "ACL Exception Update Failed due to security constraints")
        after = {**row, **wish}
        if after["state"] in ("6", "7") and row["state"] not in ("6", "7"):
            labels = {"close_code": "Resolution code", "close_notes": "Resolution notes", **self.mandatory}
            if lacking := [label for name, label in labels.items() if not after.get(name)]:
                return _policy(lacking)
        if after["state"] == "3" and not after.get("hold_reason"):
            return _policy(["On hold reason"])
        for name in ("work_notes", "comments"):
            if wish.get(name):
                self._note(number, name, wish[name], self.user)
        row |= {name: each for name, each in wish.items() if name in _WRITABLE}
        self._reckon(row, self.user)
        return Reply(200, {"result": self._row(row, request)})

    def _reckon(self, row: dict[str, Any], by: str) -> None:
        row["priority"] = _PRIORITY.get((row["impact"], row["urgency"]), "5")
        row["active"] = "false" if row["state"] in ("7", "8") else "true"
        row["sys_updated_by"], row["sys_updated_on"] = by, self._stamp()
        if row["state"] in _ENDED and not row["resolved_by"]:
            row["resolved_by"] = by.replace(".", "")
        if row["state"] not in _ENDED:
            row["resolved_by"] = ""

    def _note(self, number: str, element: str, value: str, by: str) -> None:
        made = {"sys_id": f"f{len(self.state['notes']):031x}", "element": element, "element_id": number}
        made |= {"value": value, "sys_created_by": by, "sys_created_on": self._stamp()}
        self.state["notes"].append(made)

    def _stamp(self) -> str:
        return datetime.fromtimestamp(self.now(), UTC).strftime("%Y-%m-%d %H:%M:%S")

    # What people do there.

    def person(self, number: str, note: str = "", *, by: str = "agent.two", **changes: str) -> None:
        """Somebody changes an incident, and notes something where there is a text."""
        with self.lock:
            row = self.state["incidents"][number]
            row |= changes
            self._reckon(row, by)
            if note:
                self._note(number, "work_notes", note, by)

    def add(self, **columns: str) -> str:
        """An incident of somebody else's."""
        with self.lock:
            body = {"short_description": "Printer on fire", **columns}
            request = Request("POST", "/api/now/table/incident", {}, {}, json.dumps(body).encode())
            made: dict[str, Any] = self._created(request).body["result"]
            self.state["incidents"][made["sys_id"]] |= {"sys_created_by": "agent.three", **columns}
            return str(made["sys_id"])

    def delete(self, number: str) -> None:
        with self.lock:
            del self.state["incidents"][number]


def _error(status: int, message: str, detail: str) -> Reply:
    return Reply(status, {"error": {"message": message, "detail": detail}, "status": "failure"})


def _policy(labels: list[str]) -> Reply:
    said = f"Data Policy Exception: The following fields are mandatory: {', '.join(labels)}"
    return _error(403, "Operation Failed", said)


if __name__ == "__main__":
    run_alone(ServiceNow())
