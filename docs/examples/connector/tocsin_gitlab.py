"""Issues of a GitLab project: the worked example of docs/connectors/writing-one.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from pydantic import Field

from alerting.connectors.base import LONGEST_REMARK, Can, ConnectorType, Finding, Limits, Result, Setting
from alerting.connectors.document import bytes_of, described, fitted, marks_in, one_line, remarked
from alerting.connectors.markup import as_markdown
from alerting.connectors.options import TicketOptions, WebAddress
from alerting.messages import Desired, Known, Observed, Remark, RemoteState, todo
from config.secrets import Secret

_LABEL = "tocsin"


class GitlabOptions(TicketOptions):
    """Which project, and who we are."""

    url: WebAddress = Field(
        "https://gitlab.com", description="where GitLab is", examples=["https://git.example.org"]
    )
    project: str = Field(description="the project, by its path or number", examples=["ops/incidents"])
    token: Secret = Field(description="an access token with the scope api", examples=["${credential:gitlab}"])


class Gitlab:
    """Implements alerting.connectors.base.Connector. Issues are found by the key in their description."""

    capabilities = frozenset(Can) - {Can.DEDUPE}
    visibility_lag = 0.0

    def __init__(self, options: GitlabOptions, setting: Setting) -> None:
        from alerting.connectors.http import Caller, Vendor  # httpx is loaded only where it is used

        self._options = options
        self.limits = Limits(title=255, per_minute=60, deadline=4 * options.timeout)
        vendor = Vendor(said=lambda answer: str(answer.mapping().get("message", "")))
        who = lambda: {"PRIVATE-TOKEN": options.token.reveal()}  # noqa: E731
        self._http = Caller(f"{options.url}/api/v4", options, who, setting.now, vendor)
        self._issues = f"/projects/{quote(options.project, safe='')}/issues"

    async def check(self) -> Sequence[Finding]:
        from alerting.connectors.http import found, look

        async def login() -> str:
            return f"as {(await self._http.call(look('/user'))).mapping()['username']}"

        async def project() -> str:
            there = (await self._http.call(look(self._issues.removesuffix("/issues")))).mapping()
            return str(there["web_url"])

        name = f"project {self._options.project}"
        return [await found("login", login()), await found(name, project())]

    async def apply(self, desired: Desired, known: Known) -> Result:
        from alerting.connectors.http import Ended

        seen = known.observed
        work = todo(desired, known, self.capabilities)
        try:
            if seen is None:
                seen = _observed(await self._sent("POST", "", self._body(desired)), [])
            for comment in work.comments:
                text = fitted(remarked(comment), as_markdown, bytes_of, self.limits.comment)
                await self._sent("POST", f"/{seen.id}/notes", {"body": text, "internal": True})
                seen = replace(seen, comments=(*seen.comments, comment.id))
            change: dict[str, Any] = {}
            if work.priority is not None:  # people's labels stay
                old, new = self._priority(known.priority or ""), self._priority(work.priority)
                change |= {"add_labels": new, "remove_labels": old if old != new else ""}
            if work.state is not None:
                change["state_event"] = "close" if work.state == "resolved" else "reopen"
            if change:
                await self._sent("PUT", f"/{seen.id}", change)
        except Ended as ended:
            return replace(ended.result, observed=seen)
        return Result.ok(seen)

    async def read(self, known: Known) -> Result:
        from alerting.connectors.http import Ended, look

        try:
            await self._http.call(look("/user"))  # whoever is not known sees nothing, too
            if known.observed is not None:
                answer = await self._http.call(look(f"{self._issues}/{known.observed.id}", also=(404,)))
                if answer.status == 404:
                    return Result.ok(replace(known.observed, state=RemoteState.GONE))
                return Result.ok(await self._whole(answer.mapping()))
            wanted = {"labels": _LABEL, "search": known.key, "in": "description", "state": "all"}
            listed = (await self._http.call(look(self._issues, wanted))).json()
            ours = [each for each in listed if known.key in marks_in(str(each.get("description", "")))]
            oldest = min(ours, key=lambda each: int(each["iid"]), default=None)
            return Result.ok(await self._whole(oldest) if oldest else None)
        except Ended as ended:
            return ended.result

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _whole(self, issue: dict[str, Any]) -> Observed:
        from alerting.connectors.http import look

        notes = f"{self._issues}/{issue['iid']}/notes"
        latest = (await self._http.call(look(notes, {"sort": "desc", "per_page": "100"}))).json()
        return _observed(issue, [each for each in reversed(latest) if not each.get("system")])

    async def _sent(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        from alerting.connectors.http import Ask, Way

        way = Way.ONCE if method == "POST" else Way.AGAIN
        return (await self._http.call(Ask(way, method, self._issues + path, body))).mapping()

    def _body(self, desired: Desired) -> dict[str, Any]:
        own = self._options.filled(desired)
        text = fitted(described(desired), as_markdown, bytes_of, self.limits.description)
        title = one_line(desired.title, self.limits.title)
        labels = ",".join((_LABEL, self._priority(desired.priority), *self._options.labels))
        return {**own, "title": title, "description": text, "labels": labels}

    def _priority(self, ours: str) -> str:
        return self._options.priorities.get(ours, f"priority::{ours}")


def _observed(issue: dict[str, Any], notes: Sequence[dict[str, Any]]) -> Observed:
    ours = [mark for note in notes for mark in marks_in(str(note["body"]))]
    theirs = (note for note in notes if not marks_in(str(note["body"])))
    labels = [each for each in issue.get("labels", ()) if str(each).startswith("priority::")]
    return Observed(
        id=str(issue["iid"]),
        state=RemoteState.OPEN if issue["state"] == "opened" else RemoteState.RESOLVED,
        url=issue.get("web_url"),
        key=next(iter(marks_in(str(issue.get("description", "")))), None),
        priority=labels[0] if labels else None,
        acknowledged=bool(issue.get("assignees")),
        assignee=next((each["name"] for each in issue.get("assignees", ())), None),
        by=(issue.get("closed_by") or {}).get("name"),
        comments=tuple(ours),
        remarks=tuple(
            Remark(str(note["id"]), 0, note["author"]["name"], note["body"][:LONGEST_REMARK])
            for note in theirs
        ),
    )


TYPE = ConnectorType("gitlab", "issues of a GitLab project", GitlabOptions, Gitlab)
