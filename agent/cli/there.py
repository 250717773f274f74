"""A daemon elsewhere, asked over its API."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from agent.cli.afar import met
from agent.cli.server import Missing, Server
from agent.cli.setting import fail, no_such

if TYPE_CHECKING:
    from agent.views.uptime import Shown
    from alerting.slo.periods import Period

_USAGE = 64
Document = dict[str, Any]


class There:
    """A Source."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @cached_property
    def _agent(self) -> Mapping[str, Any]:
        """What the daemon says of itself; asked first, for it tells whether there is one."""
        try:
            found = self._server.get("/agent")
        except Missing:
            self._server.no_tocsin("there is nothing at /api/v1/agent")
        if not isinstance(found, dict) or not {"id", "version", "timezone", "now"} <= found.keys():
            self._server.no_tocsin("it says nothing of itself")
        met(str(found["version"]))
        return found

    @property
    def zone(self) -> str:
        return str(self._agent["timezone"])

    def now(self) -> int:
        from alerting.slo.periods import micros

        return micros(datetime.fromisoformat(self._agent["now"]))

    def knows(self, service: str) -> bool:
        try:
            self._server.get(f"/services/{quote(service, safe='')}")
        except Missing:
            return False
        return True

    def status(self) -> Document:
        agent = {name: self._agent[name] for name in ("id", "running", "alive_until")}
        return {"agent": agent, "services": self._all("/services")}

    def incidents(self, *, only_open: bool) -> list[Document]:
        return self._all("/incidents", {"state": "open" if only_open else None})

    def tickets(self, wanted: Document) -> list[Document]:
        return self._all("/tickets", wanted)

    def ticket(self, number: int) -> Document:
        assert self._agent
        try:
            found: Document = self._server.get(f"/tickets/T-{number}")
        except Missing:
            fail(f"there is no ticket T-{number}", 1)
        return found

    def outbox(self, *, only_unsent: bool) -> list[Document]:
        return self._all("/outbox", {"unsent": only_unsent})

    def maintenance(self, *, everything: bool) -> list[Document]:
        return self._all("/maintenance", {"all": everything})

    def silences(self, *, everything: bool) -> list[Document]:
        return self._all("/silences", {"all": everything})

    def changes(self, since: int) -> list[Document]:
        from alerting.slo.figures import rfc3339

        return self._all("/changes", {"since": rfc3339(since)})

    def uptime(self, service: str | None, span: Period, now: int, *, days: bool) -> list[Shown]:
        from agent.views.uptime import Shown
        from alerting.slo.figures import rfc3339

        asked = {
            "service": service, "start": rfc3339(span.start), "end": rfc3339(span.end), "zone": span.zone,
            "as_of": rfc3339(now), "days": days,
        }  # fmt: skip
        try:
            found = self._server.all("/uptime", asked)
        except Missing:
            fail(no_such("service", service or "", []), _USAGE)
        return [Shown.of(each) for each in found]

    def _all(self, path: str, query: Mapping[str, Any] | None = None) -> list[Document]:
        assert self._agent
        try:
            return self._server.all(path, query)
        except Missing:
            self._server.no_tocsin(f"there is nothing at /api/v1{path}")
