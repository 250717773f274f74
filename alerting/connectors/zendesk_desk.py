"""Zendesk as a helpdesk: what is wanted of a ticket, done in few updates, and read back."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from alerting.connectors import zendesk_checks
from alerting.connectors.base import Can, Finding, Limits, Outcome, Poke, Result, Setting
from alerting.connectors.document import Small, Text, mark
from alerting.connectors.http import Ended, Way, told
from alerting.connectors.moments import moment
from alerting.connectors.steps import Step, taken
from alerting.connectors.zendesk import ZendeskOptions, is_custom
from alerting.connectors.zendesk_api import ZendeskApi
from alerting.connectors.zendesk_bodies import (
    GUARDS,
    MOST_TEXT,
    Update,
    change_of,
    note_body,
    said,
    tag_of,
    ticket_body,
    updates,
)
from alerting.connectors.zendesk_tickets import KEYS_BEGIN, Reader, Story, merged_into
from alerting.messages import Desired, Known, Observed, RemoteState, Todo, todo
from config.secrets import Secret, SecretError

_MOST_NAMES, _MOST_MERGES = 2000, 5
_OLDEST_CALL = 300.0


class Zendesk:
    """Implements alerting.connectors.base: Connector, Lister, TwinEnder, Hook.

    What was created is found at once. The header that forbids a second creation lasts for hours only: so the key is
    looked for first.
    """

    capabilities = frozenset(Can)
    visibility_lag = 0.0

    def __init__(self, options: ZendeskOptions, setting: Setting) -> None:
        self._options, self._setting = options, setting
        self._api = ZendeskApi(options, setting)
        self._me: int | None = None  # 0: it is not told to us
        self._names: dict[int, str] = {}
        # A ticket takes 30 updates of ours in ten minutes, and one call makes at most two.
        self.limits = Limits(
            title=150,
            description=MOST_TEXT,
            comment=MOST_TEXT,
            per_minute=60.0,
            burst=10,
            per_ticket=40.0,
            deadline=6 * options.timeout,
        )

    async def aclose(self) -> None:
        await self._api.aclose()

    async def check(self) -> Sequence[Finding]:
        return await zendesk_checks.looked(self._api)

    async def apply(self, desired: Desired, known: Known) -> Result:
        seen, work = known.observed, todo(desired, known, self.capabilities)
        try:
            await self._known_me()
            if seen is None:
                seen = await self._created(desired)
                work = self._after_creation(desired, known, seen)
        except Ended as ended:
            return _blamed(ended)
        return await taken(seen, [self._step(each) for each in updates(_allowed(work, seen))])

    async def read(self, known: Known) -> Result:
        result = await told(self._read(known))
        return replace(result, outcome=Outcome.BROKEN) if result.outcome is Outcome.PERMANENT else result

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        tag = tag_of(self._setting.agent)
        try:
            await self._known_me()
            tickets = await self._api.search(f"type:ticket tags:{tag} status<solved")
        except Ended as ended:
            return ended.result, ()
        ours = [each for each in tickets if tag in (each.get("tags") or ())]
        seen = [self._reader.observed(Story(each), {}) for each in ours]
        open_ones = (each for each in seen if each.state is RemoteState.OPEN and _is_ours(each.key))
        return Result.ok(), list(open_ones)[:most]

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        try:
            await self._known_me()
            tickets = await self._api.by_key(known.key)
        except Ended as ended:
            return ended.result, ()
        ours = [each for each in tickets if self._me in (0, each.get("submitter_id"))]
        return Result.ok(), [self._reader.observed(Story(each), {}) for each in ours]

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        return await told(self._end_twin(twin, kept))

    def poke(self, headers: Mapping[str, str], body: bytes) -> Poke | None:
        if not _is_signed(self._options.webhook_secret, headers, body, self._setting.now()):
            return None
        read = json.loads(body)
        event = read if isinstance(read, dict) else {}
        within = event.get("detail")
        detail = within if isinstance(within, dict) else {}
        ids = [str(each) for each in (detail.get("id"), event.get("ticket_id"), event.get("id"))]
        keys = [str(each) for each in (detail.get("external_id"), event.get("external_id"))]
        return Poke(tuple(each for each in ids if is_custom(each)), tuple(filter(_is_ours, keys)))

    @property
    def _reader(self) -> Reader:
        return Reader(self._me or None, self._options.url, self._names)

    async def _known_me(self) -> None:
        if self._me is None:
            me = await self._api.myself()
            self._me = me["id"] if me is not None else 0

    async def _created(self, desired: Desired) -> Observed:
        """The ticket that carries the key; a new one only where none does."""
        tickets = await self._api.by_key(desired.key)
        if tickets:
            return await self._observed(
                Story(tickets[0], await self._api.comments(str(tickets[0]["id"]))), {}
            )
        made = await self._made(desired)
        memo = {"given": made.get("assignee_id"), "since": moment(made.get("created_at"))}
        seen = self._reader.observed(Story(made), memo)
        return replace(seen, key=desired.key)

    async def _made(self, desired: Desired) -> dict[str, Any]:
        body = ticket_body(self._options, desired, self._setting.agent)
        try:
            return await self._api.create(body, desired.key)
        except Ended as ended:
            refused = ended.result.outcome is Outcome.PERMANENT and "via_followup_source_id" in body["ticket"]
            if not refused:
                raise
        # Only what is closed, and still there, is followed up; the description names it all the same.
        alone = {name: value for name, value in body["ticket"].items() if name != "via_followup_source_id"}
        return await self._api.create({"ticket": alone}, f"{desired.key}-alone")

    def _after_creation(self, desired: Desired, known: Known, seen: Observed) -> Todo:
        work = todo(desired, replace(known, observed=seen, priority=desired.priority), self.capabilities)
        return replace(work, state=work.state if desired.state == "resolved" else None)

    def _step(self, update: Update) -> Step:
        return lambda seen: self._commented(seen, update) if update.comments else self._moved(seen, update)

    async def _commented(self, seen: Observed, update: Update) -> Observed:
        await self._api.update(seen.id, note_body(self._options, update.comments), Way.ONCE)
        return replace(seen, comments=(*seen.comments, *(each.id for each in update.comments)))

    async def _moved(self, seen: Observed, update: Update) -> Observed:
        """Priority and status, unless somebody was at the ticket meanwhile."""
        now = await self._api.ticket(seen.id)
        if now is None:
            raise Ended(Result.permanent("the ticket is not there"), 404)
        change = change_of(self._options, update, now, self._me or None)
        if not change:
            return seen
        after = await self._changed(seen.id, change)
        return replace(self._reader.observed(Story(after), seen.memo), comments=seen.comments, key=seen.key)

    async def _changed(self, number: str, change: Mapping[str, Any]) -> dict[str, Any]:
        """The ticket after a change; where what guards it is refused, the change goes without."""
        try:
            return await self._api.update(number, {"ticket": change}, Way.AGAIN)
        except Ended as ended:
            if ended.status not in (400, 422) or not GUARDS & change.keys():
                raise
        bare = {name: value for name, value in change.items() if name not in GUARDS}
        return await self._api.update(number, {"ticket": bare}, Way.AGAIN)

    async def _read(self, known: Known) -> Result:
        await self._known_me()
        if known.observed is not None:
            memo = known.observed.memo
            story = await self._story(known.observed.id, tuple(memo.get("former") or ()))
            if story is not None:
                return Result.ok(await self._observed(story, memo))
            await self._api.myself()
            return Result.ok(replace(known.observed, state=RemoteState.GONE))
        for ticket in await self._api.by_key(known.key):
            story = await self._story(str(ticket["id"]), ())
            if story is not None:
                return Result.ok(await self._observed(story, {}))
        await self._api.myself()
        return Result.ok(None)

    async def _story(self, number: str, former: tuple[str, ...]) -> Story | None:
        """The ticket, or what it was merged into in the end; None where it is not there."""
        earlier = [each for before in former for each in await self._api.comments(before)]
        ticket = await self._api.ticket(number)
        if ticket is None:
            return None
        story = Story(ticket, await self._api.comments(number), former, earlier)
        into = merged_into(ticket, story.comments)
        if into is None or into in former or len(former) >= _MOST_MERGES:
            return story
        try:
            return await self._story(into, (*former, number)) or story
        except Ended as ended:
            if ended.status != 403:
                raise
            return story  # it is not for us to see: ours is closed, that is all

    async def _observed(self, story: Story, memo: Mapping[str, Any]) -> Observed:
        strangers = self._reader.strangers(story)
        if strangers:
            if len(self._names) > _MOST_NAMES:
                self._names.clear()
            self._names |= await self._api.names(strangers)
        since = memo.get("since")
        if story.former and not since:
            first = await self._api.ticket(story.former[0])
            since = moment((first or {}).get("created_at"))
        return self._reader.observed(story, {**memo, "since": since})

    async def _end_twin(self, twin: Observed, kept: Observed) -> Result:
        await self._known_me()
        note = f"twin-of-{kept.id}"
        story = await self._story(twin.id, ())
        if story is None:
            await self._api.myself()
            return Result.ok(replace(twin, state=RemoteState.GONE))
        seen = await self._observed(story, twin.memo)
        if seen.state is not RemoteState.OPEN:
            return Result.ok(seen)
        if note not in seen.comments:
            document = (Text(f"This is a twin: ticket {kept.id} goes on."), Small(mark(note)))
            await self._api.update(twin.id, {"ticket": {"comment": said(document, public=False)}}, Way.ONCE)
        return Result.ok(await self._moved(seen, Update((), None, "resolved")))


def _allowed(work: Todo, seen: Observed) -> Todo:
    """What ours was merged into is told our news; how urgent it is, is for its own people to say."""
    return replace(work, priority=None) if seen.state is RemoteState.MERGED else work


def _is_ours(key: str | None) -> bool:
    return key is not None and key.startswith(KEYS_BEGIN)


def _blamed(ended: Ended) -> Result:
    """Whose fault it is that none was created: where there is nothing at that address, no ticket is to blame."""
    return replace(ended.result, outcome=Outcome.BROKEN) if ended.status in (404, 410) else ended.result


def _is_signed(secret: Secret | None, headers: Mapping[str, str], body: bytes, now: float) -> bool:
    """Whether a call is signed, over its time and body, and is not older (or newer) than five minutes."""
    try:
        key = secret.reveal().encode() if secret is not None else b""
    except SecretError:
        return False
    stamp = headers.get("x-zendesk-webhook-signature-timestamp", "")
    made = hmac.new(key, stamp.encode(errors="replace") + body, hashlib.sha256).digest()
    shown = headers.get("x-zendesk-webhook-signature", "").encode(errors="replace")
    is_right = hmac.compare_digest(base64.b64encode(made), shown)
    return bool(key) and is_right and abs(moment(stamp) / 1_000_000 - now) <= _OLDEST_CALL
