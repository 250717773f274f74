"""Zendesk's REST calls, each as it is made and as its answer is believed. They raise Ended for everything else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from alerting.connectors.base import Outcome, Result, Setting
from alerting.connectors.credentials import basic
from alerting.connectors.http import Answer, Ask, Caller, Ended, Vendor, Way, look, lost
from alerting.connectors.zendesk import ZendeskOptions
from alerting.connectors.zendesk_tickets import key_of

_PAGE, _MOST_PAGES = 100, 3
_TAKES_TICKETS = ("agent", "admin")
_NOT_TOLD = (403, 404)


def said(answer: Answer) -> str:
    """Zendesk's own words, each with the field that it is about."""
    body = answer.mapping()
    error = body.get("error")
    if isinstance(error, Mapping):
        return f"{error.get('title') or ''}: {error.get('message') or ''}"
    details = body.get("details") or {}
    texts = [str(body.get("description") or body.get("message") or "")]
    texts = texts if details else [str(error or ""), *texts]
    for field, many in details.items():
        for each in many if isinstance(many, list) else (many,):
            text = each.get("description") or each.get("error") if isinstance(each, Mapping) else each
            number = each.get("ticket_field_id") if isinstance(each, Mapping) else None
            texts.append(f"{field}{f' (field {number})' if number else ''}: {text}")
    return "; ".join(text for text in texts if text)


class ZendeskApi:
    """One account, by one user."""

    def __init__(self, options: ZendeskOptions, setting: Setting) -> None:
        self.options = options
        self._http = Caller(f"{options.url}/api/v2", options, self._headers, setting.now, Vendor(said=said))

    def _headers(self) -> Mapping[str, str]:
        user, token = self.options.user, self.options.token
        return {"Authorization": basic(f"{user}/token", token) if user else f"Bearer {token.reveal()}"}

    async def aclose(self) -> None:
        await self._http.aclose()

    async def myself(self) -> Mapping[str, Any] | None:
        """Who we are: an agent. A session that is nobody's is answered too, as a user without a number.

        None where we are let in, and not told: a token may be for tickets alone.
        """
        answer = await self._http.call(look("/users/me", also=_NOT_TOLD))
        if answer.status != 200:
            await self._list("/tickets", "tickets", {"per_page": "1"})
            return None
        me = answer.mapping().get("user")
        if not isinstance(me, Mapping) or not isinstance(me.get("id"), int):
            raise Ended(Result.broken("the credentials are nobody's: mend user: or token:"))
        if me.get("role") not in _TAKES_TICKETS:
            raise Ended(Result.broken(f"our user is an {me.get('role')} there: make it an agent"))
        return me

    async def ticket(self, number: str) -> dict[str, Any] | None:
        """A ticket; None where it is not there."""
        answer = await self._http.call(look(f"/tickets/{number}", also=(404, 410)))
        return _ticket(answer) if answer.status == 200 else None

    async def by_key(self, key: str) -> list[dict[str, Any]]:
        """Tickets that carry the key, the oldest first. Where others come, the filter was dropped: BROKEN."""
        found = await self._list("/tickets", "tickets", {"external_id": key, "per_page": str(_PAGE)})
        if found and not any(str(key_of(each)).casefold() == key for each in found):
            raise Ended(Result.broken("asked for one external_id, it shows tickets with others"))
        return sorted((each for each in found if key_of(each) == key), key=lambda each: int(each["id"]))

    async def search(self, query: str) -> list[dict[str, Any]]:
        """What the search gives of tickets, the newest first, at most a page; it lags by minutes."""
        params = {"query": query, "sort_by": "created_at", "sort_order": "desc", "per_page": str(_PAGE)}
        return await self._list("/search", "results", params)

    async def comments(self, number: str) -> list[Any]:
        """The latest comments, the oldest first."""
        found: list[Any] = []
        for page in range(1, _MOST_PAGES + 1):
            params = {"sort_order": "desc", "per_page": str(_PAGE), "page": str(page)}
            answer = (await self._http.call(look(f"/tickets/{number}/comments", params))).mapping()
            found += answer.get("comments") or ()
            if not answer.get("next_page"):
                break
        return sorted(found, key=lambda each: int(each["id"]))

    async def names(self, users: Iterable[int]) -> dict[int, str]:
        """Names of users, as far as they are told to us."""
        ids = ",".join(str(each) for each in sorted(users)[:_PAGE])
        try:
            page = (await self._http.call(look("/users/show_many", {"ids": ids}))).mapping()
        except Ended as ended:
            if ended.result.outcome is Outcome.RETRY:
                raise
            return {}
        return {each["id"]: str(each.get("name") or "") for each in page.get("users") or ()}

    async def fields(self) -> list[dict[str, Any]]:
        return await self._list("/ticket_fields", "ticket_fields", {})

    async def create(self, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        """The new ticket; for some hours, the same one again where it was created under this key already."""
        ask = Ask(Way.ONCE, "POST", "/tickets", body, headers={"Idempotency-Key": key})
        try:
            return _ticket(await self._http.call(ask))
        except Ended as ended:
            if ended.status == 400 and "idempoten" in ended.result.reason.casefold():
                reason = f"another ticket was asked for under this key: {ended.result.reason}"
                raise Ended(lost(Way.ONCE, reason), 400) from None
            raise

    async def update(self, number: str, body: Mapping[str, Any], way: Way) -> dict[str, Any]:
        return _ticket(await self._http.call(Ask(way, "PUT", f"/tickets/{number}", body)))

    async def _list(self, path: str, name: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """A list. One that is refused, or gone, is BROKEN: never "there is none"."""
        try:
            found = (await self._http.call(look(path, params))).mapping().get(name)
        except Ended as ended:
            if ended.result.outcome is not Outcome.PERMANENT:
                raise
            reason = f"{path} is refused: {ended.result.reason}"
            raise Ended(replace(ended.result, outcome=Outcome.BROKEN, reason=reason)) from None
        if not isinstance(found, list):
            raise Ended(Result.broken(f"{path} gives no list of {name}: is url: right?"))
        return found


def _ticket(answer: Answer) -> dict[str, Any]:
    found = answer.mapping().get("ticket")
    if not isinstance(found, dict) or "id" not in found:
        reason = f"HTTP {answer.status} without a ticket: is url: right?"
        raise Ended(lost(answer.way, reason, Outcome.BROKEN), answer.status)
    return found
