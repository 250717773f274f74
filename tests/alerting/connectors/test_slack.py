"""Slack by a bot's token, against a fake that says no with HTTP 200: updated in place, threads, found by metadata."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors.base import Connector, Outcome, Setting
from alerting.connectors.slack import TYPE, SlackOptions
from alerting.connectors.slack_bot import SlackBot
from alerting.messages import Known, RemoteState
from alerting.outgoing import Standing
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from tests.alerting.connectors.conformance import (
    KEY,
    NASTY,
    SINCE,
    Conformance,
    Rig,
    There,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.delivered import life
from tests.fakes import contracts
from tests.fakes.slack import Slack, texts
from tests.fakes.vendor import Fault

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not contracts.are_here(), reason="the vendors' schemas are not beside the checkout"),
]
NOW = SINCE / 1_000_000 + 60
WRONG = "xoxb-9999-8888-revoked-at-night"


class SlackRig(Rig):
    secrets = (Slack.token, WRONG)
    create = ("POST", "/chat.postMessage")

    def __init__(self) -> None:
        self.vendor: Slack = Slack()
        self.vendor.now = lambda: NOW
        self.vendor.open()
        self.connector: SlackBot = self.made()

    def made(
        self, token: str = Slack.token, channel: str = Slack.channel, agent: str = "agent-1"
    ) -> SlackBot:
        written = {"url": f"{self.vendor.url}/api", "token": token, "channel": channel}
        return SlackBot(SlackOptions.model_validate(written), Setting("slack", agent, lambda: NOW))

    async def there(self) -> list[There]:
        heads = [each for each in self.vendor.messages if "thread_ts" not in each]
        return [self._there(each) for each in heads if each.get("bot_id")]

    def _there(self, head: dict[str, Any]) -> There:
        replies = [each for each in self.vendor.messages if each.get("thread_ts") == head["ts"]]
        whole = "\n".join((head["text"], *texts(head["blocks"])))
        said = tuple("\n".join(texts(each.get("blocks", []))) for each in replies)
        payload = head["metadata"]["event_payload"]
        ended = head["text"].startswith("Resolved") and "large_green_circle" in json.dumps(head["blocks"])
        return There(
            f"{Slack.channel}/{head['ts']}", head["text"], whole, ended, said, priority=payload["priority"]
        )

    async def human(self, what: str, id: str) -> None:
        if what != "comment":
            await super().human(what, id)
        self.vendor.says("hello from Agent Two &amp; others", thread=id.partition("/")[2])

    async def broken(self) -> Connector:
        return self.made(WRONG)


@pytest.fixture
async def rig() -> AsyncIterator[SlackRig]:
    rig = SlackRig()
    yield rig
    await rig.connector.aclose()
    rig.vendor.close()


class TestContract(Conformance):
    def look_at_hostile(self, ticket: There) -> None:
        assert "<script>" not in ticket.title
        assert "@everyone" not in ticket.title
        # Rich text has no markup: what stands there stands for itself.
        assert NASTY in ticket.whole


async def test_a_life_is_one_message_and_its_thread(rig: SlackRig) -> None:
    for n in range(5):
        rig.vendor.says(f"small talk {n}")
    seen = await done(rig.connector.apply(wanted(priority="low", severity="low"), nothing_known()))
    assert seen.url == f"https://example.slack.com/archives/{Slack.channel}/p{seen.id[-17:].replace('.', '')}"
    seen = await done(rig.connector.apply(wanted(comments=comments("news"), said=1), known(seen, "low")))
    over = wanted(state="resolved", comments=comments("news", "it is up"), said=2)
    await done(rig.connector.apply(over, known(seen)))
    seen = await done(rig.connector.read(known(seen)))
    assert (seen.state, seen.priority, len(seen.comments)) == (RemoteState.RESOLVED, "high", 2)
    await done(rig.connector.apply(wanted(), known(seen)))
    seen = await done(rig.connector.read(known(seen)))
    assert (seen.state, seen.remarks) == (RemoteState.OPEN, ())
    (ticket,) = await rig.there()
    assert ["news" in ticket.comments[0], "it is up" in ticket.comments[1]] == [True, True]
    assert await done(rig.connector.read(nothing_known())) == seen


async def test_of_several_with_one_key_the_oldest_counts_and_the_others_can_be_ended(rig: SlackRig) -> None:
    first = await done(rig.connector.apply(wanted(), nothing_known()))
    second = await done(rig.connector.apply(wanted(), nothing_known()))
    assert (await done(rig.connector.read(nothing_known()))).id == first.id
    result, twins = await rig.connector.twins(nothing_known())
    assert (result.outcome, [each.id for each in twins]) == (Outcome.OK, [first.id, second.id])
    for _ in range(2):
        assert (await rig.connector.end_twin(twins[1], twins[0])).outcome is Outcome.OK
    shown = (await rig.there())[1]
    assert str(first.url) in shown.whole
    _, twins = await rig.connector.twins(nothing_known())
    assert [each.state for each in twins] == [RemoteState.OPEN, RemoteState.RESOLVED]
    assert [each.key for each in twins] == [KEY, KEY]


async def test_open_tickets_of_this_agent_are_listed_the_newest_first(rig: SlackRig) -> None:
    other = rig.made(agent="agent-2")
    await done(other.apply(wanted(key="toc-of-another"), nothing_known()))
    ids = [(await done(rig.connector.apply(wanted(key=f"toc-{n}"), nothing_known()))).id for n in range(4)]
    await done(rig.connector.apply(wanted(key="toc-9", state="resolved"), nothing_known()))
    result, listed = await rig.connector.ours(3)
    assert (result.outcome, [each.id for each in listed]) == (Outcome.OK, [ids[3], ids[2], ids[1]])
    assert len((await rig.connector.ours(100))[1]) == 4
    await other.aclose()


async def test_what_somebody_else_posts_with_our_key_is_not_ours(rig: SlackRig) -> None:
    await done(rig.connector.apply(wanted(), nothing_known()))
    (message,) = rig.vendor.messages
    message.update(user="U0000SIX", bot_id="B0000SIX")
    assert (await rig.connector.read(nothing_known())).observed is None


@pytest.mark.parametrize("lacks", ["metadata.message:read", "channels:history"])
async def test_who_may_not_look_is_in_doubt_and_never_says_that_there_is_none(
    rig: SlackRig, lacks: str
) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    rig.vendor.scopes.remove(lacks)
    result = await rig.connector.read(nothing_known())
    assert result.outcome is Outcome.IN_DOUBT
    assert lacks in result.reason
    assert (await rig.connector.twins(nothing_known()))[0].outcome is Outcome.IN_DOUBT
    assert (await rig.connector.ours(100))[0].outcome is Outcome.IN_DOUBT
    assert any(each.ok is False and lacks in each.text for each in await rig.connector.check())
    # What is known by its id goes on as far as we know it.
    after = await done(rig.connector.apply(wanted(state="resolved"), known(seen)))
    assert (await done(rig.connector.read(known(after)))).state is RemoteState.RESOLVED


async def test_more_than_anybody_should_read_is_in_doubt(rig: SlackRig) -> None:
    rig.vendor.page = 1
    for n in range(30):
        rig.vendor.says(f"small talk {n}")
    assert (await rig.connector.read(nothing_known())).outcome is Outcome.IN_DOUBT


async def test_what_is_older_than_the_ticket_is_not_looked_at(rig: SlackRig) -> None:
    await done(rig.connector.apply(wanted(), nothing_known()))
    later = Known(KEY, SINCE + 3_600_000_000)
    assert (await rig.connector.read(later)).observed is None
    assert rig.vendor.requests[-1].first("oldest") == "1790003300.000000"


@pytest.mark.parametrize("with_replies", [False, True])
async def test_a_message_that_was_deleted_is_gone(rig: SlackRig, with_replies: bool) -> None:
    said = comments("news") if with_replies else ()
    seen = await done(rig.connector.apply(wanted(comments=said, said=len(said)), nothing_known()))
    rig.vendor.delete(seen.id.partition("/")[2])
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.GONE
    result = await rig.connector.apply(wanted(state="resolved"), known(seen))
    assert (result.outcome, "message_not_found" in result.reason) == (Outcome.PERMANENT, True)


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ({"error": "invalid_auth"}, Outcome.BROKEN),
        ({"error": "token_revoked"}, Outcome.BROKEN),
        ({"error": "account_inactive"}, Outcome.BROKEN),
        ({"error": "channel_not_found"}, Outcome.BROKEN),
        ({"error": "not_in_channel"}, Outcome.BROKEN),
        ({"error": "is_archived"}, Outcome.BROKEN),
        ({"error": "missing_scope", "needed": "chat:write"}, Outcome.BROKEN),
        ({"error": "ratelimited"}, Outcome.RETRY),
        ({"error": "rate_limited"}, Outcome.RETRY),
        ({"error": "service_unavailable"}, Outcome.RETRY),
        ({"error": "msg_too_long"}, Outcome.PERMANENT),
        ({"error": "no_text"}, Outcome.PERMANENT),
        ({"error": "invalid_blocks", "response_metadata": {"messages": ["[ERROR] 1"]}}, Outcome.PERMANENT),
        ({"error": "something_new"}, Outcome.PERMANENT),
        ({"error": "fatal_error"}, Outcome.IN_DOUBT),
        ({"error": "internal_error"}, Outcome.IN_DOUBT),
        ({"error": None}, Outcome.IN_DOUBT),
        ({}, Outcome.IN_DOUBT),
    ],
)
async def test_each_no_is_judged(rig: SlackRig, error: dict[str, Any], outcome: Outcome) -> None:
    rig.vendor.errors["chat.postMessage"] = error
    result = await rig.connector.apply(wanted(), nothing_known())
    assert result.outcome is outcome
    assert str(error.get("error") or "ok") in result.reason
    assert (result.after == 60.0) == (outcome is Outcome.RETRY and "limited" in result.reason)


async def test_an_update_that_may_have_been_done_is_simply_done_again(rig: SlackRig) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    rig.vendor.errors["chat.update"] = {"error": "fatal_error"}
    assert (await rig.connector.apply(wanted(state="resolved"), known(seen))).outcome is Outcome.RETRY


async def test_a_reply_that_is_refused_does_not_keep_the_ticket_open(rig: SlackRig) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    rig.vendor.errors["chat.postMessage"] = {"error": "msg_too_long"}
    over = wanted(state="resolved", comments=comments("one", "two"), said=2)
    result = await rig.connector.apply(over, known(seen))
    assert result.outcome is Outcome.PERMANENT
    assert "msg_too_long" in result.reason
    assert result.observed == replace(seen, state=RemoteState.RESOLVED)
    assert (await rig.there())[0].ended


async def test_what_was_done_before_a_failure_is_told(rig: SlackRig) -> None:
    rig.vendor.errors["chat.update"] = {"error": "edit_window_closed"}
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    over = wanted(state="resolved", comments=comments("one", "two"), said=2)
    result = await rig.connector.apply(over, known(seen))
    assert result.outcome is Outcome.PERMANENT
    assert result.observed == replace(seen, comments=("90c1d2e3-1", "90c1d2e3-2"))
    rig.vendor.misbehave(Fault.LOST_ANSWER, "POST", "postMessage")
    more = wanted(comments=(*over.comments, *comments("", "", "three")[2:]), said=3)
    result = await rig.connector.apply(more, known(result.observed))
    assert result.outcome is Outcome.IN_DOUBT
    assert result.observed is not None
    there = await done(rig.connector.read(known(result.observed)))
    assert there.comments == ("90c1d2e3-1", "90c1d2e3-2", "90c1d2e3-3")


@pytest.mark.parametrize(
    ("change", "what", "says"),
    [
        ({"is_member": False}, f"channel {Slack.channel}", "invite the app to the channel"),
        ({"scopes": ["channels:history"]}, "scopes", "lacks chat:write"),
        ({"errors": {"auth.test": {"error": "account_inactive"}}}, "login", "mend token:"),
    ],
)
async def test_a_check_up_says_what_mends_it(rig: SlackRig, change: Any, what: str, says: str) -> None:
    for name, value in change.items():
        setattr(rig.vendor, name, value)
    wrong = [each for each in await rig.connector.check() if each.ok is False]
    assert [(each.what, says in each.text) for each in wrong] == [(what, True)]


async def test_a_check_up_after_the_first_message_knows_whether_it_is_found(rig: SlackRig) -> None:
    await done(rig.connector.apply(wanted(), nothing_known()))
    findings = await rig.connector.check()
    assert [(each.what, each.ok) for each in findings] == [
        ("login", True),
        ("scopes", True),
        (f"channel {Slack.channel}", True),
        ("metadata", True),
    ]


async def test_an_address_without_slack_is_nobodys_fault(rig: SlackRig) -> None:
    written = {"url": f"{rig.vendor.url}/nothing", "token": Slack.token, "channel": Slack.channel}
    lost = SlackBot(SlackOptions.model_validate(written), Setting("slack", "agent-1", lambda: NOW))
    result = await lost.read(nothing_known())
    assert (result.outcome, "mend url:" in result.reason) == (Outcome.BROKEN, True)
    await lost.aclose()
    rig.vendor.wrong.clear()


async def test_slow_answers_to_a_create_are_in_doubt(rig: SlackRig) -> None:
    written = {
        "url": f"{rig.vendor.url}/api",
        "token": Slack.token,
        "channel": Slack.channel,
        "timeout": "1s",
    }
    hasty = SlackBot(SlackOptions.model_validate(written), Setting("slack", "agent-1", lambda: NOW))
    rig.vendor.misbehave(Fault.SLOW, "POST", "postMessage", seconds=10.0)
    assert (await hasty.apply(wanted(), nothing_known())).outcome is Outcome.IN_DOUBT
    await hasty.aclose()


async def test_delivery_finds_again_what_it_lost_and_hears_people(rig: SlackRig, tmp_path: Path) -> None:
    rig.vendor.now = lambda: 4_000_000_000.0  # whenever this runs, its messages are younger than the tickets
    there = {"url": f"{rig.vendor.url}/api", "token": Slack.token, "channel": Slack.channel}
    async with life(tmp_path, TYPE, poll_every="1m", **there) as lived:
        rig.vendor.misbehave(Fault.LOST_ANSWER, "POST", "postMessage")
        await lived.breaks(120)
        (ticket,) = await rig.there()
        assert (lived.entry.state, ticket.ended) == (Standing.DONE, False)
        await rig.human("comment", ticket.id)
        await lived.passes(120)
        assert lived.entry.observed is not None
        assert [each.text for each in lived.entry.observed.remarks] == ["hello from Agent Two & others"]
        rig.vendor.misbehave(Fault.LATE_502, "POST", "postMessage")
        await lived.heals(180)
        (ticket,) = await rig.there()
        assert (lived.entry.state, ticket.ended) == (Standing.DONE, True)
        await lived.breaks(180)
        (ticket,) = await rig.there()
        assert (lived.entry.state, ticket.ended) == (Standing.DONE, False)
        assert len(set(ticket.comments)) == len(ticket.comments)
    assert rig.vendor.wrong == []


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("token: xoxb-canary", "token: and channel: are needed, or webhook_url:"),
        ("token: xoxb-canary, channel: '#ops'", "expected the id of a channel"),
        ("token: xoxb-canary, channel: C0123456789, webhook_url: 'https://a.example/canary'", "stands alone"),
        ("webhook_url: 'http://hooks.example.org/canary'", "expected the https address"),
        ("webhook_url: canary", "expected the https address"),
        ("{}", "token: and channel: are needed"),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, written: str, says: str) -> None:
    path = tmp_path / "tocsin.yaml"
    more = "" if written == "{}" else f", {written}"
    path.write_text(f"services: {{}}\nchannels:\n  room: {{type: slack{more}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path, all_kinds(), {"slack": TYPE})
    assert says in str(raised.value)
    assert "tocsin.yaml:3:" in str(raised.value)
    assert "canary" not in str(raised.value)
