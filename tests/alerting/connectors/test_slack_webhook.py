"""Slack by an incoming webhook: only 200 and `ok` say that a message is there."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from alerting.connectors.base import Connector, Outcome, Setting
from alerting.connectors.document import marks_in
from alerting.connectors.slack import TYPE, SlackOptions
from alerting.connectors.slack_bot import SlackBot
from alerting.connectors.slack_webhook import SlackWebhook
from alerting.messages import RemoteState
from tests.alerting.connectors.conformance import (
    KEY,
    Conformance,
    Rig,
    There,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.fakes.slack import Slack, texts
from tests.fakes.vendor import Fault, Reply

pytestmark = pytest.mark.anyio


class WebhookRig(Rig):
    secrets = (Slack.hook, "another-canary-4711")
    create = ("POST", "/services")

    def __init__(self) -> None:
        self.vendor: Slack = Slack()
        self.vendor.open()
        self.connector: SlackWebhook = self.made(Slack.hook)

    def made(self, path: str) -> SlackWebhook:
        options = SlackOptions.model_validate({"webhook_url": f"{self.vendor.url}{path}"})
        return SlackWebhook(options, Setting("slack", "agent-1", self.vendor.now))

    @property
    def posts(self) -> list[str]:
        return ["\n".join((each["text"], *texts(each["blocks"]))) for each in self.vendor.state["posts"]]

    async def there(self) -> list[There]:
        """The posts of the one channel, as one conversation for each that opens one."""
        opened = [each for each in self.posts if each.startswith("Open (")]
        ended = bool(self.posts) and self.posts[-1].startswith("Resolved")
        whole = "\n".join(self.posts)
        return [
            There(str(n), each.split("\n")[0], whole, ended, tuple(self.posts))
            for n, each in enumerate(opened)
        ]

    async def broken(self) -> Connector:
        return self.made("/services/T0001/B0001/another-canary-4711")


@pytest.fixture
async def rig() -> AsyncIterator[WebhookRig]:
    rig = WebhookRig()
    yield rig
    await rig.connector.aclose()
    rig.vendor.close()


class TestContract(Conformance):
    async def test_credentials_that_are_not_taken_find_nothing_out(self, rig: Rig) -> None:
        """Without a post nobody learns whether the address is right: a check-up does not say that it is."""
        broken = await rig.broken()
        assert broken is not None
        result = await broken.apply(wanted(), nothing_known())
        assert result.outcome is Outcome.BROKEN
        assert result.reason == "HTTP 404: no_service: mend webhook_url:"
        assert [each.ok for each in await broken.check()] == [None]
        await broken.aclose()


async def test_a_life_is_a_row_of_messages_that_all_name_the_key(rig: WebhookRig) -> None:
    seen = await done(rig.connector.apply(wanted(priority="low", severity="low"), nothing_known()))
    seen = await done(rig.connector.apply(wanted(), known(seen, "low")))
    seen = await done(rig.connector.apply(wanted(comments=comments("news"), said=1), known(seen)))
    seen = await done(rig.connector.apply(wanted(state="resolved"), known(seen)))
    assert seen.state is RemoteState.RESOLVED
    seen = await done(rig.connector.apply(wanted(), known(seen)))
    assert (seen.state, seen.comments) == (RemoteState.OPEN, ("90c1d2e3-1",))
    heads = [each.split(":")[0] for each in rig.posts]
    assert heads == ["Open (low)", "shop.home is down", "shop.home is down", "Resolved", "Open again"]
    assert [marks_in(each) for each in rig.posts] == [(KEY,)] * 5


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Reply(200, b"ok\n"), Outcome.OK),
        (Reply(200, b"<html>Sign in</html>"), Outcome.IN_DOUBT),
        (Reply(200, b""), Outcome.IN_DOUBT),
        (Reply(202, b"ok"), Outcome.IN_DOUBT),
        (Reply(204), Outcome.IN_DOUBT),
        (Reply(301, b"", {"Location": "https://elsewhere.example.org/secret-path"}), Outcome.IN_DOUBT),
        (Reply(302, b"", {"Location": "https://elsewhere.example.org/secret-path"}), Outcome.IN_DOUBT),
        (Reply(400, b"invalid_payload"), Outcome.PERMANENT),
        (Reply(400, b"invalid_token"), Outcome.BROKEN),
        (Reply(403, b"action_prohibited"), Outcome.BROKEN),
        (Reply(404, b"channel_not_found"), Outcome.BROKEN),
        (Reply(410, b"channel_is_archived"), Outcome.BROKEN),
        (Reply(429, b"", {"Retry-After": "30"}), Outcome.RETRY),
        (Reply(500, b"rollup_error"), Outcome.IN_DOUBT),
        (Reply(503, b"<html>busy</html>"), Outcome.IN_DOUBT),
    ],
)
async def test_only_200_and_ok_say_that_it_is_there(rig: WebhookRig, answer: Reply, outcome: Outcome) -> None:
    rig.vendor.taken = answer
    result = await rig.connector.apply(wanted(), nothing_known())
    assert result.outcome is outcome
    assert "secret-path" not in result.reason
    assert "<html>" not in result.reason


async def test_a_message_whose_answer_is_lost_is_in_doubt_and_the_ones_before_are_known(
    rig: WebhookRig,
) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    rig.vendor.misbehave(Fault.LOST_ANSWER)
    result = await rig.connector.apply(wanted(comments=comments("one", "two"), said=2), known(seen))
    assert (result.outcome, result.observed) == (Outcome.IN_DOUBT, seen)


async def test_the_address_is_looked_at_when_it_is_used_and_never_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLACK_HOOK", "http://hooks.example.org/canary-of-mine")
    options = SlackOptions.model_validate({"webhook_url": "${env:SLACK_HOOK}"})
    connector = TYPE.connect(options, Setting("slack", "agent-1", time.time))
    assert isinstance(connector, SlackWebhook)
    result = await connector.apply(wanted(), nothing_known())
    assert (result.outcome, "canary" in result.reason) == (Outcome.BROKEN, False)
    assert [each.ok for each in await connector.check()] == [False]


def test_a_token_makes_the_other_sort() -> None:
    options = SlackOptions.model_validate({"token": "xoxb-canary", "channel": Slack.channel})
    assert isinstance(TYPE.connect(options, Setting("slack", "agent-1", time.time)), SlackBot)
    assert "canary" not in repr(options)
