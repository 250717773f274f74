"""Freshdesk as a helpdesk: what is wanted of a ticket, done by notes and fields, and read back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from alerting.connectors import freshdesk_checks
from alerting.connectors.base import Can, Finding, Limits, Outcome, Poke, Result, Setting
from alerting.connectors.credentials import is_known
from alerting.connectors.document import Small, Text, mark
from alerting.connectors.freshdesk import FreshdeskOptions
from alerting.connectors.freshdesk_api import FreshdeskApi
from alerting.connectors.freshdesk_tickets import (
    KEYS_BEGIN,
    MOST_TEXT,
    OPEN,
    Reader,
    Ticket,
    note_body,
    priority_of,
    tag_of,
    text,
    ticket_body,
)
from alerting.connectors.http import Ended, told
from alerting.connectors.steps import Step, taken
from alerting.messages import Comment, Desired, Known, Observed, RemoteState, Todo, Wanted, todo

_MOST_NAMES = 2000


class Freshdesk:
    """Implements alerting.connectors.base: Connector, Lister, TwinEnder, Hook.

    The search lags by minutes; what is young is looked for in the list of tickets, too.
    """

    capabilities = frozenset(Can) - {Can.DEDUPE}
    visibility_lag = 120.0

    def __init__(self, options: FreshdeskOptions, setting: Setting) -> None:
        self._options, self._agent = options, setting.agent
        self._api = FreshdeskApi(options, setting)
        self._me: int | None = None  # 0: it is not told to us
        self._names: dict[int, str] = {}
        # The smallest plans take 50 requests a minute; one of ours is two or three.
        self.limits = Limits(
            description=MOST_TEXT,
            comment=MOST_TEXT,
            per_minute=20.0,
            burst=5,
            at_once=2,
            deadline=6 * options.timeout,
        )

    async def aclose(self) -> None:
        await self._api.aclose()

    async def check(self) -> Sequence[Finding]:
        return await freshdesk_checks.looked(self._api)

    async def apply(self, desired: Desired, known: Known) -> Result:
        work, seen = todo(desired, known, self.capabilities), known.observed
        if seen is None:
            try:
                reader = await self._reader()
                made = await self._api.create(ticket_body(self._options, desired, self._agent))
            except Ended as ended:
                return _for_all(ended)
            seen = reader.observed(made, (), {"given": made.get("responder_id")})
            if seen.key != desired.key:
                return replace(_KEYLESS, observed=replace(seen, key=None))
        return await taken(seen, self._steps(work))

    async def read(self, known: Known) -> Result:
        result = await told(self._read(known))
        return replace(result, outcome=Outcome.BROKEN) if result.outcome is Outcome.PERMANENT else result

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        tag = tag_of(self._agent)
        try:
            reader = await self._reader()
            tickets = await self._api.search(f"tag:'{tag}' AND (status:2 OR status:3)")
        except Ended as ended:
            return ended.result, ()
        seen = [reader.observed(each, (), {}) for each in tickets if tag in (each.get("tags") or ())]
        ours = [
            each
            for each in seen
            if each.state is RemoteState.OPEN and (each.key or "").startswith(KEYS_BEGIN)
        ]
        return Result.ok(), sorted(ours, key=lambda each: -int(each.id))[:most]

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        """Who wrote a ticket is not shown there: ours carry our tag."""
        tag = tag_of(self._agent)
        try:
            reader = await self._reader()
            tickets = await self._carrying(known.key, reader, whole=True)
        except Ended as ended:
            return ended.result, ()
        ours = [each for each in tickets if tag in (each.get("tags") or ())]
        return Result.ok(), [reader.observed(each, (), {}) for each in ours]

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        return await told(self._end_twin(twin, kept))

    def poke(self, headers: Mapping[str, str], body: bytes) -> Poke | None:
        if not is_known(self._options.webhook_secret, headers.get("x-tocsin-secret", "")):
            return None
        read = json.loads(body)
        event = read if isinstance(read, dict) else {}
        within = event.get("freshdesk_webhook")
        told_of = {**event, **within} if isinstance(within, dict) else event
        number = str(told_of.get("ticket_id") or told_of.get("id") or "")
        return Poke((number,) if number.isascii() and number.isdecimal() else ())

    def _steps(self, work: Todo) -> list[Step]:
        """What is left to do, in order; how it moves comes last."""
        steps: list[Step] = [partial(self._noted, each) for each in work.comments]
        if work.priority is not None and (number := priority_of(self._options, work.priority)):
            steps.append(partial(self._changed, {"priority": number}))
        if work.state is not None:
            steps.append(partial(self._moved, work.state))
        return steps

    async def _noted(self, comment: Comment, seen: Observed) -> Observed:
        await self._api.note(seen.id, note_body(self._options, comment))
        return replace(seen, comments=(*seen.comments, comment.id))

    async def _moved(self, state: Wanted, seen: Observed) -> Observed:
        """Only where it does not stand so already: a person may have ended it since it was read."""
        now, reader = await self._api.ticket(seen.id), await self._reader()
        current = None if now is None else reader.observed(now, (), seen.memo)
        if current is None or current.state is RemoteState.GONE:
            raise Ended(Result.permanent("the ticket is not there"), 404)
        if (current.state is RemoteState.OPEN) is (state == "open"):
            return replace(current, comments=seen.comments)
        status = OPEN if state == "open" else self._options.resolved_status
        return await self._changed({"status": status}, seen)

    async def _changed(self, change: Mapping[str, Any], seen: Observed) -> Observed:
        after = await self._api.update(seen.id, change)
        return replace((await self._reader()).observed(after, (), seen.memo), comments=seen.comments)

    async def _read(self, known: Known) -> Result:
        reader = await self._reader()
        if known.observed is not None:
            ticket = await self._api.ticket(known.observed.id)
            if ticket is not None:
                return Result.ok(await self._observed(ticket, known.observed.memo))
            await self._api.myself()
            return Result.ok(replace(known.observed, state=RemoteState.GONE))
        for each in await self._carrying(known.key, reader):
            ticket = await self._api.ticket(str(each["id"]))
            if (
                ticket is not None
                and reader.key_of(ticket) == known.key
                and ticket.get("deleted") is not True
            ):
                return Result.ok(await self._observed(ticket, {}))
        await self._api.myself()
        return Result.ok(None)

    async def _carrying(self, key: str, reader: Reader, *, whole: bool = False) -> list[Ticket]:
        """Tickets that show the key, the oldest first. The list is asked where the search is not enough."""
        found = await self._api.search(f"{self._options.key_field}:'{key}'")
        ours = {each["id"]: each for each in found if reader.key_of(each) == key}
        if whole or not ours:
            ours |= {each["id"]: each for each in await self._api.young() if reader.key_of(each) == key}
        return [ours[number] for number in sorted(ours)]

    async def _observed(self, ticket: Ticket, memo: Mapping[str, Any]) -> Observed:
        notes, reader = await self._api.notes(str(ticket["id"])), await self._reader()
        if strangers := reader.strangers(ticket, notes):
            if len(self._names) > _MOST_NAMES:
                self._names.clear()
            self._names |= await self._api.names(strangers)
        return reader.observed(ticket, notes, memo)

    async def _end_twin(self, twin: Observed, kept: Observed) -> Result:
        ticket, note = await self._api.ticket(twin.id), f"twin-of-{kept.id}"
        if ticket is None:
            await self._api.myself()
            return Result.ok(replace(twin, state=RemoteState.GONE))
        seen = await self._observed(ticket, twin.memo)
        if seen.state is not RemoteState.OPEN:
            return Result.ok(seen)
        if note not in seen.comments:
            document = (Text(f"This is a twin: ticket {kept.id} goes on."), Small(mark(note)))
            await self._api.note(twin.id, {"body": text(document), "private": True})
        return Result.ok(await self._moved("resolved", seen))

    async def _reader(self) -> Reader:
        if self._me is None:
            me = await self._api.myself()
            self._me = me["id"] if me is not None else 0
        return Reader(self._options, self._me or None, self._names)


_KEYLESS = Result.broken("the ticket was made without its key: mend key_field:")


def _for_all(ended: Ended) -> Result:
    """Whose fault it is that none was created: where there is nothing at that address, no ticket is to blame."""
    return replace(ended.result, outcome=Outcome.BROKEN) if ended.status in (404, 410) else ended.result
