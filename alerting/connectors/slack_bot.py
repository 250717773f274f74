"""Slack by an app's token: a ticket is one message, kept up to date in its place, and its thread has what is said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from alerting.connectors import slack_blocks
from alerting.connectors.base import Can, Finding, Limits, Outcome, Result, Setting
from alerting.connectors.http import Caller, Ended, Way, found
from alerting.connectors.slack import SlackOptions
from alerting.connectors.slack_api import Refused, called
from alerting.connectors.slack_blocks import Message
from alerting.connectors.steps import Step, taken
from alerting.messages import Comment, Desired, Known, Observed, RemoteState, todo

_PAGE, _MOST_PAGES = 200, 25
_CLOCKS = 300_000_000  # microseconds that theirs may be behind ours
_GONE = ("thread_not_found", "message_not_found")
_POSTING = "chat:write"
_HIDDEN = "messages are shown without their metadata: give the app the scope metadata.message:read"
_UNREADABLE = "a post whose answer is lost stays in doubt, and replies of people are not seen"


@dataclass(frozen=True, slots=True)
class Me:
    """Who we are there; `site` is where people open messages, `scopes` what we may do, empty where it is not told."""

    user: str
    bot: str
    name: str
    team: str
    site: str
    scopes: tuple[str, ...]

    def wrote(self, message: Message) -> bool:
        return bool(self.bot and message.get("bot_id") == self.bot) or message.get("user") == self.user


class SlackBot:
    """Implements alerting.connectors.base.Connector, Lister and TwinEnder. An id is `CHANNEL/TS`."""

    capabilities = frozenset(
        {Can.FIND, Can.READ, Can.COMMENT, Can.COMMENT_IDS, Can.PRIORITY, Can.RESOLVE, Can.REOPEN}
    )
    visibility_lag = 5.0

    def __init__(self, options: SlackOptions, setting: Setting) -> None:
        assert options.channel is not None
        self._options, self._setting, self._channel = options, setting, options.channel
        # One message a second in a channel; a short burst is let through.
        self.limits = Limits(
            title=500,
            description=slack_blocks.MOST_BYTES,
            comment=slack_blocks.MOST_BYTES,
            per_minute=40.0,
            burst=3,
            at_once=1,
            per_ticket=1.0,
            deadline=4 * options.timeout,
        )
        self._http = Caller(options.url, options, self._headers, setting.now)
        self._me: Me | None = None

    async def check(self) -> Sequence[Finding]:
        login = await found("login", self._login())
        if login.ok is not True or self._me is None:
            return [login]
        told: list[Finding] = []
        channel = await found(f"channel {self._channel}", self._history(self._me, told))
        return [login, _scopes(self._me), channel, *told]

    async def apply(self, desired: Desired, known: Known) -> Result:
        seen = known.observed
        work = todo(desired, known, self.capabilities)
        try:
            if seen is None:
                seen = await self._post(desired)
        except Ended as ended:
            return ended.result
        steps: list[Step] = [partial(self._reply, comment) for comment in work.comments]
        if not work.create and (work.priority is not None or work.state is not None):
            steps.append(partial(self._update, desired))
        return await taken(seen, steps)

    async def read(self, known: Known) -> Result:
        try:
            if known.observed is not None:
                return Result.ok(await self._by_id(known.observed))
            return Result.ok(await self._by_key(known))
        except Refused as refused:
            if refused.error != "missing_scope":
                return refused.result
            # By its id it is there, as far as anybody can tell who may not look; by its key nobody knows.
            return Result.ok(known.observed) if known.observed else _in_doubt(refused)
        except Ended as ended:
            return ended.result

    async def ours(self, most: int) -> tuple[Result, Sequence[Observed]]:
        listed: list[Observed] = []
        shown: set[bool] = set()  # whether the metadata of ours can be read
        try:
            me = await self._who()
            async for message in self._pages({}):
                said = slack_blocks.payload(message) if me.wrote(message) else None
                if me.wrote(message) and slack_blocks.marks(message):
                    shown.add(said is not None)
                if said and said.get("agent") == self._setting.agent and said.get("state") == "open":
                    listed.append(self._observed(message, (), me))
                if len(listed) >= most:
                    break
        except Ended as ended:
            return _in_doubt(ended), ()
        return (Result.in_doubt(_HIDDEN) if shown == {False} else Result.ok()), listed

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        try:
            return Result.ok(), await self._carrying(known)
        except Ended as ended:
            return _in_doubt(ended), ()

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        said = {"key": twin.key or "", "priority": twin.priority or "", "agent": self._setting.agent}
        try:
            await self._change(twin, slack_blocks.twin(said, kept.url or kept.id))
        except Ended as ended:
            return ended.result
        return Result.ok(replace(twin, state=RemoteState.RESOLVED))

    async def aclose(self) -> None:
        await self._http.aclose()

    async def _post(self, desired: Desired) -> Observed:
        me = self._me or await self._who()
        body = {"channel": self._channel, **slack_blocks.ticket(desired, self._setting.agent)}
        told, answer = await called(self._http, Way.ONCE, "chat.postMessage", body)
        ts, channel = told.get("ts"), told.get("channel", self._channel)
        if not isinstance(ts, str) or not isinstance(channel, str):
            raise Ended(Result.in_doubt("chat.postMessage: ok, and no ts of a message"), answer.status)
        state = RemoteState.RESOLVED if desired.state == "resolved" else RemoteState.OPEN
        return Observed(f"{channel}/{ts}", state, _page(me, channel, ts), priority=desired.priority)

    async def _reply(self, comment: Comment, seen: Observed) -> Observed:
        channel, _, ts = seen.id.partition("/")
        body = {"channel": channel, "thread_ts": ts, **slack_blocks.reply(comment)}
        await called(self._http, Way.ONCE, "chat.postMessage", body)
        return replace(seen, comments=(*seen.comments, comment.id))

    async def _update(self, desired: Desired, seen: Observed) -> Observed:
        await self._change(seen, slack_blocks.ticket(desired, self._setting.agent))
        state = RemoteState.RESOLVED if desired.state == "resolved" else RemoteState.OPEN
        return replace(seen, state=state, priority=desired.priority)

    async def _change(self, seen: Observed, message: Mapping[str, Any]) -> None:
        channel, _, ts = seen.id.partition("/")
        said = {name: value for name, value in message.items() if not name.startswith("unfurl")}
        await called(self._http, Way.AGAIN, "chat.update", {"channel": channel, "ts": ts, **said})

    async def _by_id(self, seen: Observed) -> Observed:
        """The message with its thread."""
        channel, _, ts = seen.id.partition("/")
        where = {"channel": channel, "ts": ts}
        try:
            thread = [each async for each in self._pages(where, "conversations.replies")]
        except Refused as refused:
            if refused.error in _GONE:
                return replace(seen, state=RemoteState.GONE)
            raise
        head = next((each for each in thread if each.get("ts") == ts), None)
        if head is None or head.get("subtype") == "tombstone":
            return replace(seen, state=RemoteState.GONE)
        replies = [each for each in thread if each.get("ts") != ts]
        fresh = self._observed(head, replies, None)
        if slack_blocks.payload(head) is None:  # metadata are not shown: it stands as we left it
            fresh = replace(fresh, state=seen.state, priority=seen.priority, key=None)
        return replace(fresh, id=seen.id, url=seen.url)

    async def _by_key(self, known: Known) -> Observed | None:
        carrying = await self._carrying(known)
        return await self._by_id(carrying[0]) if carrying else None

    async def _carrying(self, known: Known) -> list[Observed]:
        """Messages of ours with this key since it was first asked for, the oldest first. Raises Ended."""
        me = await self._who()
        seconds, rest = divmod(max(known.since - _CLOCKS, 0), 1_000_000)
        carrying: list[Observed] = []
        async for message in self._pages({"oldest": f"{seconds}.{rest:06}"}):
            said = slack_blocks.payload(message) if me.wrote(message) else None
            if said is not None and said.get("key") == known.key:
                carrying.append(self._observed(message, (), me))
            elif me.wrote(message) and said is None and known.key in slack_blocks.marks(message):
                raise Ended(Result.in_doubt(_HIDDEN))
        return sorted(carrying, key=lambda each: slack_blocks.moment(each.id.partition("/")[2]))

    async def _pages(
        self, said: Mapping[str, str], method: str = "conversations.history"
    ) -> AsyncIterator[Message]:
        """All messages that a method lists. Raises Ended, also where there are more than anybody should read."""
        cursor: dict[str, str] = {}
        for _ in range(_MOST_PAGES):
            wanted = {
                "channel": self._channel,
                "include_all_metadata": "true",
                "limit": _PAGE,
                **said,
                **cursor,
            }
            told, answer = await called(self._http, Way.READ, method, wanted)
            listed = told.get("messages")
            if not isinstance(listed, list):
                raise Ended(Result.broken(f"{method}: ok, and no messages"), answer.status)
            for message in listed:
                if isinstance(message, dict):
                    yield message
            more = told.get("response_metadata")
            following = more.get("next_cursor") if isinstance(more, dict) else None
            if not following:
                return
            cursor = {"cursor": str(following)}
        raise Ended(
            Result.in_doubt(f"{method}: more than {_PAGE * _MOST_PAGES} messages: look in the channel")
        )

    def _observed(self, head: Message, replies: Sequence[Message], me: Me | None) -> Observed:
        said = slack_blocks.payload(head) or {}
        key, priority, ts = said.get("key"), said.get("priority"), str(head.get("ts"))
        ours = [each for each in replies if each.get("bot_id") and each.get("bot_id") == head.get("bot_id")]
        return Observed(
            f"{self._channel}/{ts}",
            RemoteState.RESOLVED if said.get("state") == "resolved" else RemoteState.OPEN,
            _page(me, self._channel, ts) if me else None,
            key=key if isinstance(key, str) else None,
            priority=priority if isinstance(priority, str) else None,
            comments=tuple(dict.fromkeys(name for each in ours for name in slack_blocks.marks(each))),
            remarks=slack_blocks.remarks(replies),
        )

    async def _who(self) -> Me:
        told, answer = await called(self._http, Way.READ, "auth.test", {})
        user, bot, name, team, site = (
            str(told.get(each) or "")[:200] for each in ("user_id", "bot_id", "user", "team", "url")
        )
        scopes = answer.headers.get("x-oauth-scopes", "").replace(",", " ").split()
        self._me = Me(user, bot, name, team, site, tuple(scopes))
        return self._me

    async def _login(self) -> str:
        me = await self._who()
        return f"{me.name} in {me.team}"

    async def _history(self, me: Me, told: list[Finding]) -> str:
        wanted = {"channel": self._channel, "limit": 100, "include_all_metadata": "true"}
        try:
            answered, _ = await called(self._http, Way.READ, "conversations.history", wanted)
        except Refused as refused:
            if refused.error == "missing_scope":
                raise Ended(
                    replace(refused.result, reason=f"{refused.result.reason}; {_UNREADABLE}")
                ) from None
            raise
        mine = [each for each in answered.get("messages") or () if me.wrote(each)]
        marked = [each for each in mine if slack_blocks.marks(each)]
        if not marked:
            told.append(
                Finding("metadata", None, "none of the last messages is ours: seen with the first one")
            )
        elif not any(each.get("metadata") for each in marked):
            remedy = "they are not shown: give the app the scope metadata.message:read"
            told.append(Finding("metadata", False, f"{remedy}; until then {_UNREADABLE}"))
        else:
            told.append(Finding("metadata", True, "messages are found by their key"))
        return "its messages can be read back"

    def _headers(self) -> Mapping[str, str]:
        token = self._options.token
        return {} if token is None else {"Authorization": f"Bearer {token.reveal()}"}


def _scopes(me: Me) -> Finding:
    if not me.scopes:
        return Finding("scopes", None, "Slack did not say which the token has")
    if _POSTING not in me.scopes:
        return Finding("scopes", False, f"the token lacks {_POSTING}: give it to the app, install it again")
    return Finding("scopes", True, ", ".join(me.scopes)[:200])


def _page(me: Me | None, channel: str, ts: str) -> str | None:
    return f"{me.site.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}" if me and me.site else None


def _in_doubt(ended: Ended) -> Result:
    """Who may not look does not know."""
    if isinstance(ended, Refused) and ended.error == "missing_scope":
        return replace(ended.result, outcome=Outcome.IN_DOUBT)
    return ended.result
