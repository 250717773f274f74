"""Teams against a workflow that answers 202 whatever it is sent, and shows only what is sound."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors.base import Connector, Outcome, Setting
from alerting.connectors.document import marks_in
from alerting.connectors.teams import TYPE, Teams, TeamsOptions
from alerting.messages import RemoteState
from checks.registry import all_kinds
from config.errors import ConfigError
from config.loader import load
from tests.alerting.connectors.conformance import (
    KEY,
    NASTY,
    Conformance,
    Rig,
    There,
    comments,
    done,
    known,
    nothing_known,
    wanted,
)
from tests.fakes.teams import Teams as Workflow
from tests.fakes.vendor import Fault, Reply

pytestmark = pytest.mark.anyio


class TeamsRig(Rig):
    secrets = (Workflow.sig,)
    create = ("POST", "/workflows")

    def __init__(self) -> None:
        self.vendor: Workflow = Workflow()
        self.vendor.open()
        self.connector = self.made(Workflow.sig)

    def made(self, signature: str) -> Teams:
        url = f"{self.vendor.url}/workflows/1/triggers/manual/run?sig={signature}"
        return Teams(TeamsOptions.model_validate({"url": url}), Setting("teams", "agent-1", self.vendor.now))

    async def there(self) -> list[There]:
        """The cards of the one channel, as one conversation for each key."""
        cards = self.vendor.cards
        if not cards:
            return []
        # A word joiner draws nothing, backslashes are markup.
        plain = [card.replace("\\", "").replace("\u2060", "") for card in cards]
        opened = [card for card in cards if card.startswith("Open:")]
        return [
            There(str(n), card.split("\n")[0], "\n".join(plain), "Resolved" in plain[-1], tuple(plain))
            for n, card in enumerate(opened, 1)
        ]

    async def broken(self) -> Connector:
        return self.made("another-signature-4711")


@pytest.fixture
async def rig() -> AsyncIterator[TeamsRig]:
    rig = TeamsRig()
    yield rig
    await rig.connector.aclose()
    rig.vendor.close()


class TestContract(Conformance):
    async def test_credentials_that_are_not_taken_find_nothing_out(self, rig: Rig) -> None:
        """Without posting a card nobody learns whether the signature is right: a check-up does not say that it is."""
        broken = await rig.broken()
        assert broken is not None
        assert (await broken.apply(wanted(), nothing_known())).outcome is Outcome.BROKEN
        assert [each.ok for each in await broken.check()] == [None]
        await broken.aclose()


async def test_a_life_is_a_row_of_cards_that_all_name_the_key(rig: TeamsRig) -> None:
    connector = rig.connector
    seen = await done(connector.apply(wanted(priority="low", severity="low"), nothing_known()))
    seen = await done(connector.apply(wanted(), known(seen, "low")))
    seen = await done(connector.apply(wanted(comments=comments("news"), said=1), known(seen)))
    seen = await done(connector.apply(wanted(state="resolved"), known(seen)))
    assert seen.state is RemoteState.RESOLVED
    seen = await done(connector.apply(wanted(), known(seen)))
    assert seen.state is RemoteState.OPEN
    cards = rig.vendor.cards
    assert [card.split(":")[0] for card in cards] == [
        "Open",
        "shop.home is down",
        "shop.home is down",
        "Resolved",
        "Open again",
    ]
    assert all(marks_in(card.replace("\u2060", ""))[-1] == KEY for card in cards)


async def test_nobody_is_mentioned_and_no_element_made(rig: TeamsRig) -> None:
    nasty = wanted(title=NASTY, description=f"<at>all</at> {NASTY}", labels={"x": NASTY})
    await done(rig.connector.apply(nasty, nothing_known()))
    (card,) = rig.vendor.cards
    assert "<at>" not in card
    assert "@everyone" not in card
    assert "](http" not in card


async def test_a_card_stays_small_whatever_is_in_it(rig: TeamsRig) -> None:
    huge = wanted(description="\n".join(f"  line {n} \u6f22\u5b57 *_[" for n in range(20_000)))
    await done(rig.connector.apply(huge, nothing_known()))
    assert rig.vendor.wrong == []
    assert len(rig.vendor.requests[0].raw) <= 20_000


async def test_another_success_than_202_is_in_doubt(rig: TeamsRig) -> None:
    rig.vendor.misbehave(Fault.LOGIN_PAGE)
    result = await rig.connector.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.IN_DOUBT
    assert "look in the channel" in result.reason


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (
            Reply(404, {"error": {"code": "WorkflowNotFound", "message": "no such"}}),
            "WorkflowNotFound: no such",
        ),
        (Reply(410, b"<html>gone</html>"), "HTTP 410"),
        (Reply(400, {"error": {"code": "WorkflowTriggerIsNotEnabled", "message": "is off"}}), "is off"),
    ],
)
async def test_a_workflow_that_is_gone_or_off_is_no_tickets_fault(
    rig: TeamsRig, monkeypatch: pytest.MonkeyPatch, answer: Reply, says: str
) -> None:
    monkeypatch.setattr(rig.vendor, "answer", lambda _request: answer)
    result = await rig.connector.apply(wanted(), nothing_known())
    assert result.outcome is Outcome.BROKEN
    assert says in result.reason


async def test_a_card_whose_answer_is_lost_is_in_doubt_and_the_ones_before_are_known(rig: TeamsRig) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    first, second = comments("one", "two")
    rig.vendor.misbehave(Fault.LOST_ANSWER)
    result = await rig.connector.apply(wanted(comments=(first, second), said=2), known(seen))
    assert result.outcome is Outcome.IN_DOUBT
    assert result.observed == seen


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://example.webhook.office.com/webhookb2/abc", "were switched off"),
        ("http://flow.example.org/x", "expected the https address"),
        ("nonsense", "expected the https address"),
    ],
)
def test_addresses_that_cannot_work_are_refused_without_being_shown(
    tmp_path: Path, url: str, says: str
) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(f"services: {{}}\nchannels:\n  room: {{type: teams, url: '{url}'}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path, all_kinds(), {"teams": TYPE})
    assert says in str(raised.value)
    assert "abc" not in str(raised.value)


def test_an_address_from_elsewhere_is_looked_at_when_it_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEAMS_FLOW", "https://x.webhook.office.com/a")
    options: Any = TeamsOptions.model_validate({"url": "${env:TEAMS_FLOW}"})
    assert options.unwise == ""
