"""ServiceNow's Table API, each call as it is made and as its answer is believed. All else raises Ended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from alerting.connectors.base import Outcome, Result, Setting
from alerting.connectors.credentials import basic
from alerting.connectors.http import Answer, Ask, Caller, Ended, Vendor, Way, look, lost
from alerting.connectors.servicenow import ServiceNowOptions
from alerting.connectors.servicenow_records import Entry, Record, journal, value, written_out

_COLUMNS = (
    "sys_id,number,state,priority,correlation_id,correlation_display,assigned_to,resolved_by,closed_by,"
    "sys_created_on,sys_created_by,sys_updated_by,work_notes,comments"
)
_SHOWN = {"sysparm_display_value": "all", "sysparm_exclude_reference_link": "true"}
_FEW, _MOST_NOTES = 10, 200
# What is said of one record, though it comes as 403: rules of the instance, and not our permissions.
_RULE = re.compile(r"data policy|mandatory|business rule|invalid (insert|update)", re.IGNORECASE)
_NO_TABLE = re.compile(r"invalid table", re.IGNORECASE)


def said(answer: Answer) -> str:
    """ServiceNow's own words, or which limit was met."""
    rule = answer.headers.get("x-ratelimit-rule")
    if answer.status == 429 and rule:
        return f"limit {rule}"
    error = answer.mapping().get("error")
    if not isinstance(error, Mapping):
        return str(error or "")
    return ": ".join(str(error[name]) for name in ("message", "detail") if error.get(name))


class ServiceNowApi:
    """One table of one instance, by one user."""

    def __init__(self, options: ServiceNowOptions, setting: Setting) -> None:
        self.options, self._now = options, setting.now
        self._http = Caller(
            f"{options.url}/api/now/table",
            options,
            self._headers,
            setting.now,
            Vendor(said=said, after=self._after),
        )

    def _headers(self) -> Mapping[str, str]:
        if self.options.token is not None:
            return {"Authorization": f"Bearer {self.options.token.reveal()}"}
        assert self.options.password is not None  # the options see to it
        return {"Authorization": basic(self.options.user, self.options.password)}

    def _after(self, answer: Answer) -> float | None:
        reset = answer.headers.get("x-ratelimit-reset", "")
        if answer.status != 429 or not (reset.isascii() and reset.isdecimal()):
            return None
        return max(0.0, float(reset[:12]) - self._now())

    async def aclose(self) -> None:
        await self._http.aclose()

    async def myself(self) -> Record | None:
        """Our user's own record; None where we may not read it, though we are let in."""
        params = {"sysparm_query": f"user_name={self.options.user}", "sysparm_limit": "2"}
        try:
            rows = await self.rows("sys_user", {**params, "sysparm_fields": "sys_id,user_name,name"})
        except Ended as ended:
            if ended.status in (400, 403, 404):
                return None
            raise
        mine = (row for row in rows if value(row, "user_name").casefold() == self.options.user.casefold())
        return next(mine, None)

    async def rows(self, table: str, params: Mapping[str, str]) -> list[dict[str, Any]]:
        """Rows of a table."""
        return _rows(await self._http.call(look(f"/{table}", params)))

    async def proved(self) -> None:
        """Who may say that a record is not there: one that is let in as us, and sees the table. Ended is BROKEN.

        Rows that we may not read are left out of an answer, but not out of its count.
        """
        await self.myself()
        params = {"sysparm_limit": "1", "sysparm_fields": "sys_id"}
        try:
            answer = await self._http.call(look(f"/{self.options.table}", params))
        except Ended as ended:
            raise Ended(_for_all(ended), ended.status) from None
        count = answer.headers.get("x-total-count", "")
        if not _rows(answer) and count.isascii() and count.isdecimal() and int(count):
            reason = f"of {count} records in {self.options.table} none is to be seen by us: mend our roles"
            raise Ended(Result.broken(reason))

    async def record(self, number: str) -> dict[str, Any] | None:
        """A record, with its notes as one text; None where it is not there, or not for us."""
        params = {**_SHOWN, "sysparm_fields": _COLUMNS}
        answer = await self._http.call(look(f"/{self.options.table}/{number}", params, also=(404, 410)))
        if answer.status != 200:
            return None
        record = _record(answer)
        if value(record, "sys_id") != number:
            raise Ended(Result.broken("asked for one record, it shows another"))
        return record

    async def by_key(self, key: str) -> list[dict[str, Any]]:
        """Records that carry the key, the oldest first.

        A query that is not understood is dropped, and gives the whole table: what does not carry the key is not ours,
        and where nothing does, nothing is known: BROKEN.
        """
        query = f"correlation_id={key}^ORDERBYsys_created_on"
        found = await self.query(query, _FEW)
        ours = [row for row in found if value(row, "correlation_id") == key]
        if found and not ours:
            has_some = any(value(row, "correlation_id") for row in found)
            wrong = (
                "it shows records with others"
                if has_some
                else "it shows records, and not their correlation_id"
            )
            remedy = "our user needs to read that column, and the query has to be taken"
            raise Ended(Result.broken(f"asked for one correlation_id, {wrong}: {remedy}"))
        return sorted(ours, key=lambda row: (value(row, "sys_created_on"), value(row, "sys_id")))

    async def query(self, query: str, most: int) -> list[dict[str, Any]]:
        """What a query gives. One that is refused is BROKEN: never "there is none"."""
        params = {**_SHOWN, "sysparm_query": query, "sysparm_limit": str(most), "sysparm_fields": _COLUMNS}
        try:
            return await self.rows(self.options.table, params)
        except Ended as ended:
            raise Ended(_for_all(ended), ended.status) from None

    async def notes(self, record: Record) -> list[Entry]:
        """Notes of a record, the oldest first; from the record itself where their table is not for us."""
        number = value(record, "sys_id")
        out = written_out(record)
        params = {
            "sysparm_query": f"element_id={number}^ORDERBYDESCsys_created_on",
            "sysparm_limit": str(_MOST_NOTES),
            "sysparm_fields": "sys_id,element,element_id,value,sys_created_by,sys_created_on",
        }
        try:
            entries = journal(await self.rows("sys_journal_field", params), number, self.options.user)
        except Ended as ended:
            if ended.status not in (400, 403, 404):
                raise
            return out
        return entries or out

    async def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        answer = await self._written(Ask(Way.ONCE, "POST", f"/{self.options.table}", body))
        if not value(answer, "sys_id"):
            raise Ended(lost(Way.ONCE, "a record was made, and its sys_id is not told"))
        return answer

    async def update(self, number: str, body: Mapping[str, Any], way: Way) -> dict[str, Any]:
        """Change a record. Where it is not there, whether anything is there for us decides who is to blame."""
        try:
            return await self._written(Ask(way, "PATCH", f"/{self.options.table}/{number}", body))
        except Ended as ended:
            if ended.status == 404 and ended.result.outcome is Outcome.PERMANENT:
                await self.proved()
            raise

    async def _written(self, ask: Ask) -> dict[str, Any]:
        params = {"sysparm_fields": _COLUMNS, "sysparm_input_display_value": "false"}
        asked = Ask(ask.way, ask.method, ask.path, ask.body, params)
        try:
            return _record(await self._http.call(asked))
        except Ended as ended:
            reason = ended.result.reason
            if ended.status in (400, 404) and _NO_TABLE.search(reason):
                raise Ended(_for_all(ended), ended.status) from None
            if ended.status == 403 and _RULE.search(reason):
                raise Ended(Result.permanent(reason), ended.status) from None
            raise


def _for_all(ended: Ended) -> Result:
    """A refusal that no single record is to blame for."""
    if ended.result.outcome is not Outcome.PERMANENT:
        return ended.result
    return Result.broken(f"the table cannot be asked: {ended.result.reason}")


def _rows(answer: Answer) -> list[dict[str, Any]]:
    found = answer.mapping().get("result")
    if not isinstance(found, list):
        raise Ended(Result.broken(f"HTTP {answer.status} without a list of records: is url: right?"))
    return [each for each in found if isinstance(each, dict)]


def _record(answer: Answer) -> dict[str, Any]:
    found = answer.mapping().get("result")
    if not isinstance(found, dict):
        reason = f"HTTP {answer.status} without a record: is url: right?"
        raise Ended(lost(answer.way, reason, Outcome.BROKEN), answer.status)
    return found
