"""The connector for the fake helpdesk, made as a stranger's: it knows the contract and nothing else of the product.

`install(directory)` puts it where the installed command finds it, through the entry point group `tocsin.connectors`.
"""

from __future__ import annotations

import contextlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import Field

from alerting.connectors.base import (
    Can,
    ConnectorType,
    Finding,
    Limits,
    Options,
    Outcome,
    Poke,
    Result,
    Setting,
)
from alerting.messages import Desired, Known, Observed, Remark, RemoteState, todo
from config.secrets import Secret

if TYPE_CHECKING:
    import httpx

_SECOND = 1_000_000


class FakedeskOptions(Options):
    """Where the fake helpdesk is."""

    url: str = Field(description="its address", examples=["http://127.0.0.1:8080"])
    token: Secret = Field(description="who we are", examples=["${env:FAKEDESK_TOKEN}"])
    lag: float = Field(0.0, description="seconds until a new ticket is found by its key")
    deadline: float = Field(60.0, description="seconds that a call may take")
    without: tuple[str, ...] = Field((), description="capabilities that it is to do without")
    per_minute: float = Field(6000.0, description="calls at most")


class _Said(Exception):
    """A call that ended otherwise than well; carries the result."""

    def __init__(self, result: Result) -> None:
        super().__init__(result.reason)
        self.result = result


class Fakedesk:
    """Implements alerting.connectors.base.Connector."""

    def __init__(self, options: FakedeskOptions, setting: Setting) -> None:
        self._options = options
        self._http: httpx.AsyncClient | None = None
        self.capabilities = frozenset(Can) - {Can.DEDUPE} - {Can(each) for each in options.without}
        self.limits = Limits(deadline=options.deadline, per_minute=options.per_minute, burst=50)
        self.visibility_lag = options.lag

    async def check(self) -> Sequence[Finding]:
        try:
            who = await self._call("GET", "/me")
        except _Said as said:
            ok = None if said.result.outcome is Outcome.RETRY else False
            return (Finding("login", ok, said.result.reason),)
        return (Finding("login", True, who["name"]),)

    async def apply(self, desired: Desired, known: Known) -> Result:
        wanted, observed = todo(desired, known, self.capabilities), known.observed
        try:
            if observed is None:
                observed = await self._create(desired)
            for comment in wanted.comments:
                body = {"id": comment.id, "text": comment.text}
                observed = _observed(await self._call("POST", f"/tickets/{observed.id}/comment", body))
            if wanted.priority is not None:
                body = {"priority": wanted.priority}
                observed = _observed(await self._call("POST", f"/tickets/{observed.id}/priority", body))
            if wanted.state is not None:
                move = "resolve" if wanted.state == "resolved" else "reopen"
                observed = _observed(await self._call("POST", f"/tickets/{observed.id}/{move}", {}))
        except _Said as said:
            return replace(said.result, observed=observed)
        return Result.ok(observed)

    async def read(self, known: Known) -> Result:
        try:
            await self._call("GET", "/me")
            if known.observed is not None:
                return Result.ok(await self._by_id(known.observed))
            found = await self._call("GET", f"/tickets?key={known.key}")
        except _Said as said:
            return said.result
        ours = [each for each in found if each["key"] == known.key]
        return Result.ok(_observed(min(ours, key=lambda each: each["id"])) if ours else None)

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        try:
            found = await self._call("GET", f"/tickets?most={most}")
        except _Said as said:
            return said.result, ()
        return Result.ok(), [_observed(each) for each in found]

    def poke(self, headers: Mapping[str, str], body: bytes) -> Poke | None:
        if not hmac.compare_digest(headers.get("x-fakedesk-token", ""), self._options.token.reveal()):
            return None
        told = json.loads(body)
        return Poke(tuple(map(str, told.get("ids", ()))), answer=told.get("greeting", "").encode())

    async def aclose(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def _create(self, desired: Desired) -> Observed:
        names = ("key", "title", "description", "priority", "severity", "service", "check", "follows")
        body = {name: getattr(desired, name) for name in names}
        labels = {**desired.labels}
        return _observed(await self._call("POST", "/tickets", {**body, "labels": labels}))

    async def _by_id(self, before: Observed) -> Observed:
        try:
            return _observed(await self._call("GET", f"/tickets/{before.id}"))
        except _Said as said:
            if said.result.reason != "HTTP 404":
                raise
        return replace(before, state=RemoteState.GONE)

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        import httpx

        if self._http is None:
            headers = {"Authorization": f"Bearer {self._options.token.reveal()}"}
            self._http = httpx.AsyncClient(
                base_url=self._options.url, headers=headers, trust_env=False, timeout=self._options.deadline
            )
        try:
            answer = await self._http.request(method, path, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _Said(Result.retry(f"cannot be reached: {type(error).__name__}")) from None
        except httpx.HTTPError as error:
            lost = Result.in_doubt(f"no answer: {type(error).__name__}")
            raise _Said(lost if method == "POST" else Result.retry(lost.reason)) from None
        return _document(answer, wrote=method == "POST")


def _document(answer: httpx.Response, *, wrote: bool) -> Any:
    reason = f"HTTP {answer.status_code}"
    if answer.status_code == 429:
        raise _Said(Result.retry(reason, _seconds(answer.headers.get("Retry-After", ""))))
    if answer.status_code in (401, 403):
        raise _Said(Result.broken(reason))
    if answer.status_code >= 500:
        raise _Said(Result.in_doubt(reason) if wrote else Result.retry(reason))
    if answer.status_code >= 400:
        raise _Said(Result.permanent(reason))
    return answer.json()


def _seconds(after: str) -> float | None:
    """Retry-After in both its forms."""
    if after.isdecimal():
        return float(after)
    with contextlib.suppress(ValueError):
        from datetime import UTC, datetime

        return max(0.0, (parsedate_to_datetime(after) - datetime.now(UTC)).total_seconds())
    return None


def _observed(ticket: dict[str, Any]) -> Observed:
    remarks = tuple(
        Remark(str(each["number"]), 0, each["by"], each["text"])
        for each in ticket.get("comments", ())
        if each["by"]
    )
    return Observed(
        id=str(ticket["id"]),
        state=RemoteState(ticket.get("state", "open")),
        url=f"/tickets/{ticket['id']}",
        key=ticket.get("key"),
        priority=ticket.get("priority"),
        acknowledged=bool(ticket.get("acknowledged")),
        assignee=ticket.get("assignee"),
        by=ticket.get("by"),
        comments=tuple(each["id"] for each in ticket.get("comments", ()) if each["id"]),
        remarks=remarks,
    )


TYPE = ConnectorType("fakedesk", "a tracker for tests", FakedeskOptions, Fakedesk)


def install(directory: Path) -> None:
    """As an installer leaves it behind; `directory` is to be in PYTHONPATH."""
    facts = directory / "tocsin_fakedesk-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: tocsin-fakedesk\nVersion: 1.0\n")
    entry = "[tocsin.connectors]\nfakedesk = tocsin_fakedesk:TYPE\n"
    (facts / "entry_points.txt").write_text(entry)
    (directory / "tocsin_fakedesk.py").write_text(
        Path(__file__).read_text(encoding="utf-8"), encoding="utf-8"
    )
