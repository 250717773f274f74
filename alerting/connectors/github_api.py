"""GitHub's REST calls, each as it is made and as its answer is believed. They raise Ended for everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from alerting.connectors.base import Outcome, Result, Setting
from alerting.connectors.github import GithubOptions
from alerting.connectors.github_bodies import STATES, is_issue, login
from alerting.connectors.http import Answer, Ask, Caller, Ended, Vendor, Way, look, lost
from alerting.messages import Wanted

# Issues and comments of 65,536 characters: more of them on a page would be more than is taken in at once.
PAGE, MOST_PAGES = 40, 50
NOT_THERE = (301, 404, 410)
_MINUTE = 60.0


def said(answer: Answer) -> str:
    """GitHub's own words, with the fields that they are about."""
    body = answer.mapping()
    texts = [str(body.get("message") or "")]
    for each in body.get("errors") or ():
        whole = each if isinstance(each, Mapping) else {"message": each}
        parts = (whole.get("field"), whole.get("code"), whole.get("message"))
        texts.append(" ".join(str(part) for part in parts if part))
    return "; ".join(text for text in texts if text)


class GithubApi:
    """One repository, by one user. Writes go one at a time, `between_writes` seconds apart."""

    def __init__(self, options: GithubOptions, setting: Setting, between_writes: float) -> None:
        self.options, self._now = options, setting.now
        base = f"{options.url}/repos/{options.repo}"
        vendor = Vendor(said=said, after=self._after)
        self._http = Caller(base, options, self._headers, setting.now, vendor)
        self._above = Caller(options.url, options, self._headers, setting.now, vendor)
        self._between, self._writing, self._wrote_at = between_writes, asyncio.Lock(), float("-inf")

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._above.aclose()

    async def me(self) -> str:
        """Our login; a session that is nobody's is refused."""
        name = login((await self._above.call(look("/user"))).mapping())
        if not name:
            raise Ended(Result.broken("/user does not say who we are: is url: right?"))
        return name

    async def repository(self) -> dict[str, Any]:
        """The repository. Where it takes no issues nothing can be said of any: Ended is BROKEN."""
        answer = await self._http.call(look("", also=NOT_THERE))
        if answer.status == 301:
            raise Ended(Result.broken("the repository was renamed or moved: mend repo:"), 301)
        if answer.status != 200:
            reason = f"the repository is not there, or not for us: HTTP {answer.status}"
            raise Ended(Result.broken(reason), answer.status)
        found = answer.mapping()
        if found.get("archived"):
            raise Ended(Result.broken("the repository is archived: nothing can be written in it"))
        if found.get("has_issues") is False:
            raise Ended(Result.broken("the repository has issues switched off"))
        return found

    async def issue(self, number: str) -> dict[str, Any] | None:
        """None where there is none: deleted, or taken to another repository."""
        answer = await self._http.call(look(f"/issues/{number}", also=NOT_THERE))
        if answer.status in NOT_THERE:
            return None
        issue = answer.mapping()
        if not is_issue(issue):
            raise Ended(Result.broken("what is shown as an issue has no number: is url: right?"))
        return issue

    async def comments(self, issue: Mapping[str, Any]) -> list[Any]:
        """The latest, the oldest first: some pages from the end on."""
        count = issue.get("comments")
        last = -(-count // PAGE) if isinstance(count, int) else 1
        items, _ = await self._pages(f"/issues/{issue['number']}/comments", {}, 5, max(1, last - 3))
        return items

    async def issues(self, params: Mapping[str, str], most_pages: int) -> tuple[list[dict[str, Any]], bool]:
        """Issues of a list, and whether these are all."""
        items, all_of_it = await self._pages("/issues", params, most_pages)
        return [each for each in items if is_issue(each)], all_of_it

    async def labels(self) -> list[str]:
        """The names of the repository's labels."""
        items, _ = await self._pages("/labels", {}, MOST_PAGES)
        return [str(each.get("name")) for each in items if isinstance(each, Mapping)]

    async def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            answer = await self._write("POST", "/issues", body, Way.ONCE)
        except Ended as ended:
            if ended.status not in NOT_THERE:
                raise
            raise Ended(replace(ended.result, outcome=Outcome.BROKEN), ended.status) from None
        made = answer.mapping()
        if not is_issue(made):
            raise Ended(lost(Way.ONCE, f"HTTP {answer.status} without the number of an issue"), answer.status)
        return made

    async def comment(self, number: str, body: Mapping[str, str]) -> None:
        try:
            answer = await self._write("POST", f"/issues/{number}/comments", body, Way.ONCE)
        except Ended as ended:
            if ended.status != 403 or "locked" not in ended.result.reason:
                raise
            raise Ended(replace(ended.result, outcome=Outcome.PERMANENT), 403) from None
        if "id" not in answer.mapping():
            raise Ended(lost(Way.ONCE, f"HTTP {answer.status} without the id of a comment"), answer.status)

    async def set_labels(self, number: str, labels: list[str]) -> None:
        await self._write("PUT", f"/issues/{number}/labels", {"labels": labels}, Way.AGAIN)

    async def set_state(self, number: str, wanted: Wanted) -> None:
        await self._write("PATCH", f"/issues/{number}", STATES[wanted], Way.AGAIN)

    async def _write(self, method: str, path: str, body: Mapping[str, Any], way: Way) -> Answer:
        async with self._writing:
            clock = asyncio.get_running_loop().time
            await asyncio.sleep(max(0.0, self._wrote_at + self._between - clock()))
            try:
                return await self._http.call(Ask(way, method, path, dict(body)))
            finally:
                self._wrote_at = clock()

    async def _pages(
        self, path: str, params: Mapping[str, str], most: int, first: int = 1
    ) -> tuple[list[Any], bool]:
        """A list, and whether it ended. One that is refused, or gone, is BROKEN: never "there is none"."""
        items: list[Any] = []
        for page in range(first, first + most):
            asked = {**params, "per_page": str(PAGE), "page": str(page)}
            answer = await self._http.call(look(path, asked, also=(404, 410, 422)))
            if answer.status != 200:
                raise Ended(Result.broken(f"{path} is refused: HTTP {answer.status}"), answer.status)
            some = answer.json()
            if not isinstance(some, list):
                raise Ended(Result.broken("a list was expected: is url: right?"))
            items += some
            if len(some) < PAGE:
                return items, True
        return items, False

    def _headers(self) -> Mapping[str, str]:
        return {
            "Authorization": f"Bearer {self.options.token.reveal()}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def _after(self, answer: Answer) -> float | None:
        """Seconds until the limit is lifted: by their clock's moment, or a minute where only words say so."""
        if answer.status not in (403, 429):
            return None
        reset = answer.headers.get("x-ratelimit-reset", "")
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isascii() and reset.isdecimal():
            return max(1.0, float(reset[:12]) - self._now())
        try:
            return _MINUTE if "rate limit" in said(answer).casefold() else None
        except (Ended, AttributeError, TypeError):
            return None
