"""Webhooks against a receiver that holds events against the specification and knows them by source and id."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors.base import Connector, Outcome, Setting
from alerting.connectors.webhook import TYPE, Webhook, WebhookOptions
from alerting.messages import Known, RemoteState
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from tests.alerting.connectors.conformance import (
    KEY,
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
from tests.fakes.receiver import Receiver
from tests.fakes.vendor import Fault, Reply

pytestmark = pytest.mark.anyio
SECRET, TOKEN = "signed-with-this-long-secret", "carrier-of-the-token-4711"
NOW = 1_790_000_000.0


class WebhookRig(Rig):
    secrets = (SECRET, TOKEN)
    create = ("POST", "/hook")

    def __init__(self, **options: Any) -> None:
        self.vendor: Receiver = Receiver(SECRET.encode(), TOKEN)
        self.vendor.now = lambda: NOW
        self.vendor.open()
        self.connector = self.made(TOKEN, **options)

    def made(self, token: str, **options: Any) -> Webhook:
        headers = {"Authorization": f"Bearer {token}"}
        written = {"url": f"{self.vendor.url}/hook", "secret": SECRET, "headers": headers, **options}
        return Webhook(WebhookOptions.model_validate(written), Setting("hook", "agent-1", lambda: NOW))

    async def there(self) -> list[There]:
        return [
            There(
                each["key"],
                each["title"],
                json.dumps(each),
                each["ended"],
                tuple(each["comments"]),
                priority=each["priority"],
            )
            for each in self.vendor.tickets
        ]

    async def broken(self) -> Connector:
        return self.made("revoked-token-0815")


@pytest.fixture
async def rig() -> AsyncIterator[WebhookRig]:
    rig = WebhookRig()
    yield rig
    await rig.connector.aclose()
    rig.vendor.close()


class TestContract(Conformance):
    pass


async def lived(connector: Webhook) -> None:
    """Opened, made worse, told of, resolved, opened again."""
    seen = await done(connector.apply(wanted(priority="low"), nothing_known()))
    seen = await done(connector.apply(wanted(priority="high"), known(seen, "low")))
    seen = await done(connector.apply(wanted(comments=comments("news"), said=1), known(seen)))
    over = wanted(state="resolved", resolved_at=SINCE + 1)
    seen = await done(connector.apply(over, known(seen)))
    assert seen.state is RemoteState.RESOLVED
    await done(connector.apply(wanted(), known(seen)))


@pytest.mark.parametrize("mode", ["structured", "binary"])
async def test_a_life_is_a_row_of_events_with_ids_of_their_own(mode: str) -> None:
    rig = WebhookRig(mode=mode)
    await lived(rig.connector)  # type: ignore[arg-type]
    events = list(rig.vendor.state["events"].values())
    assert [each["type"].split(".")[2] for each in events] == [
        "opened",
        "prioritised",
        "commented",
        "resolved",
        "reopened",
    ]
    assert len({each["id"] for each in events}) == 5
    assert {each["subject"] for each in events} == {KEY}
    assert {each["source"] for each in events} == {"/tocsin/agent-1"}
    assert rig.vendor.wrong == []
    await rig.connector.aclose()
    rig.vendor.close()


async def test_each_step_whose_answer_is_lost_is_one_event_in_the_end(rig: WebhookRig) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    worse = wanted(comments=comments("one", "two"), said=2, priority="critical")
    for _ in range(4):
        rig.vendor.misbehave(Fault.LOST_ANSWER, "POST")
        result = await rig.connector.apply(worse, known(seen))
        rig.vendor.behave()
        assert result.outcome is Outcome.RETRY
        assert result.observed is not None
        seen = result.observed
    await done(rig.connector.apply(worse, known(seen)))
    (ticket,) = rig.vendor.tickets
    assert ticket["comments"] == ["one", "two"]
    assert ticket["priority"] == "critical"
    assert len(rig.vendor.state["events"]) == 4


async def test_what_is_sent_again_is_the_same_to_the_last_byte(
    rig: WebhookRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    ended = await done(rig.connector.apply(wanted(state="resolved"), known(seen)))
    for desired, before in ((wanted(priority="critical"), seen), (wanted(), ended)):
        rig.vendor.requests.clear()
        for moment in (NOW, NOW + 3600):
            later = Setting("hook", "agent-1", partial(float, moment))
            monkeypatch.setattr(rig.connector, "_setting", later)
            await rig.connector.apply(desired, known(before))
        first, again = rig.vendor.requests
        assert first.raw == again.raw
        assert first.headers["idempotency-key"] == again.headers["idempotency-key"]


@pytest.mark.parametrize("status", [404, 405])
async def test_an_address_where_nothing_is_holds_all_back(
    rig: WebhookRig, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    monkeypatch.setattr(rig.vendor, "answer", lambda _request: Reply(status))
    result = await rig.connector.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.BROKEN
    assert "mend url:" in result.reason


async def test_a_receiver_that_wants_no_more_is_left_in_peace_for_a_day(rig: WebhookRig) -> None:
    rig.vendor.misbehave(Fault.GONE)
    result = await rig.connector.apply(wanted(), nothing_known())
    assert (result.outcome, result.after) == (Outcome.BROKEN, 86_400.0)


async def test_signatures_may_be_made_with_a_secret_in_base64(rig: WebhookRig) -> None:
    packed = "whsec_" + base64.b64encode(SECRET.encode()).decode()
    connector = rig.made(TOKEN, secret=packed)
    await done(connector.apply(wanted(), nothing_known()))
    bad = rig.made(TOKEN, secret="whsec_???")
    result = await bad.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.BROKEN
    assert "base64" in result.reason
    for each in (connector, bad):
        await each.aclose()


async def test_events_are_small_whatever_is_in_them(rig: WebhookRig) -> None:
    huge = wanted(
        title="\x01" * 5000,
        description="\x01\u202e" * 50_000,
        labels={f"l{n}": "\x01" * 500 for n in range(100)},
    )
    await done(rig.connector.apply(huge, nothing_known()))
    assert max(len(each.raw) for each in rig.vendor.requests) <= 64 * 1024


async def test_what_was_told_is_what_is_known(rig: WebhookRig) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    assert (await rig.connector.read(Known(KEY, SINCE, seen))).observed == seen


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("url: ftp://a.example/x", "expected an address like https://"),
        ("url: 'https://a.example/x', headers: {'Content-Type': a}", "is said by the connector itself"),
        ("url: 'https://a.example/x', headers: {'a b': c}", "is no name of a header"),
        ("url: 'https://a.example/x', mode: batch", "structured"),
        ("secret: abcdefgh", "url"),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, written: str, says: str) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(f"services: {{}}\nchannels:\n  hook: {{type: webhook, {written}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path, all_kinds(), {"webhook": TYPE})
    assert says in str(raised.value)
    assert "tocsin.yaml:3:" in str(raised.value)


def test_the_address_is_never_shown() -> None:
    options = WebhookOptions.model_validate({"url": "https://a.example/very-secret-path"})
    assert "very-secret-path" not in repr(options)
    assert "http" in WebhookOptions.model_validate({"url": "http://a.example/x"}).unwise
