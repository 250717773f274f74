"""A receiver of CloudEvents, written from the specifications: `python -m tests.fakes.receiver [PORT]` runs it alone.

It knows an event by its source and id, holds each against the schema of CloudEvents, verifies signatures as Standard
Webhooks say, and keeps tickets by the subject of their events.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jsonschema

from tests.fakes.contracts import FOLDER, are_here
from tests.fakes.vendor import Reply, Request, Vendor, run_alone

_OLDEST = 300


class Receiver(Vendor):
    """State: `events` by source and id, `tickets` by subject."""

    def __init__(self, secret: bytes | None = None, token: str | None = None) -> None:
        super().__init__()
        self.secret, self.token = secret, token
        self.state = {"events": {}, "tickets": {}}

    @property
    def tickets(self) -> list[dict[str, Any]]:
        return list(self.state["tickets"].values())

    def answer(self, request: Request) -> Reply:
        if self.token is not None and request.headers.get("authorization") != f"Bearer {self.token}":
            return Reply(401, {"error": "who are you?"})
        if request.method == "OPTIONS":
            return Reply(200, None, {"WebHook-Allowed-Origin": "*", "Allow": "POST"})
        if request.method != "POST":
            return Reply(405)
        if self.secret is not None and not self._is_signed(request):
            return Reply(401, {"error": "signature"})
        try:
            event = self._event(request)
        except (KeyError, ValueError) as error:
            self.wrong.append(f"no event: {error}")
            return Reply(400, {"error": str(error)})
        name = f"{event['source']} {event['id']}"
        if request.headers.get("idempotency-key") != event["id"]:
            self.wrong.append(f"{name}: another Idempotency-Key")
        if name not in self.state["events"]:
            self.state["events"][name] = event
            self._take(event)
        return Reply(202)

    def _event(self, request: Request) -> dict[str, Any]:
        kind = request.headers["content-type"].partition(";")[0]
        if kind == "application/cloudevents+json":
            event: dict[str, Any] = json.loads(request.raw)
        elif kind == "application/json":
            event = {k.removeprefix("ce-"): v for k, v in request.headers.items() if k.startswith("ce-")}
            event["data"] = json.loads(request.raw)
        else:
            raise ValueError(f"{kind} is no event")
        if are_here():
            schema = json.loads((FOLDER / "cloudevents.json").read_text(encoding="utf-8"))
            jsonschema.validate(event, schema, cls=jsonschema.Draft7Validator)
        if event["specversion"] != "1.0" or len(request.raw) > 64 * 1024:
            raise ValueError("too large, or of a version that nobody knows")
        return event

    def _take(self, event: dict[str, Any]) -> None:
        data, what = event["data"], event["type"].split(".")[-2]
        ticket = self.state["tickets"].setdefault(
            event["subject"], {"key": event["subject"], "comments": [], "ended": False, "opened": 0}
        )
        ticket["title"], ticket["priority"] = data["title"], data["priority"]
        ticket["opened"] += what == "opened"
        ticket["description"] = data.get("description", ticket.get("description", ""))
        if what == "commented":
            ticket["comments"].append(data["comment"]["text"])
        if what in ("resolved", "reopened"):
            ticket["ended"] = what == "resolved"

    def _is_signed(self, request: Request) -> bool:
        assert self.secret is not None
        id_, at = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "0")
        said = f"{id_}.{at}.".encode() + request.raw
        made = base64.b64encode(hmac.new(self.secret, said, hashlib.sha256).digest()).decode()
        fresh = at.isdecimal() and abs(self.now() - int(at)) <= _OLDEST
        return fresh and f"v1,{made}" in request.headers.get("webhook-signature", "").split()


if __name__ == "__main__":
    run_alone(Receiver())
