"""Zendesk as it is set up: credentials, options and their mistakes, the check-up, signed calls."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerting.connectors.base import Outcome
from alerting.connectors.zendesk import TYPE
from alerting.messages import Can, RemoteState
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from config.masks import mask
from tests.alerting.connectors.conformance import (
    KEY,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.zendesk_rig import HOOK_SECRET, OVER, ZendeskRig, opened, rigged
from tests.fakes.zendesk import TWO

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[ZendeskRig]:
    async with rigged() as rig:
        yield rig


async def test_a_ticket_carries_what_the_operator_said(rig: ZendeskRig) -> None:
    fields = {"360001": "${service}", "group_id": "77", "type": "incident"}
    connector = rig.made(labels=["shop"], fields=fields, requester="monitoring@example.org")
    await done(connector.apply(wanted(), nothing_known()))
    (ticket,) = rig.vendor.tickets
    assert ticket["tags"] == ["tocsin_agent-1", "shop"]
    assert ticket["custom_fields"] == [{"id": 360001, "value": "shop"}]
    assert (ticket["group_id"], ticket["type"], ticket["priority"]) == (77, "incident", "high")
    create = rig.vendor.writes[0]
    assert create.headers["idempotency-key"] == KEY
    assert create.body["ticket"]["requester"] == {"name": "Tocsin", "email": "monitoring@example.org"}


async def test_nobody_finds_nothing(rig: ZendeskRig) -> None:
    rig.vendor.anonymous = True
    stranger = rig.made(token="revoked-token-0815")
    result = await stranger.read(nothing_known())
    assert result.outcome is Outcome.BROKEN
    assert "nobody's" in result.reason
    assert (await stranger.apply(wanted(), nothing_known())).outcome is Outcome.BROKEN


async def test_a_user_that_was_made_an_end_user_sees_nothing_gone(rig: ZendeskRig) -> None:
    seen = await opened(rig)
    rig.vendor.role = "end-user"
    assert (await rig.connector.read(known(seen))).outcome is Outcome.BROKEN
    (login,) = await rig.connector.check()
    assert login.ok is False
    assert "make it an agent" in login.text


async def test_a_token_that_is_for_tickets_alone_is_enough(rig: ZendeskRig) -> None:
    rig.vendor.no_names = True
    seen = await opened(rig, comments=comments("news"), said=1)
    rig.vendor.person(seen.id, "hello", assignee_id=TWO)
    seen = await done(rig.connector.read(known(seen)))
    assert (seen.assignee, seen.remarks[0].by) == (f"user {TWO}", f"user {TWO}")
    assert seen.comments == ("90c1d2e3-1",)
    assert (await done(rig.connector.apply(OVER, known(seen)))).state is RemoteState.RESOLVED
    assert (await rig.connector.check())[0].ok is None
    rig.vendor.person(seen.id, gone=True)
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.GONE


async def test_a_check_up_says_what_is_wrong(rig: ZendeskRig) -> None:
    rig.vendor.fields[1]["active"] = False
    connector = rig.made(fields={"360009": "x"})
    findings = {each.what: each for each in await connector.check()}
    assert [*findings] == ["login", "key", "fields", "priorities", "required to solve"]
    assert findings["login"].text == "as Tocsin (agent)"
    assert "360009" in findings["fields"].text
    assert "switched off" in findings["priorities"].text


def signed(body: bytes, at: float, secret: str = HOOK_SECRET) -> dict[str, str]:
    stamp = datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    return {
        "x-zendesk-webhook-signature": base64.b64encode(made).decode(),
        "x-zendesk-webhook-signature-timestamp": stamp,
    }


async def test_signed_calls_say_where_to_look(rig: ZendeskRig) -> None:
    body = json.dumps({"type": "zen:event-type:ticket.status_changed", "detail": {"id": "35"}}).encode()
    poke = rig.connector.poke(signed(body, rig.now), body)
    assert poke is not None
    assert poke.ids == ("35",)
    mine = json.dumps({"ticket_id": 36, "external_id": KEY}).encode()
    poke = rig.connector.poke(signed(mine, rig.now), mine)
    assert poke is not None
    assert (poke.ids, poke.keys) == (("36",), (KEY,))


async def test_calls_that_prove_nothing_are_not_heard(rig: ZendeskRig) -> None:
    body = b'{"ticket_id": 35}'
    right = signed(body, rig.now)
    assert rig.connector.poke({}, body) is None
    assert rig.connector.poke(right, b'{"ticket_id": 36}') is None
    assert rig.connector.poke(signed(body, rig.now - 301), body) is None
    assert rig.connector.poke(signed(body, rig.now + 301), body) is None
    assert rig.connector.poke(signed(body, rig.now, "another-secret"), body) is None
    assert rig.connector.poke({**right, "x-zendesk-webhook-signature": "\xe9"}, body) is None
    assert rig.made(webhook_secret=None).poke(signed(body, rig.now, ""), body) is None
    with pytest.raises(ValueError, match="Expecting"):
        rig.connector.poke(signed(b"no json", rig.now), b"no json")


async def test_credentials_are_masked_in_every_form(rig: ZendeskRig) -> None:
    headers = rig.connector._api._headers()
    assert mask(headers["Authorization"]) == "Basic ***"
    assert rig.made(user=None)._api._headers() == {"Authorization": f"Bearer {rig.vendor.token}"}


async def test_it_can_all_that_is_asked_for(rig: ZendeskRig) -> None:
    assert rig.connector.capabilities == frozenset(Can)
    assert rig.connector.limits.deadline >= 4 * 60


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("url: 'https://a.example', token: x, priorities: {high: Highest}", "no priority of Zendesk"),
        ("url: 'https://a.example', token: x, fields: {group: 1}", "group_id"),
        ("url: 'https://a.example', token: x, fields: {group_id: '${nothing}'}", "stands for nothing here"),
        ("url: 'https://a.example', token: x, labels: ['two words']", "is no tag"),
        ("url: 'https://a.example', token: x, requester: somebody", "requester"),
        ("url: 'ftp://a.example', token: x", "expected an address like https://"),
        ("url: 'https://a.example'", "token"),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, written: str, says: str) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(f"services: {{}}\nhelpdesks:\n  zd: {{type: zendesk, {written}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path, all_kinds(), {"zendesk": TYPE})
    assert says in str(raised.value)
    assert "tocsin.yaml:3:" in str(raised.value)
