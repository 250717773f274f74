"""Jira, Cloud and Data Center: the contract, what is listed and told by webhook, and the options."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors.base import Outcome, Setting
from alerting.connectors.jira import TYPE, JiraOptions
from alerting.connectors.jira_api import JiraApi
from alerting.connectors.jira_desk import Jira
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from tests.alerting.connectors.conformance import (
    KEY,
    NASTY,
    Conformance,
    There,
    done,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.jira_rig import HOOK, JiraRig, opened, site
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


class TestContract(Conformance):
    pass


class TestContractOfDataCenter(Conformance):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[JiraRig]:
        async with site("dc") as rig:
            yield rig

    def look_at_hostile(self, ticket: There) -> None:
        assert "{noformat} " not in ticket.whole
        assert "\\\\{noformat\\\\}" in ticket.whole  # JSON doubles each backslash


class TestContractWithAKeyField(Conformance):
    @pytest.fixture
    async def rig(self) -> AsyncIterator[JiraRig]:
        async with site(key_field="customfield_10080") as rig:
            yield rig


async def test_a_twin_is_found_and_ended_with_a_note(either: JiraRig) -> None:
    rig = either
    kept = await opened(rig)
    twin = await opened(rig)
    fields = rig.issue()["fields"]
    rig.vendor.make(dict(fields), {}, creator=fake.TWO)  # a person's clone keeps the labels
    await rig.settle()
    result, twins = await rig.connector.twins(nothing_known())
    assert (result.outcome, [each.id for each in twins]) == (Outcome.OK, [kept.id, twin.id])
    for _ in range(2):
        await done(rig.connector.end_twin(twins[1], twins[0]))
    (first, second, clone) = await rig.there()
    assert [first.ended, second.ended, clone.ended] == [False, True, False]
    assert len(second.comments) == 1
    assert second.public == ()
    assert "OPS-1 goes on" in second.comments[0].replace("\\", "")
    listed = [each.id for each in (await rig.connector.ours(10))[1]]
    assert listed == [kept.id]


async def test_the_note_on_a_twin_is_known_again_whatever_its_project_is_called(rig: JiraRig) -> None:
    kept = await opened(rig)
    twin = await opened(rig)
    for issue in rig.vendor.issues:
        issue["keys"].insert(0, issue["keys"][0].replace("OPS-", "MY_OPS-"))
    kept, twin = replace(kept, id="MY_OPS-1"), replace(twin, id="MY_OPS-2")
    rig.vendor.steps.clear()  # it cannot be ended, and so it is tried again
    for _ in range(2):
        await rig.connector.end_twin(twin, kept)
    assert len(rig.issue(1)["comments"]) == 1


@pytest.mark.parametrize("options", [{}, {"key_field": "customfield_10080"}])
@pytest.mark.parametrize("flavour", ["cloud", "dc"])
async def test_open_issues_of_ours_are_listed(flavour: str, options: dict[str, str]) -> None:
    rig = JiraRig(flavour, **options)
    keys = [f"toc-{number:032x}" for number in range(25)]
    for key in keys:
        await done(rig.connector.apply(wanted(key=key), nothing_known(key)))
    of_another = Jira(rig.connector._options, Setting("jira", "agent-2", lambda: rig.now))
    await done(of_another.apply(wanted(), nothing_known()))
    rig.vendor.moved(rig.issue(3), fake.TWO, "Done")
    await rig.settle()
    result, found = await rig.connector.ours(100)
    assert result.outcome is Outcome.OK
    assert [each.key for each in found] == [key for key in reversed(keys) if key != keys[3]]
    assert len((await rig.connector.ours(5))[1]) <= 5
    assert rig.vendor.wrong == []
    await rig.connector.aclose()
    await of_another.aclose()
    rig.vendor.close()


def signature(body: bytes, secret: str = HOOK) -> dict[str, str]:
    return {"x-hub-signature": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


async def test_a_webhook_counts_only_with_its_signature(rig: JiraRig) -> None:
    issue = {"id": "10001", "key": "OPS-1", "fields": {"labels": ["web", KEY]}}
    body = json.dumps({"webhookEvent": "jira:issue_updated", "issue": issue}).encode()
    poke = rig.connector.poke(signature(body), body)
    assert poke is not None
    assert (poke.ids, poke.keys) == (("OPS-1",), (KEY,))
    assert rig.connector.poke(signature(body), body + b" ") is None
    assert rig.connector.poke(signature(body, "another secret"), body) is None
    assert rig.connector.poke({}, body) is None
    assert rig.made(webhook_secret=None).poke(signature(body, ""), body) is None
    sprint = b'{"webhookEvent": "sprint_started"}'
    empty = rig.connector.poke(signature(sprint), sprint)
    assert empty is not None
    assert (empty.ids, empty.keys) == ((), ())
    with pytest.raises(ValueError):
        rig.connector.poke(signature(b"{half"), b"{half")


async def test_texts_are_no_markup_in_adf(rig: JiraRig) -> None:
    await opened(rig, description=NASTY)
    kinds = set(_kinds(rig.issue()["fields"]["description"]))
    assert kinds <= {"doc", "paragraph", "text", "bulletList", "listItem", "codeBlock", "hardBreak"}


def _kinds(node: Any) -> list[str]:
    if not isinstance(node, dict):
        return []
    return [str(node["type"]), *(kind for each in node.get("content", ()) for kind in _kinds(each))]


WHOLE = {
    "flavour": "cloud",
    "url": "https://example.atlassian.net",
    "project": "OPS",
    "user": "bot@example.org",
    "token": "${credential:jira}",
}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"flavour": "server"}, "flavour"),
        ({"user": None}, "an API token of Jira Cloud goes with the e-mail address of its owner"),
        ({"flavour": "dc"}, "url: is an address of Jira Cloud: say flavour: cloud"),
        ({"project": 'OPS" OR project != "'}, "project"),
        ({"labels": ["two words"]}, "is no label"),
        ({"key_field": "Alert key"}, "key_field"),
        ({"fields": {"customfield_1": "${servce}"}}, "did you mean"),
        ({"fields": {"labels": ["web"]}}, "labels has a place of its own"),
        ({"url": "https://bot:pw@example.atlassian.net"}, "carries a user or password"),
    ],
)
def test_mistakes_in_options_are_told(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    block = {"type": "jira", **WHOLE, **changes}
    file = tmp_path / "tocsin.yaml"
    file.write_text(json.dumps({"helpdesks": {"jira": block}}), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(file, all_kinds(), {"jira": TYPE})
    assert said in str(error.value)


def test_service_accounts_of_cloud_need_no_user() -> None:
    url = "https://api.atlassian.com/ex/jira/0815"
    options = JiraOptions.model_validate({**WHOLE, "url": url, "user": None, "token": "t"})
    assert JiraApi(options, Setting("jira", "agent-1", time.time))._headers() == {"Authorization": "Bearer t"}
