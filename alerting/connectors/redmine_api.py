"""Redmine's REST calls, each as it is made and as its answer is believed. They raise Ended for everything else."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from alerting.connectors.base import Outcome, Result, Setting
from alerting.connectors.http import Answer, Ask, Caller, Ended, Vendor, Way, look, lost
from alerting.connectors.redmine import RedmineOptions
from alerting.connectors.redmine_issues import key_of, key_place

_PAGE = 100
# The answer holds the key itself, too.
_OF_US = ("id", "login", "admin", "memberships")
_INCLUDED = {"include": "journals,allowed_statuses"}


def _said(answer: Answer) -> str:
    errors = answer.mapping().get("errors")
    return "; ".join(str(each) for each in errors) if isinstance(errors, list) else str(errors or "")


class RedmineApi:
    """One Redmine, by one user."""

    def __init__(self, options: RedmineOptions, setting: Setting) -> None:
        self.options = options
        self._http = Caller(options.url, options, self._headers, setting.now, Vendor(said=_said))

    def _headers(self) -> Mapping[str, str]:
        return {"X-Redmine-API-Key": self.options.token.reveal()}

    async def aclose(self) -> None:
        await self._http.aclose()

    async def myself(self) -> Mapping[str, Any]:
        """Who we are. With a key that is not known everything else may be answered too, as to a visitor."""
        me = await self._one("/users/current.json", "user", {"include": "memberships"})
        if not isinstance(me.get("id"), int) or not me.get("login"):
            raise Ended(Result.broken("the key is nobody's: mend token:"))
        return {name: me[name] for name in _OF_US if name in me}

    async def project(self) -> Mapping[str, Any]:
        """The project, with its trackers. One that is not there is BROKEN."""
        return await self._one(f"/projects/{self.options.project}.json", "project", {"include": "trackers"})

    async def rights(self, me: Mapping[str, Any], project: Mapping[str, Any]) -> frozenset[str] | None:
        """What our roles let us do in the project; None where that is not told, or we are an administrator."""
        if me.get("admin"):
            return None
        members = [
            each
            for each in me.get("memberships") or ()
            if each.get("project", {}).get("id") == project.get("id")
        ]
        roles = {role["id"] for each in members for role in each.get("roles") or ()}
        rights: set[str] = set()
        for role in sorted(roles):
            answer = await self._http.call(look(f"/roles/{role}.json", also=(403, 404)))
            if answer.status != 200:
                return None
            rights |= set((answer.mapping().get("role") or {}).get("permissions") or ())
        return frozenset(rights) if roles else None

    async def statuses(self) -> list[dict[str, Any]]:
        return await self._list("/issue_statuses.json", "issue_statuses", {})

    async def priorities(self) -> list[dict[str, Any]]:
        found = await self._list("/enumerations/issue_priorities.json", "issue_priorities", {})
        return [each for each in found if each.get("active") is not False]

    async def field(self) -> Mapping[str, Any] | None:
        """The custom field of the key, as administrators see it; None where it is not for us to see."""
        answer = await self._http.call(look("/custom_fields.json", also=(401, 403, 404)))
        if answer.status != 200:
            return None
        fields = answer.mapping().get("custom_fields") or ()
        return next((each for each in fields if each.get("id") == self.options.key_field), {})

    async def issue(self, number: str) -> dict[str, Any] | None:
        """An issue with its journals; None where it is not there, or not for us to see."""
        answer = await self._http.call(look(f"/issues/{number}.json", _INCLUDED, also=(403, 404, 410)))
        return _issue(answer) if answer.status == 200 else None

    async def by_key(self, key: str) -> list[dict[str, Any]]:
        """Issues that carry the key, the oldest first. Where only others come, the filter was dropped: BROKEN."""
        found = await self.issues({"status_id": "*", self._filter: key, "sort": "id"})
        ours = [each for each in found if key_of(each, self.options.key_field) == key]
        if found and not ours:
            reason = (
                f"asked for one key, it shows other issues: is custom field {self.options.key_field} used as a "
                "filter, and are its trackers and project right?"
            )
            raise Ended(Result.broken(reason))
        return sorted(ours, key=lambda each: int(each["id"]))

    async def open_by(self, author: int) -> list[dict[str, Any]]:
        """Open issues of an author with any key, the newest first, at most a page."""
        params = {"status_id": "open", "author_id": str(author), self._filter: "*", "sort": "id:desc"}
        return await self.issues(params)

    async def issues(self, params: Mapping[str, str]) -> list[dict[str, Any]]:
        wanted = {"project_id": str(self.options.project), "limit": str(_PAGE), **params}
        return await self._list("/issues.json", "issues", wanted)

    async def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        return _issue(await self._http.call(Ask(Way.ONCE, "POST", "/issues.json", body)))

    async def update(self, number: str, change: Mapping[str, Any], way: Way) -> None:
        """Says nothing of what came of it: Redmine answers the same where nothing was changed."""
        await self._http.call(Ask(way, "PUT", f"/issues/{number}.json", {"issue": change}))

    async def relate(self, number: str, other: str) -> None:
        """Linked as related, where we may and the other is there."""
        body = {"relation": {"issue_to_id": int(other), "relation_type": "relates"}}
        refused: Collection[int] = (403, 404, 422)
        await self._http.call(Ask(Way.AGAIN, "POST", f"/issues/{number}/relations.json", body, also=refused))

    @property
    def _filter(self) -> str:
        return f"cf_{self.options.key_field}"

    async def _one(self, path: str, name: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        found = (await self._looked(path, params)).get(name)
        if not isinstance(found, Mapping):
            raise Ended(Result.broken(f"{path} gives no {name}: is url: right?"))
        return found

    async def _list(self, path: str, name: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        found = (await self._looked(path, params)).get(name)
        if not isinstance(found, list):
            raise Ended(Result.broken(f"{path} gives no list of {name}: is url: right?"))
        return found

    async def _looked(self, path: str, params: Mapping[str, str]) -> dict[str, Any]:
        """What is refused here, or gone, is BROKEN: never "there is none"."""
        try:
            return (await self._http.call(look(path, params))).mapping()
        except Ended as ended:
            if ended.result.outcome not in (Outcome.PERMANENT, Outcome.BROKEN):
                raise
            reason = f"{path}: {ended.result.reason}"
            raise Ended(replace(ended.result, outcome=Outcome.BROKEN, reason=reason), ended.status) from None


def lost_key(options: RedmineOptions) -> str:
    """Why an issue carries no key, and the remedy."""
    return f"the key did not stick: {key_place(options)} must be there for the project and the tracker"


def _issue(answer: Answer) -> dict[str, Any]:
    found = answer.mapping().get("issue")
    if not isinstance(found, dict) or "id" not in found:
        reason = f"HTTP {answer.status} without an issue: is url: right?"
        raise Ended(lost(answer.way, reason, Outcome.BROKEN), answer.status)
    return found
