"""Freshdesk as it is set up: credentials, options and their mistakes, the check-up, calls from there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors.base import Outcome
from alerting.connectors.freshdesk import TYPE
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
from tests.alerting.connectors.freshdesk_rig import HOOK_SECRET, OVER, FreshdeskRig, opened, rigged
from tests.fakes.freshdesk import TWO

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[FreshdeskRig]:
    async with rigged() as rig:
        yield rig


async def test_a_ticket_carries_what_the_operator_said(rig: FreshdeskRig) -> None:
    fields = {"cf_service": "${service}", "group_id": "77", "type": "Incident"}
    connector = rig.made(labels=["shop"], fields=fields)
    await done(connector.apply(wanted(), nothing_known()))
    (ticket,) = rig.vendor.tickets
    assert ticket["tags"] == ["tocsin-agent-1", "shop"]
    assert ticket["custom_fields"] == {"cf_alert_key": KEY, "cf_service": "shop"}
    assert (ticket["group_id"], ticket["type"], ticket["priority"], ticket["status"]) == (
        77,
        "Incident",
        3,
        2,
    )


async def test_a_key_that_was_revoked_sees_nothing_gone(rig: FreshdeskRig) -> None:
    seen = await opened(rig)
    rig.vendor.token = "another-key-since-last-night"
    for call in (rig.connector.read(known(seen)), rig.connector.apply(OVER, known(seen))):
        result = await call
        assert result.outcome is Outcome.BROKEN
        assert "You have to be logged in" in result.reason


async def test_who_we_are_need_not_be_told(rig: FreshdeskRig) -> None:
    rig.vendor.nameless = True
    seen = await opened(rig, comments=comments("news"), said=1)
    rig.vendor.person(seen.id, "hello from Agent Two", responder_id=TWO)
    seen = await done(rig.connector.read(known(seen)))
    assert seen.comments == ("90c1d2e3-1",)
    assert (seen.assignee, [each.by for each in seen.remarks]) == (f"user {TWO}", [f"user {TWO}"])
    rig.vendor.person(seen.id, gone=True)
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.GONE
    assert (await rig.connector.check())[0].ok is None


async def test_without_the_field_of_the_key_no_ticket_is_to_blame(rig: FreshdeskRig) -> None:
    del rig.vendor.fields[1]
    for call in (rig.connector.apply(wanted(), nothing_known()), rig.connector.read(nothing_known())):
        result = await call
        assert result.outcome is Outcome.BROKEN
        assert "cf_alert_key" in result.reason
    assert rig.vendor.tickets == []
    findings = {each.what: each for each in await rig.connector.check()}
    assert "make a single-line text field" in findings["key"].text


async def test_a_key_that_is_not_shown_back_stops_everything(rig: FreshdeskRig) -> None:
    act = rig.vendor.answer

    def forgetful(request: Any) -> Any:
        reply = act(request)
        for each in rig.vendor.tickets:
            each["custom_fields"]["cf_alert_key"] = None
        if request.method == "POST":
            reply.body["custom_fields"] = {}
        return reply

    rig.vendor.answer = forgetful  # type: ignore[method-assign]
    result = await rig.connector.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.BROKEN
    assert result.observed is not None  # so that it is not made again
    assert (await done(rig.connector.read(known(result.observed)))).key is None


async def test_a_check_up_says_what_is_wrong(rig: FreshdeskRig) -> None:
    connector = rig.made(fields={"cf_team": "web"}, key_field="cf_service")
    rig.vendor.fields[2]["type"] = "custom_dropdown"
    findings = {each.what: each for each in await connector.check()}
    assert [*findings] == ["login", "key", "fields", "priorities", "required to create", "required to end"]
    assert findings["login"].text == "as Tocsin"
    assert "custom_dropdown" in findings["key"].text
    assert "cf_team" in findings["fields"].text
    assert [each.ok for each in await rig.connector.check()] == [True] * 7


async def test_calls_show_the_secret_or_are_not_heard(rig: FreshdeskRig) -> None:
    shown = {"x-tocsin-secret": HOOK_SECRET}
    for body in ({"ticket_id": 35}, {"freshdesk_webhook": {"ticket_id": "35"}}):
        poke = rig.connector.poke(shown, json.dumps(body).encode())
        assert poke is not None
        assert poke.ids == ("35",)
    body_of_no_use = rig.connector.poke(shown, b'{"ticket_id": "../35"}')
    assert body_of_no_use is not None
    assert body_of_no_use.ids == ()
    for headers in ({}, {"x-tocsin-secret": "another"}, {"x-tocsin-secret": ""}):
        assert rig.connector.poke(headers, b'{"ticket_id": 35}') is None
    with pytest.raises(ValueError, match="Expecting"):
        rig.connector.poke(shown, b"no json")


async def test_credentials_are_masked_in_every_form(rig: FreshdeskRig) -> None:
    assert mask(rig.connector._api._headers()["Authorization"]) == "Basic ***"
    assert rig.connector.capabilities == frozenset(Can) - {Can.DEDUPE}


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("token: x, requester: a@b.example, priorities: {high: Highest}", "no priority of Freshdesk"),
        ("token: x, requester: a@b.example, fields: {group: 1}", "group_id"),
        ("token: x, requester: a@b.example, fields: {cf_a: '${nothing}'}", "stands for nothing here"),
        ("token: x, requester: a@b.example, labels: ['a,b']", "is no tag"),
        ("token: x, requester: a@b.example, key_field: key", "key_field"),
        ("token: x, requester: somebody", "requester"),
        ("token: x", "requester"),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, written: str, says: str) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(
        f"services: {{}}\nhelpdesks:\n  fd: {{type: freshdesk, url: 'https://a.example', {written}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as raised:
        load(path, all_kinds(), {"freshdesk": TYPE})
    assert says in str(raised.value)
    assert "tocsin.yaml:3:" in str(raised.value)
