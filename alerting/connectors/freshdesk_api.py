"""Freshdesk's REST calls, each as it is made and as its answer is believed. They raise Ended for everything else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from alerting.connectors.base import Outcome, Result, Setting
from alerting.connectors.credentials import basic_key
from alerting.connectors.freshdesk import FreshdeskOptions
from alerting.connectors.http import Answer, Ask, Caller, Ended, Vendor, Way, look, lost
from alerting.connectors.moments import moment

_PAGE, _MOST_PAGES = 100, 10
# The search lags by minutes; what is younger than this is looked for in the list.
_YOUNG = 2 * 3600.0
_NOT_TOLD = (403, 404)


def said(answer: Answer) -> str:
    """Freshdesk's own words, each with the field that it is about."""
    body = answer.mapping()
    texts = [str(body.get("description") or body.get("message") or body.get("code") or "")]
    for each in body.get("errors") or ():
        texts.append(f"{each.get('field')}: {each.get('message')} ({each.get('code')})")
    return "; ".join(text for text in texts if text)


class FreshdeskApi:
    """One account, by one agent."""

    def __init__(self, options: FreshdeskOptions, setting: Setting) -> None:
        self.options, self._now = options, setting.now
        self._last_at = float("inf")  # by its own clock
        self._http = Caller(f"{options.url}/api/v2", options, self._headers, setting.now, Vendor(said=said))

    def _headers(self) -> Mapping[str, str]:
        return {"Authorization": basic_key(self.options.token)}

    async def aclose(self) -> None:
        await self._http.aclose()

    async def myself(self) -> dict[str, Any] | None:
        """Who we are: an agent. None where we are not told, though we are let in."""
        answer = await self._http.call(look("/agents/me", also=_NOT_TOLD))
        if answer.status != 200:
            await self._list("/tickets", {"per_page": "1"})
            return None
        me = answer.mapping()
        if not isinstance(me.get("id"), int):
            raise Ended(Result.broken("/agents/me does not say who we are: is url: right?"))
        return me

    async def ticket(self, number: str) -> dict[str, Any] | None:
        """A ticket; None where it is not there."""
        answer = await self._http.call(look(f"/tickets/{number}", also=(404, 410)))
        return _ticket(answer) if answer.status == 200 else None

    async def search(self, query: str) -> list[dict[str, Any]]:
        """What the search gives, at most 30; it lags by minutes. The quotes around the query are part of it."""
        answer = await self._asked("/search/tickets", {"query": f'"{query}"'})
        found = answer.mapping().get("results")
        if not isinstance(found, list):
            raise Ended(Result.broken("/search/tickets gives no results: is url: right?"))
        return [each for each in found if isinstance(each, dict)]

    async def young(self) -> list[dict[str, Any]]:
        """Tickets of the last hours, by the earlier of both clocks, from the list that does not lag."""
        since = min(self._now(), self._last_at) - _YOUNG
        params = {
            "updated_since": datetime.fromtimestamp(since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "order_by": "created_at",
            "order_type": "desc",
            "per_page": str(_PAGE),
        }
        found: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            some = await self._list("/tickets", {**params, "page": str(page)})
            found += some
            if len(some) < _PAGE or moment(some[-1].get("created_at")) < since * 1_000_000:
                return found
        raise Ended(
            Result.retry(f"more than {len(found)} tickets in two hours: the search has to catch up first")
        )

    async def notes(self, number: str) -> list[Any]:
        """Notes and replies, the oldest first."""
        found: list[Any] = []
        for page in range(1, _MOST_PAGES + 1):
            params = {"per_page": str(_PAGE), "page": str(page)}
            some = await self._list(f"/tickets/{number}/conversations", params)
            found += some
            if len(some) < _PAGE:
                break
        return found

    async def names(self, users: Iterable[int]) -> dict[int, str]:
        """Names of users, as far as they are told to us: agents' first, then contacts'."""
        return {user: await self._name(user) for user in sorted(users)}

    async def fields(self) -> list[dict[str, Any]]:
        return await self._list("/ticket_fields", {})

    async def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The new ticket. A refusal of the key's field, or of the requester, is about every ticket."""
        answer = await self._http.call(Ask(Way.ONCE, "POST", "/tickets", body, also=(400,)))
        if answer.status == 400:
            wrong = {str(each.get("field")).rpartition(".")[2] for each in _errors(answer)}
            for_all = wrong & {self.options.key_field, "email"}
            reason = f"HTTP 400: {said(answer)[:200]}"
            raise Ended(Result.broken(reason) if for_all else Result.permanent(reason), 400)
        return _ticket(answer)

    async def note(self, number: str, body: Mapping[str, Any]) -> None:
        answer = await self._http.call(Ask(Way.ONCE, "POST", f"/tickets/{number}/notes", body))
        if "id" not in answer.mapping():
            raise Ended(lost(Way.ONCE, f"HTTP {answer.status} without the id of a note"), answer.status)

    async def update(self, number: str, body: Mapping[str, Any]) -> dict[str, Any]:
        return _ticket(await self._http.call(Ask(Way.AGAIN, "PUT", f"/tickets/{number}", body)))

    async def _name(self, user: int) -> str:
        for path in (f"/agents/{user}", f"/contacts/{user}"):
            answer = await self._http.call(look(path, also=_NOT_TOLD))
            if answer.status == 200:
                found = answer.mapping()
                return str((found.get("contact") or found).get("name") or "")
        return ""

    async def _list(self, path: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        found = (await self._asked(path, params)).json()
        if not isinstance(found, list):
            raise Ended(Result.broken(f"{path} gives no list: is url: right?"))
        return [each for each in found if isinstance(each, dict)]

    async def _asked(self, path: str, params: Mapping[str, str]) -> Answer:
        """An answer to a list or search. One that is refused, or gone, is BROKEN: never "there is none"."""
        try:
            answer = await self._http.call(look(path, params))
        except Ended as ended:
            if ended.result.outcome is not Outcome.PERMANENT:
                raise
            reason = f"{path} is refused: {ended.result.reason}"
            raise Ended(Result.broken(reason), ended.status) from None
        with contextlib.suppress(ValueError, TypeError, OverflowError):
            self._last_at = parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
        return answer


def _errors(answer: Answer) -> Iterator[Mapping[str, Any]]:
    for each in answer.mapping().get("errors") or ():
        if isinstance(each, Mapping):
            yield each


def _ticket(answer: Answer) -> dict[str, Any]:
    found = answer.mapping()
    if "id" not in found or "status" not in found:
        reason = f"HTTP {answer.status} without a ticket: is url: right?"
        raise Ended(lost(answer.way, reason, Outcome.BROKEN), answer.status)
    return found
