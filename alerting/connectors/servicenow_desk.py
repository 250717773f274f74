"""ServiceNow as a helpdesk: what is wanted of an incident, done by its columns, and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from alerting.connectors import servicenow_checks
from alerting.connectors.base import Can, Finding, Limits, Outcome, Poke, Result, Setting
from alerting.connectors.credentials import is_known
from alerting.connectors.document import Small, Text, mark
from alerting.connectors.http import Ended, Way, told
from alerting.connectors.servicenow import ServiceNowOptions
from alerting.connectors.servicenow_api import ServiceNowApi
from alerting.connectors.servicenow_records import (
    MOST_DESCRIPTION,
    MOST_TEXT,
    TITLE,
    Reader,
    Record,
    display_of,
    note_body,
    priority_of,
    record_body,
    state_body,
    text,
    value,
)
from alerting.connectors.steps import Step, taken
from alerting.messages import Comment, Desired, Known, Observed, RemoteState, Todo, Wanted, todo

_OURS = "toc-"


class ServiceNow:
    """Implements alerting.connectors.base: Connector, Lister, TwinEnder, Hook.

    The table is read as it stands; the lag is what an instance may still take to write after we stopped waiting.
    """

    capabilities = frozenset(Can) - {Can.DEDUPE}
    visibility_lag = 15.0

    def __init__(self, options: ServiceNowOptions, setting: Setting) -> None:
        self._options, self._agent = options, setting.agent
        self._api = ServiceNowApi(options, setting)
        self._reader = Reader(options)
        self.limits = Limits(
            title=TITLE,
            description=MOST_DESCRIPTION,
            comment=MOST_TEXT,
            per_minute=60.0,
            burst=5,
            deadline=6 * options.timeout,
        )

    async def aclose(self) -> None:
        await self._api.aclose()

    async def check(self) -> Sequence[Finding]:
        return await servicenow_checks.looked(self._api)

    async def apply(self, desired: Desired, known: Known) -> Result:
        work, seen = todo(desired, known, self.capabilities), known.observed
        if seen is None:
            try:
                seen = await self._created(desired)
            except Ended as ended:
                return ended.result
            if seen.key != desired.key:
                return replace(_KEYLESS, observed=replace(seen, key=None))
        result = await taken(seen, self._steps(work, desired))
        return await self._blamed(result, seen)

    async def read(self, known: Known) -> Result:
        result = await told(self._read(known))
        return replace(result, outcome=Outcome.BROKEN) if result.outcome is Outcome.PERMANENT else result

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        display = display_of(self._agent)
        query = f"correlation_display={display}^active=true^ORDERBYDESCsys_created_on"
        try:
            rows = await self._api.query(query, most)
        except Ended as ended:
            return ended.result, ()
        mine = [row for row in rows if value(row, "correlation_display") == display]
        if len(mine) < len(rows):
            return _NOT_ASKED, ()
        seen = [self._reader.observed(row, (), {}) for row in mine]
        return Result.ok(), [
            each for each in seen if each.state is RemoteState.OPEN and (each.key or "").startswith(_OURS)
        ]

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        try:
            rows = await self._api.by_key(known.key)
        except Ended as ended:
            return ended.result, ()
        mine = self._options.user.casefold()
        ours = [row for row in rows if value(row, "sys_created_by").casefold() == mine]
        return Result.ok(), [self._reader.observed(row, (), {}) for row in ours]

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        return await told(self._end_twin(twin, kept))

    def poke(self, headers: Mapping[str, str], body: bytes) -> Poke | None:
        if not is_known(self._options.webhook_secret, headers.get("x-tocsin-secret", "")):
            return None
        read = json.loads(body)
        event = read if isinstance(read, dict) else {}
        number, key = str(event.get("sys_id") or ""), str(event.get("correlation_id") or "")
        return Poke((number,) if number else (), (key,) if key.startswith(_OURS) else ())

    async def _created(self, desired: Desired) -> Observed:
        made = await self._api.create(record_body(self._options, desired, self._agent))
        return self._reader.observed(made, (), {"given": value(made, "assigned_to") or None})

    def _steps(self, work: Todo, desired: Desired) -> list[Step]:
        """What is left to do, in order; how it moves comes last, for an end may take no more."""
        steps: list[Step] = [partial(self._noted, each) for each in work.comments]
        if work.priority is not None and (columns := priority_of(self._options, work.priority)):
            steps.append(partial(self._changed, columns))
        if (state := work.state) is not None:
            steps.append(partial(self._moved, state, desired))
        return steps

    async def _noted(self, comment: Comment, seen: Observed) -> Observed:
        await self._api.update(seen.id, note_body(self._options, comment), Way.ONCE)
        return replace(seen, comments=(*seen.comments, comment.id))

    async def _changed(self, columns: Mapping[str, Any], seen: Observed) -> Observed:
        after = await self._api.update(seen.id, columns, Way.AGAIN)
        return replace(
            self._reader.observed(after, (), seen.memo), id=seen.id, url=seen.url, comments=seen.comments
        )

    async def _moved(self, state: Wanted, desired: Desired | None, seen: Observed) -> Observed:
        seen = replace(seen, memo={**seen.memo, "reopened": state == "open"})
        return await self._changed(state_body(self._options, state, desired), seen)

    async def _read(self, known: Known) -> Result:
        if known.observed is not None:
            record = await self._api.record(known.observed.id)
            if record is not None:
                return Result.ok(await self._observed(record, known.observed.memo))
            await self._api.proved()
            return Result.ok(replace(known.observed, state=RemoteState.GONE))
        found = await self._api.by_key(known.key)
        if found:
            return Result.ok(await self._observed(found[0], self._as_we_left(found[0])))
        await self._api.proved()
        return Result.ok(None)

    def _as_we_left(self, record: Record) -> Mapping[str, Any]:
        """What is kept of a record whose making was never answered: nobody but us has touched it since."""
        ours = value(record, "sys_updated_by").casefold() == self._options.user.casefold()
        return {"given": value(record, "assigned_to") or None} if ours else {}

    async def _observed(self, record: Record, memo: Mapping[str, Any]) -> Observed:
        return self._reader.observed(record, await self._api.notes(record), memo)

    async def _end_twin(self, twin: Observed, kept: Observed) -> Result:
        record, note = await self._api.record(twin.id), f"twin-of-{kept.id}"
        if record is None:
            await self._api.proved()
            return Result.ok(replace(twin, state=RemoteState.GONE))
        seen = await self._observed(record, twin.memo)
        if seen.state is not RemoteState.OPEN:
            return Result.ok(seen)
        if note not in seen.comments:
            goes_on = str(kept.memo.get("number") or kept.id)
            document = (Text(f"This is a twin: {goes_on} goes on."), Small(mark(note)))
            await self._api.update(seen.id, {"work_notes": text(document, MOST_TEXT)}, Way.ONCE)
        return Result.ok(await self._moved("resolved", None, seen))

    async def _blamed(self, result: Result, before: Observed) -> Result:
        """Whose fault a refusal is: what is closed takes no change, and says so as if we lacked permission."""
        if result.outcome is not Outcome.BROKEN:
            return result
        try:
            record = await self._api.record(before.id)
        except Ended:
            return result
        if record is not None and self._reader.state(value(record, "state")) is RemoteState.CLOSED:
            return replace(
                result, outcome=Outcome.PERMANENT, reason=f"it is closed for good: {result.reason}"
            )
        return result


_NOT_ASKED = Result.broken("asked for our records, it shows others: the query has to be taken")
_KEYLESS = Result.broken(
    "the incident was made without its correlation_id: our user needs to write and read that column"
)
