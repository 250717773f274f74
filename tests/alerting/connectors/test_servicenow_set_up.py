"""ServiceNow as it is set up: credentials, options and their mistakes, the check-up, calls from there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from alerting.connectors.base import Outcome, Result
from alerting.connectors.servicenow import TYPE
from alerting.messages import Can
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from config.masks import mask
from tests.alerting.connectors.conformance import (
    KEY,
    OTHER,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.servicenow_rig import HOOK_SECRET, ServiceNowRig, found, rigged

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[ServiceNowRig]:
    async with rigged() as rig:
        yield rig


async def test_an_incident_carries_what_the_operator_said(rig: ServiceNowRig) -> None:
    connector = rig.made(fields={"category": "${service}", "assignment_group": "d625"})
    await done(connector.apply(wanted(), nothing_known()))
    (row,) = rig.vendor.incidents
    assert (row["category"], row["assignment_group"]) == ("shop", "d625")
    assert (row["correlation_id"], row["correlation_display"]) == (KEY, "tocsin-agent-1")
    assert (row["impact"], row["urgency"], row["priority"]) == ("1", "2", "2")


async def test_a_column_that_is_not_for_us_is_found_out_before_and_after(rig: ServiceNowRig) -> None:
    rig.vendor.add(correlation_id=OTHER)
    rig.vendor.unreadable = {"correlation_id"}
    key = (await found(rig))["key"]
    assert key.ok is False
    assert "let our role read (and write) that column" in key.text
    result = await rig.connector.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.BROKEN
    assert "without its correlation_id" in result.reason
    assert result.observed is not None  # so that it is not made again
    assert (await done(rig.connector.read(known(result.observed)))).key is None


async def test_who_we_are_need_not_be_for_us_to_read(rig: ServiceNowRig) -> None:
    rig.vendor.forbidden = {"sys_user", "sys_choice"}
    assert await rig.connector.read(nothing_known()) == Result.ok(None)
    findings = await found(rig)
    assert (findings["login"].ok, findings["close_code"].ok, findings["states"].ok) == (None, None, None)


async def test_a_check_up_says_what_is_wrong(rig: ServiceNowRig) -> None:
    rig.vendor.add()
    findings = await found(rig, fields={"u_team": "web"}, close_code="Solved", open_state="4")
    assert [*findings] == [
        "login",
        "table incident",
        "key",
        "fields",
        "priorities",
        "close_code",
        "states",
    ]
    assert findings["login"].text == "as Tocsin"
    assert findings["key"].ok is None
    assert "u_team" in findings["fields"].text
    assert "Solution provided" in findings["close_code"].text
    assert "open_state: 4" in findings["states"].text
    rig.vendor.add(correlation_id=OTHER)
    sound = await found(rig, fields={"category": "web"})
    assert [each.ok for each in sound.values()] == [True] * 7


async def test_calls_show_the_secret_or_are_not_heard(rig: ServiceNowRig) -> None:
    body = json.dumps({"sys_id": "1f", "correlation_id": KEY}).encode()
    poke = rig.connector.poke({"x-tocsin-secret": HOOK_SECRET}, body)
    assert poke is not None
    assert (poke.ids, poke.keys) == (("1f",), (KEY,))
    for headers in ({}, {"x-tocsin-secret": "another"}, {"x-tocsin-secret": "\xe9"}, {"x-tocsin-secret": ""}):
        assert rig.connector.poke(headers, body) is None
    assert rig.made(webhook_secret=None).poke({"x-tocsin-secret": ""}, body) is None
    with pytest.raises(ValueError, match="Expecting"):
        rig.connector.poke({"x-tocsin-secret": HOOK_SECRET}, b"no json")


async def test_a_token_takes_the_place_of_the_password(rig: ServiceNowRig) -> None:
    bearer = rig.made(password=None, token=rig.vendor.password)
    await done(bearer.apply(wanted(), nothing_known()))
    assert mask(rig.connector._api._headers()["Authorization"]) == "Basic ***"
    assert rig.connector.capabilities == frozenset(Can) - {Can.DEDUPE}


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("password: x, priorities: {high: High}", "expected impact/urgency"),
        ("password: x, fields: {state: '2'}", "is said by the connector itself"),
        ("password: x, fields: {Assignment Group: x}", "is no column of a table"),
        ("password: x, labels: [a]", "name a column in fields:"),
        ("password: x, token: y", "password: or token: is needed, and not both"),
        ("table: incident", "password: or token: is needed, and not both"),
        ("password: x, resolved_state: '2'", "resolved_state"),
        ("password: x, close_notes: '${reason}'", "stands for nothing here"),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, written: str, says: str) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(
        f"services: {{}}\nhelpdesks:\n  now: {{type: servicenow, url: 'https://a.example', user: u, {written}}}\n",
        encoding="utf-8",
    )
    with pytest.raises(ConfigError) as raised:
        load(path, all_kinds(), {"servicenow": TYPE})
    assert says in str(raised.value)
    assert "tocsin.yaml:3:" in str(raised.value)
