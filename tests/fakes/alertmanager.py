"""An Alertmanager that can be made to misbehave: `python -m tests.fakes.alertmanager [PORT]` runs it alone.

How the real one behaves otherwise is seen from the real one: this is what was read off it.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Any

from tests.fakes.vendor import Reply, Request, Vendor, run_alone

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_FILTER = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"')
_NEVER = "0001-01-01T00:00:00Z"


class Alertmanager(Vendor):
    """State: `alerts` by their labels. `members` is the size of its cluster; `login` is who may in, None for all."""

    contract = "alertmanager-v2"

    def __init__(self) -> None:
        super().__init__()
        self.state = {"alerts": {}}
        self.login: str | None = None
        self.members = 1
        self.deaf = False  # takes everything, and shows nothing

    @property
    def active(self) -> list[dict[str, Any]]:
        return [each for each in self.state["alerts"].values() if self._lasts(each)]

    def forget(self) -> None:
        """As after a start without its data."""
        with self.lock:
            self.state["alerts"].clear()

    def answer(self, request: Request) -> Reply:
        if self.login is not None and request.headers.get("authorization") != self.login:
            return Reply(401, b"Unauthorized\n", {"Content-Type": "text/plain; charset=utf-8"})
        match request.method, request.path:
            case "GET", "/api/v2/status":
                peers = [{"name": f"peer-{n}", "address": f"192.0.2.{n}:9094"} for n in range(self.members)]
                cluster = {"name": "peer-0", "peers": peers, "status": "ready"}
                version = {"version": "0.25.0", "branch": "HEAD", "revision": "debian"}
                return Reply(200, {"cluster": cluster, "versionInfo": version, "config": {"original": ""}})
            case "GET", "/api/v2/alerts":
                return self._listed(request)
            case "POST", "/api/v2/alerts":
                return self._posted(request)
        return Reply(404, b"404 page not found\n", {"Content-Type": "text/plain; charset=utf-8"})

    def _listed(self, request: Request) -> Reply:
        wanted = []
        for text in request.query.get("filter", ()):
            found = _FILTER.fullmatch(text)
            if found is None:
                return Reply(400, f"bad matcher format: {text}")
            wanted.append((found[1], json.loads(f'"{found[2]}"')))
        shown = [each for each in self.active if all(each["labels"].get(n) == v for n, v in wanted)]
        return Reply(200, [] if self.deaf else shown)

    def _posted(self, request: Request) -> Reply:
        body = request.body
        if not isinstance(body, list):
            return Reply(400, {"code": 400, "message": 'parsing alerts body from "" failed'})
        for each in body:
            if "labels" not in each:
                return Reply(422, {"code": 602, "message": "0.labels in body is required"})
            if wrong := [name for name in each["labels"] if not _NAME.fullmatch(name)]:
                return Reply(400, f'invalid label set: invalid name "{wrong[0]}"')
            if each.get("endsAt", "9") < each.get("startsAt", ""):
                return Reply(400, "start time must be before end time")
        for each in body:
            self._keep(each)
        return Reply(200)

    def _keep(self, posted: dict[str, Any]) -> None:
        labels = {name: value for name, value in posted["labels"].items() if value}
        name = hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:16]
        moment = datetime.fromtimestamp(self.now()).astimezone().isoformat()
        kept = {
            "labels": labels,
            "annotations": posted.get("annotations", {}),
            "startsAt": posted.get("startsAt", moment),
            "endsAt": posted.get("endsAt", _NEVER),
            "updatedAt": moment,
            "fingerprint": name,
            "receivers": [{"name": "all"}],
            "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
        }
        before = self.state["alerts"].get(name)
        if before is not None and self._lasts(before):
            kept["startsAt"] = min(before["startsAt"], kept["startsAt"])
        self.state["alerts"][name] = kept

    def _lasts(self, alert: dict[str, Any]) -> bool:
        return datetime.fromisoformat(alert["endsAt"]).timestamp() > self.now()


if __name__ == "__main__":
    run_alone(Alertmanager())
