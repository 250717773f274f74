"""PagerDuty's Events API v2, from what is known of it: `python -m tests.fakes.pagerduty [PORT]` runs it alone.

Repeated triggers fold into the open alert of their key; after its end the same key begins another incident.
"""

from __future__ import annotations

from typing import Any

from tests.fakes.vendor import Reply, Request, Vendor, run_alone

_LONGEST_SUMMARY, _LONGEST_KEY, _LARGEST = 1024, 255, 512 * 1024
_SEVERITIES = ("critical", "error", "warning", "info")


class PagerDuty(Vendor):
    """State: `incidents` in order, each with key, state, title and what it was told."""

    contract = "pagerduty-events-v2"
    under = "/v2"
    routing_key = "R015ABCDEFGHIJKLMNOPQRSTUVWXYZ42"

    def __init__(self) -> None:
        super().__init__()
        self.state = {"incidents": []}
        self.renames = ""  # given back as the key, in place of ours
        self.accepted = 202
        self.busy_for: set[str] = set()  # event actions that are too many at the moment

    @property
    def incidents(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state["incidents"]
        return found

    def answer(self, request: Request) -> Reply:
        if (request.method, request.path) != ("POST", "/v2/enqueue"):
            return Reply(404, {"status": "not found", "message": "Not Found"})
        event = request.body
        if event.get("event_action") in self.busy_for:
            return Reply(429, {"status": "throttle exceeded", "message": "Requests are arriving too quickly"})
        wrong = list(_wrong(event, len(request.raw)))
        if event.get("routing_key") != self.routing_key:
            wrong.append("Invalid routing key")
        if wrong:
            return Reply(
                400, {"status": "invalid event", "message": "Event object is invalid", "errors": wrong}
            )
        self._process(event)
        key = self.renames or event["dedup_key"]
        return Reply(self.accepted, {"status": "success", "message": "Event processed", "dedup_key": key})

    def _process(self, event: dict[str, Any]) -> None:
        now = [each for each in self.incidents if each["key"] == event["dedup_key"] and each["open"]]
        if event["event_action"] == "trigger" and not now:
            self.incidents.append({"key": event["dedup_key"], "open": True, "told": [event]})
        elif event["event_action"] == "trigger":
            now[0]["told"].append(event)
        for each in now if event["event_action"] == "resolve" else ():
            each["open"] = False


def _wrong(event: dict[str, Any], size: int) -> Any:
    if size > _LARGEST:
        yield "Event is too large"
    if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
        yield "'event_action' is missing or invalid"
    if not 0 < len(event.get("dedup_key", "")) <= _LONGEST_KEY:
        yield "Length of 'dedup_key' is incorrect (should be at most 255 characters)"
    if event.get("event_action") != "trigger":
        return
    payload = event.get("payload", {})
    for name in ("summary", "source", "severity"):
        if not payload.get(name):
            yield f"'payload.{name}' is missing or blank"
    if len(payload.get("summary", "")) > _LONGEST_SUMMARY:
        yield "Length of 'payload.summary' is incorrect (should be at most 1024 characters)"
    if payload.get("severity") not in _SEVERITIES:
        yield f"'payload.severity' is invalid (must be one of the following: {list(_SEVERITIES)})"


if __name__ == "__main__":
    run_alone(PagerDuty())
