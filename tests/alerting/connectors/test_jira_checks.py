"""The check-up of a Jira says what a first ticket would run into."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerting.connectors.base import Outcome
from tests.alerting.connectors.conformance import (
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.jira_rig import JiraRig, opened, site
from tests.fakes import jira as fake

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[JiraRig]:
    async with site() as rig:
        yield rig


@pytest.fixture(params=["cloud", "dc"])
async def either(request: pytest.FixtureRequest) -> AsyncIterator[JiraRig]:
    async with site(request.param) as rig:
        yield rig


async def test_a_required_field_is_named(either: JiraRig) -> None:
    either.vendor.required = {"customfield_10050": "Business service"}
    result = await either.connector.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.PERMANENT
    assert "customfield_10050: Business service is required." in result.reason
    findings = {each.what: each for each in await either.connector.check()}
    assert findings["required fields"].ok is False
    assert "customfield_10050 (Business service)" in findings["required fields"].text
    mended = either.made(fields={"customfield_10050": "${service}"})
    await done(mended.apply(wanted(), nothing_known()))
    assert either.issue()["fields"]["customfield_10050"] == "shop"
    assert all(each.ok is not False for each in await mended.check())
    await mended.aclose()


@pytest.mark.parametrize(
    ("options", "what", "said"),
    [
        ({"priorities": {"high": "Blocker"}}, "priorities", "high (Blocker)"),
        ({"issue_type": "Incident"}, "issue type", "issue_type: may be Task, Bug"),
        ({"project": "WEB"}, "project WEB", "not there, or not for us"),
        ({"key_field": "customfield_1"}, "key", "customfield_1 is not on the screen"),
        ({"fields": {"customfield_2": "x"}}, "fields", "not on the screen for creating: customfield_2"),
    ],
)
async def test_a_check_up_names_what_is_wrong(
    rig: JiraRig, options: dict[str, Any], what: str, said: str
) -> None:
    connector = rig.made(**options)
    findings = {each.what: each for each in await connector.check() if each.ok is False}
    assert list(findings) == [what]
    assert said in findings[what].text
    result = await connector.apply(wanted(), nothing_known())
    whole = what in ("issue type", "project WEB")
    assert result.outcome is (Outcome.BROKEN if whole else Outcome.PERMANENT), result
    await connector.aclose()


async def test_a_check_up_shows_how_issues_would_be_moved(rig: JiraRig) -> None:
    await opened(rig)
    await rig.settle()
    findings = {each.what: each for each in await rig.connector.check()}
    assert findings["login"].text == "as Tocsin"
    assert findings["transitions"].text == "OPS-1 would be resolved by Finish → Done"
    rig.vendor.moved(rig.issue(), fake.TWO, "Done")
    (*_, transitions) = await rig.connector.check()
    assert transitions.text == "OPS-1 would be opened again by Reopen → To Do"
    rig.vendor.steps.clear()
    (*_, transitions) = await rig.connector.check()
    assert (transitions.ok, transitions.text[:30]) == (True, "OPS-1 cannot be opened again: ")
    rig.issue()["fields"]["status"] = "To Do"
    (*_, transitions) = await rig.connector.check()
    assert transitions.ok is False


async def test_a_check_up_tells_the_flavours_apart(either: JiraRig) -> None:
    other = "dc" if either.flavour == "cloud" else "cloud"
    mistaken = either.made(flavour=other, user=either.vendor.user if other == "cloud" else None)
    either.vendor.wrong.clear()
    (login, *_) = await mistaken.check()
    assert login.ok is False
    await mistaken.aclose()
    either.vendor.wrong.clear()


async def test_priorities_may_be_left_alone(rig: JiraRig) -> None:
    rig.vendor.screen.discard("priority")
    names = dict.fromkeys(("critical", "high", "medium", "low", "informational"), "")
    connector = rig.made(priorities=names)
    observed = await done(connector.apply(wanted(), nothing_known()))
    await done(connector.apply(wanted(priority="critical"), known(observed)))
    assert all(each.ok is not False for each in await connector.check())
    await connector.aclose()


async def test_labels_beside_a_key_field_are_to_be_on_the_screen(rig: JiraRig) -> None:
    rig.vendor.screen.discard("labels")
    connector = rig.made(key_field="customfield_10080", labels=["web"])
    assert (await connector.apply(wanted(), nothing_known())).outcome is Outcome.PERMANENT
    (wrong,) = [each for each in await connector.check() if each.ok is False]
    assert wrong.text == "not on the screen for creating: labels"
    await connector.aclose()
