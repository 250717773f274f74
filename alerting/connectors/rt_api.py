"""Request Tracker's REST 2 calls, each as it is made and as its answer is believed. They raise Ended otherwise."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from alerting.connectors.base import Outcome, Result, Setting
from alerting.connectors.credentials import basic
from alerting.connectors.http import Answer, Ask, Caller, Ended, Vendor, Way, look, lost
from alerting.connectors.rt import RtOptions
from alerting.connectors.rt_tickets import Part, Said, is_told, key_of, said_in

_PAGE, _MOST_PAGES, _MOST_TEXTS = 100, 3, 2000
_KEY = re.compile(r"[A-Za-z0-9-]{1,80}")
_TOKEN = re.compile(r"[0-9]+-([0-9]{1,18})-.+")
_FIELDS = "Subject,Status,Priority,Creator,Created,Owner,CustomFields"


def _said(answer: Answer) -> str:
    return str(answer.mapping().get("message") or "")


class RtApi:
    """One Request Tracker, by one user."""

    def __init__(self, options: RtOptions, setting: Setting) -> None:
        self.options = options
        base = f"{options.url}/REST/2.0"
        self._http = Caller(base, options, self._headers, setting.now, Vendor(said=_said))
        self._texts: dict[str, Said] = {}  # of attachments, which never change
        self._last: str | None = None  # the ticket that we saw last

    def _headers(self) -> Mapping[str, str]:
        user, token = self.options.user, self.options.token
        return {"Authorization": basic(user, token) if user else f"token {token.reveal()}"}

    async def aclose(self) -> None:
        await self._http.aclose()

    async def myself(self) -> str:
        """The name of our user; empty where a token does not say whose it is, and is taken all the same."""
        who = self.options.user or self._number()
        if who is None:
            version = (await self._http.call(look("/rt"))).mapping().get("Version")
            if not version:
                raise Ended(Result.broken("no Request Tracker answers: is url: right?"))
            return ""
        answer = await self._http.call(look(f"/user/{quote(who, safe='')}", also=(404,)))
        found = answer.mapping()
        if answer.status == 404:
            raise Ended(Result.broken(f"there is no user or no REST 2 of RT 5 there: {_said(answer)}"))
        if str(found.get("Disabled") or "0") != "0" or not found.get("id"):
            raise Ended(Result.broken("our user is nobody there: mend user: or token:"))
        return str(found.get("Name") or self.options.user or "")

    async def queue(self) -> Mapping[str, Any]:
        """Our queue. BROKEN where there is none, or none for us."""
        name = self.options.queue
        answer = await self._http.call(look(f"/queue/{quote(name, safe='')}", also=(403, 404)))
        if answer.status != 200:
            missing = (
                "there is no such queue" if answer.status == 404 else "our user may not see it (SeeQueue)"
            )
            raise Ended(Result.broken(f"queue {name}: {missing}, or it is called otherwise: mend queue:"))
        found = answer.mapping()
        if str(found.get("Disabled") or "0") != "0":
            raise Ended(Result.broken(f"queue {name} is disabled"))
        return found

    async def key_field(self) -> None:
        """Raises Ended where the queue's tickets have no field for the key: then nothing would be found by it."""
        name = self.options.key_field
        if name not in custom_fields(await self.queue()):
            reason = (
                f"tickets of queue {self.options.queue} have no custom field {name} that our user may see: "
            )
            raise Ended(Result.broken(f"{reason}make it, apply it to the queue, and grant SeeCustomField"))

    async def ticket(self, number: str) -> tuple[dict[str, Any], str] | None:
        """A ticket and its entity tag; None where it is not there. What was merged gives the one that is left.

        Raises Ended: PERMANENT where this one is kept from us, BROKEN where all are.
        """
        answer = await self._http.call(look(f"/ticket/{number}", also=(403, 404, 410)))
        if answer.status == 403:
            verdict = Result.permanent if await self._sees_any() else Result.broken
            raise Ended(verdict(f"ticket {number} is not for us to see: grant our user ShowTicket"), 403)
        if answer.status != 200:
            return None
        found = answer.mapping()
        if "id" not in found or "Status" not in found:
            raise Ended(Result.broken("an answer without a ticket: is url: right?"))
        self._last = number
        return found, answer.headers.get("etag", "")

    async def by_key(self, key: str) -> list[dict[str, Any]]:
        """Tickets that carry the key, in any queue, the oldest first."""
        if not _KEY.fullmatch(key):
            raise Ended(Result.permanent("the key is none that can be asked for"))
        await self.key_field()
        field = self.options.key_field
        found = await self.search(f"CF.{{{field}}} = '{key}'", "ASC")
        if found and not any(str(key_of(each, field)).casefold() == key.casefold() for each in found):
            raise Ended(Result.broken("asked for one key, it shows tickets with others"))
        if not found:
            await self._still_sees()
        return [each for each in found if key_of(each, field) == key]

    async def search(self, query: str, order: str) -> list[dict[str, Any]]:
        """At most a page of what a query finds, by number."""
        params = {"query": query, "fields": _FIELDS, "orderby": "id", "order": order, "per_page": str(_PAGE)}
        return await self._list("/tickets", params)

    async def is_inactive(self, number: str) -> bool:
        """Whether its status is one of those that its lifecycle ends with."""
        return bool(await self.search(f"id = {number} AND Status = '__Inactive__'", "ASC"))

    async def history(self, number: str) -> list[dict[str, Any]]:
        """The latest of what was done, the oldest first; that of tickets that were merged into it, too."""
        params = {"fields": "Type,Creator,Created,Field,OldValue,NewValue"}
        return await self._latest(f"/ticket/{number}/history", params)

    async def parts(self, number: str, history: list[dict[str, Any]]) -> list[Part]:
        """What was said, the oldest first: the texts of comments and replies, and of the tickets' beginnings."""
        acts = {str(each["id"]): each for each in history}
        params = {"fields": "ContentType,TransactionId,Filename,Headers"}
        attachments = await self._latest(f"/ticket/{number}/attachments", params)
        told = [each for each in attachments if is_told(each, acts)]
        return [Part(acts[str(each["TransactionId"])], await self._text(each)) for each in told]

    async def create(self, body: Mapping[str, Any]) -> str:
        """The number of the new ticket."""
        answer = await self._http.call(Ask(Way.ONCE, "POST", "/ticket", body))
        number = str(answer.mapping().get("id") or "")
        if not number.isdecimal():
            raise Ended(
                lost(Way.ONCE, f"HTTP {answer.status} without a ticket: is url: right?"), answer.status
            )
        return number

    async def comment(self, number: str, text: str) -> None:
        how = "correspond" if self.options.public_comments else "comment"
        body = {"Content": text, "ContentType": "text/plain"}
        answer = await self._http.call(Ask(Way.ONCE, "POST", f"/ticket/{number}/{how}", body))
        answer.json()

    async def change(self, number: str, body: Mapping[str, Any], tag: str) -> str:
        """What RT says that it did, which is not to be believed; only while the ticket is as its tag says."""
        headers = {"If-Match": tag} if tag else {}
        ask = Ask(Way.AGAIN, "PUT", f"/ticket/{number}", body, headers=headers, also=(412,))
        answer = await self._http.call(ask)
        if answer.status == 412:
            raise Ended(Result.retry("somebody changed the ticket at the same moment"), 412)
        said = answer.json()
        return " ".join("; ".join(map(str, said)).split())[:200] if isinstance(said, list) else ""

    async def _sees_any(self) -> bool:
        """Whether any ticket of ours is shown to us."""
        return bool(await self._list("/tickets", {"query": "Creator = '__CurrentUser__'", "per_page": "1"}))

    async def _still_sees(self) -> None:
        """Raises Ended where tickets are kept from us since we saw one: then a search that finds none says nothing."""
        if self._last is None:
            return
        try:
            await self.ticket(self._last)
        except Ended as ended:
            if ended.result.outcome is not Outcome.PERMANENT:
                raise

    def _number(self) -> str | None:
        """A token names its user by number."""
        found = _TOKEN.fullmatch(self.options.token.reveal())
        return found[1] if found else None

    async def _text(self, attachment: Mapping[str, Any]) -> Said:
        number = str(attachment["id"])
        if number not in self._texts:
            content = (await self._http.call(look(f"/attachment/{number}"))).mapping().get("Content")
            if len(self._texts) >= _MOST_TEXTS:
                self._texts.clear()
            try:
                text = base64.b64decode(str(content or "")).decode("utf-8", "replace")
            except binascii.Error:
                text = str(content)
            self._texts[number] = said_in(text, is_html=attachment.get("ContentType") == "text/html")
        return self._texts[number]

    async def _latest(self, path: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for page in range(1, _MOST_PAGES + 1):
            asked = {**params, "orderby": "id", "order": "DESC", "per_page": str(_PAGE), "page": str(page)}
            items = await self._list(path, asked)
            found += items
            if len(items) < _PAGE:
                break
        return sorted(found, key=lambda each: int(each["id"]))

    async def _list(self, path: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """A list. One that is refused is BROKEN: never "there is none"."""
        try:
            found = (await self._http.call(look(path, params))).mapping().get("items")
        except Ended as ended:
            if ended.result.outcome is not Outcome.PERMANENT:
                raise
            reason = f"{path} is refused: {ended.result.reason}"
            raise Ended(replace(ended.result, outcome=Outcome.BROKEN, reason=reason)) from None
        if not isinstance(found, list):
            raise Ended(Result.broken(f"{path} gives no list: is url: right?"))
        return found


def custom_fields(queue: Mapping[str, Any]) -> set[str]:
    """Names of the custom fields that tickets of a queue have."""
    return {str(each.get("name")) for each in queue.get("TicketCustomFields") or ()}
