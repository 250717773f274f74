"""GitHub issues: the contract, what webhooks tell, and the options."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors.github import TYPE
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from tests.alerting.connectors.conformance import KEY, Conformance, There
from tests.alerting.connectors.github_rig import HOOK, GithubRig, site
from tests.fakes import github as fake

pytestmark = pytest.mark.anyio


@pytest.fixture
async def rig() -> AsyncIterator[GithubRig]:
    async with site() as rig:
        yield rig


class TestContract(Conformance):
    def look_at_hostile(self, ticket: There) -> None:
        for live in ("@everyone", "\n/close", "<script>", "](http"):
            assert live not in json.loads(ticket.whole)["body"]
        assert all("@everyone" not in text for text in ticket.comments)


def signature(body: bytes, secret: str = HOOK) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def event(**changes: Any) -> bytes:
    issue = {"number": 7, "body": f"text\n\n<!-- [tocsin {KEY}] -->", **changes}
    return json.dumps({"action": "closed", "issue": issue, "repository": {"full_name": fake.REPO}}).encode()


async def test_a_webhook_counts_only_with_its_signature(rig: GithubRig) -> None:
    body = event()
    poke = rig.connector.poke({**signature(body), "x-hub-signature": "sha1=0"}, body)
    assert poke is not None
    assert (poke.ids, poke.keys) == (("7",), (KEY,))
    assert rig.connector.poke(signature(body), body + b" ") is None
    assert rig.connector.poke(signature(body, "another secret"), body) is None
    assert rig.connector.poke({"x-hub-signature-256": "sha256=é"}, body) is None
    assert rig.connector.poke({}, body) is None
    assert rig.made(webhook_secret=None).poke(signature(body, ""), body) is None
    with pytest.raises(ValueError):
        rig.connector.poke(signature(b"payload=%7B"), b"payload=%7B")


@pytest.mark.parametrize(
    "body",
    [
        event(pull_request={"url": "x"}),
        event().replace(b"example/operations", b"example/elsewhere"),
        b'{"zen": "Design for failure.", "hook_id": 1}',
    ],
)
async def test_what_is_of_no_issue_there_pokes_nothing(rig: GithubRig, body: bytes) -> None:
    poke = rig.connector.poke(signature(body), body)
    assert poke is not None
    assert (poke.ids, poke.keys) == ((), ())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"repo": "operations"}, "repo"),
        ({"repo": "example/../user"}, "repo"),
        ({"labels": ["a,b"]}, "is no label"),
        ({"priorities": {"high": "x" * 51}}, "is no label"),
        ({"fields": {"assignee": ["agent-one"]}}, "did you mean"),
        ({"url": "https://api.github.com/?x=1"}, "without ? and #"),
        ({"token": None}, "token"),
    ],
)
def test_mistakes_in_options_are_told(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    block = {"type": "github", "repo": fake.REPO, "token": "${credential:github}", **changes}
    file = tmp_path / "tocsin.yaml"
    file.write_text(json.dumps({"helpdesks": {"github": block}}), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(file, all_kinds(), {"github": TYPE})
    assert said in str(error.value)
