"""Jira's REST calls, each as it is made and as its answer is believed. They raise Ended for everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alerting.connectors.base import Outcome, Result, Setting
from alerting.connectors.credentials import basic
from alerting.connectors.http import Answer, Ask, Caller, Ended, Vendor, Way, look, lost
from alerting.connectors.jira import JiraOptions
from alerting.connectors.jira_bodies import PROPERTY
from alerting.connectors.jira_flavours import FLAVOURS
from alerting.connectors.jira_issues import identity

_PAGE, _MOST_PAGES = 100, 5
# What is wrong for every issue, not for one.
_FOR_ALL = frozenset({"project", "pid", "issuetype"})


def said(answer: Answer) -> str:
    """Jira's own words, each with the field that it is about, and which limit was met."""
    limit = answer.headers.get("ratelimit-reason") or answer.headers.get("x-ratelimit-reason")
    if answer.status == 429 and limit:
        return f"limit {limit}"
    body = answer.mapping()
    texts = [str(each) for each in body.get("errorMessages") or ()]
    texts += [f"{field}: {text}" for field, text in (body.get("errors") or {}).items()]
    return "; ".join(texts) or str(body.get("message") or body.get("errorMessage") or "")


def refused(answer: Answer) -> Result:
    """What an answer of 400 means: this issue is not taken, or none is."""
    reason = f"HTTP {answer.status}: {said(answer)[:200]}"
    wrong = set(answer.mapping().get("errors") or {})
    return Result.broken(reason) if wrong & _FOR_ALL else Result.permanent(reason)


class JiraApi:
    """One site, by one user."""

    def __init__(self, options: JiraOptions, setting: Setting) -> None:
        self.options, self.flavour = options, FLAVOURS[options.flavour]
        base = f"{options.url}{self.flavour.api}"
        self._http = Caller(base, options, self._headers, setting.now, Vendor(said=said))

    def _headers(self) -> Mapping[str, str]:
        user, token = self.options.user, self.options.token
        return {"Authorization": basic(user, token) if user else f"Bearer {token.reveal()}"}

    async def aclose(self) -> None:
        await self._http.aclose()

    async def myself(self) -> Mapping[str, Any]:
        """Who we are; a session that is nobody's is refused."""
        me = (await self._http.call(look("/myself"))).mapping()
        if not identity(me):
            raise Ended(Result.broken("/myself does not say who we are: is url: right?"))
        return me

    async def project(self) -> Mapping[str, Any]:
        """The project. Where it is not to be seen nothing can be said of any issue: Ended is BROKEN."""
        answer = await self._http.call(look(f"/project/{self.options.project}", also=(404, 410)))
        if answer.status != 200:
            reason = f"project {self.options.project} is not there, or not for us: HTTP {answer.status}"
            raise Ended(Result.broken(reason), answer.status)
        return answer.mapping()

    async def issue(
        self, number: str, fields: Sequence[str], *, whole: bool = False
    ) -> dict[str, Any] | None:
        """An issue with these fields, with its history and our property where it is wanted whole; None: not there."""
        params = {"fields": ",".join(fields)}
        if whole:
            params |= {"properties": PROPERTY, "expand": "changelog"}
        answer = await self._http.call(look(f"/issue/{number}", params, also=(404, 410)))
        if answer.status != 200:
            return None
        found = answer.mapping()
        if "id" not in found or "key" not in found:
            raise Ended(Result.broken("what is shown as an issue has no key: is url: right?"))
        return found

    async def comments(self, number: str) -> list[Any]:
        """The latest comments, the oldest first."""
        found = await self.pages(f"/issue/{number}/comment", ("comments",), orderBy="-created")
        return sorted(found, key=lambda each: int(each["id"]))

    async def search(self, jql: str, fields: Sequence[str], most: int) -> list[dict[str, Any]]:
        """What the search gives, at most so many. One that is refused, or gone, is BROKEN: never "there is none"."""
        body: dict[str, Any] = {"jql": jql, "fields": list(fields), "maxResults": min(_PAGE, most)}
        if self.flavour.properties:
            body["properties"] = [PROPERTY]
        found: list[dict[str, Any]] = []
        while True:
            try:
                page = (await self._http.call(Ask(Way.READ, "POST", self.flavour.search, body))).mapping()
            except Ended as ended:
                if ended.result.outcome is not Outcome.PERMANENT:
                    raise
                reason = f"the search is refused: {ended.result.reason}"
                raise Ended(replace(ended.result, outcome=Outcome.BROKEN, reason=reason)) from None
            if not isinstance(page.get("issues"), list):
                raise Ended(Result.broken("the search gives no list of issues"))
            found += page["issues"]
            onward = self.flavour.next_page(page)
            if onward is None or len(found) >= most:
                return found[:most]
            body |= onward

    async def written_by(self, number: str) -> str | None:
        """The agent that our property on an issue names."""
        path = f"/issue/{number}/properties/{PROPERTY}"
        answer = await self._http.call(look(path, also=(404,)))
        value = answer.mapping().get("value") if answer.status == 200 else None
        return str(value.get("agent")) if isinstance(value, Mapping) else None

    async def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The new issue: its id and key. Where none can be created at all, Ended is BROKEN."""
        answer = await self._http.call(Ask(Way.ONCE, "POST", "/issue", body, also=(400, 404, 410)))
        if answer.status == 400:
            raise Ended(refused(answer), 400)
        if answer.status in (404, 410):
            raise Ended(Result.broken(f"no issue can be created: HTTP {answer.status}"), answer.status)
        made = answer.mapping()
        if "id" not in made or "key" not in made:
            raise Ended(lost(Way.ONCE, f"HTTP {answer.status} without the key of an issue"), answer.status)
        return made

    async def comment(self, number: str, body: Mapping[str, Any]) -> None:
        answer = await self._http.call(Ask(Way.ONCE, "POST", f"/issue/{number}/comment", body))
        if "id" not in answer.mapping():
            raise Ended(lost(Way.ONCE, f"HTTP {answer.status} without the id of a comment"), answer.status)

    async def edit(self, number: str, fields: Mapping[str, Any]) -> None:
        await self._http.call(Ask(Way.AGAIN, "PUT", f"/issue/{number}", {"fields": dict(fields)}))

    async def link(self, number: str, body: Mapping[str, Any]) -> None:
        await self._http.call(Ask(Way.AGAIN, "POST", f"/issue/{number}/remotelink", body))

    async def transitions(self, number: str) -> list[Any]:
        params = {"expand": "transitions.fields"}
        answer = await self._http.call(look(f"/issue/{number}/transitions", params))
        return list(answer.mapping().get("transitions") or ())

    async def move(self, number: str, body: Mapping[str, Any]) -> Answer:
        """Take a transition; 400 is for the caller to judge."""
        return await self._http.call(
            Ask(Way.AGAIN, "POST", f"/issue/{number}/transitions", body, also=(400,))
        )

    async def pages(self, path: str, names: Sequence[str], **more: str) -> list[Any]:
        """A list that comes in pages, under one of these names; `more` are parameters."""
        found: list[Any] = []
        for _ in range(_MOST_PAGES):
            params = {"startAt": str(len(found)), "maxResults": str(_PAGE), **more}
            page = (await self._http.call(look(path, params))).mapping()
            some: list[Any] = next((page[name] for name in names if isinstance(page.get(name), list)), [])
            found += some
            if not some or page.get("isLast") or len(found) >= int(page.get("total") or 0):
                break
        return found
