"""PagerDuty against a fake that folds events by their key, and begins anew after an end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors.base import Connector, Outcome, Setting
from alerting.connectors.pagerduty import TYPE, PagerDuty, PagerDutyOptions
from alerting.messages import RemoteState, carried_key
from alerting.outgoing import Standing
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
from tests.alerting.connectors.delivered import life
from tests.fakes import contracts
from tests.fakes.pagerduty import PagerDuty as Vendor
from tests.fakes.vendor import Fault

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not contracts.are_here(), reason="the vendors' schemas are not beside the checkout"),
]
WRONG = "R015ZZZZZZZZZZZZZZZZZZZZZZZZZZ99"


class PagerDutyRig(Rig):
    secrets = (Vendor.routing_key, WRONG)
    create = ("POST", "/v2/enqueue")

    def __init__(self) -> None:
        self.vendor: Vendor = Vendor()
        self.vendor.open()
        self.connector = self.made(Vendor.routing_key)

    def made(self, key: str, **options: Any) -> PagerDuty:
        written = {"url": self.vendor.url, "routing_key": key, **options}
        return PagerDuty(PagerDutyOptions.model_validate(written), Setting("pd", "agent-1", self.vendor.now))

    async def there(self) -> list[There]:
        return [
            There(each["key"], each["told"][0]["payload"]["summary"], str(each), not each["open"])
            for each in self.vendor.incidents
        ]

    async def broken(self) -> Connector:
        return self.made(WRONG)


@pytest.fixture
async def rig() -> AsyncIterator[PagerDutyRig]:
    rig = PagerDutyRig()
    yield rig
    await rig.connector.aclose()
    rig.vendor.close()


class TestContract(Conformance):
    async def test_credentials_that_are_not_taken_find_nothing_out(self, rig: Rig) -> None:
        """Without an event nobody learns whether the key is right: a check-up does not say that it is."""
        broken = await rig.broken()
        assert broken is not None
        result = await broken.apply(wanted(), nothing_known())
        assert result.outcome is Outcome.BROKEN
        assert "mend routing_key:" in result.reason
        assert [each.ok for each in await broken.check()] == [None]
        await broken.aclose()


async def test_a_trigger_says_what_is_wrong_and_where(rig: PagerDutyRig) -> None:
    labels = {"site": "jhb", "runbook": "https://wiki.example.org/shop"}
    ticket = wanted(labels=labels, follows="toc-before", duplicate_of="toc-cause")
    seen = await done(rig.connector.apply(ticket, nothing_known()))
    assert (seen.id, seen.state, seen.key) == (KEY, RemoteState.OPEN, None)
    (event,) = rig.vendor.incidents[0]["told"]
    payload = event["payload"]
    assert {name: payload[name] for name in ("source", "severity", "component", "timestamp")} == {
        "source": "shop",
        "severity": "error",
        "component": "home",
        "timestamp": "2026-09-21T14:13:20Z",
    }
    assert event["links"] == [{"href": "https://wiki.example.org/shop", "text": "runbook"}]
    details = payload["custom_details"]
    assert (details["ticket"], details["labels"], details["caused by"]) == ("T-12", labels, "toc-cause")
    assert details["goes on from"] == "toc-before"


async def test_comments_and_priorities_are_not_sent(rig: PagerDutyRig) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    assert (
        await done(rig.connector.apply(wanted(comments=comments("news"), said=1), known(seen, "low"))) == seen
    )
    assert len(rig.vendor.requests) == 1


async def test_sent_again_it_folds_into_the_open_one(rig: PagerDutyRig) -> None:
    for _ in range(3):
        rig.vendor.misbehave(Fault.LOST_ANSWER)
        assert (await rig.connector.apply(wanted(), nothing_known())).outcome is Outcome.RETRY
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    over = wanted(state="resolved", resolved_at=SINCE + 1)
    rig.vendor.misbehave(Fault.LATE_502)
    assert (await rig.connector.apply(over, known(seen))).outcome is Outcome.RETRY
    assert (await done(rig.connector.apply(over, known(seen)))).state is RemoteState.RESOLVED
    (incident,) = rig.vendor.incidents
    assert (len(incident["told"]), incident["open"]) == (4, False)


async def test_what_was_over_before_is_told_quietly_and_ends(rig: PagerDutyRig) -> None:
    over = wanted(state="resolved", resolved_at=SINCE + 1, severity="critical")
    assert (await done(rig.connector.apply(over, nothing_known()))).state is RemoteState.RESOLVED
    (incident,) = rig.vendor.incidents
    assert (incident["told"][0]["payload"]["severity"], incident["open"]) == ("info", False)


async def test_what_was_done_before_a_failure_is_told(rig: PagerDutyRig) -> None:
    over = wanted(state="resolved", resolved_at=SINCE + 1)
    rig.vendor.busy_for = {"resolve"}
    result = await rig.connector.apply(over, nothing_known())
    assert (result.outcome, result.after) == (Outcome.RETRY, 60.0)
    assert result.observed is not None
    assert result.observed.state is RemoteState.OPEN


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.GONE, Outcome.BROKEN),
        (Fault.MOVED, Outcome.BROKEN),
        (Fault.FORBIDDEN, Outcome.BROKEN),
        (Fault.NOT_JSON, Outcome.BROKEN),
        (Fault.BUSY, Outcome.RETRY),
        (Fault.RATE_DATE, Outcome.RETRY),
    ],
)
async def test_answers_are_judged(rig: PagerDutyRig, fault: Fault, outcome: Outcome) -> None:
    rig.vendor.misbehave(fault)
    assert (await rig.connector.apply(wanted(), nothing_known())).outcome is outcome


async def test_another_success_than_202_is_in_doubt(rig: PagerDutyRig) -> None:
    rig.vendor.accepted = 200
    assert (await rig.connector.apply(wanted(), nothing_known())).outcome is Outcome.IN_DOUBT


async def test_taken_under_another_key_is_not_believed(rig: PagerDutyRig) -> None:
    rig.vendor.renames = "something-else"
    assert (await rig.connector.apply(wanted(), nothing_known())).outcome is Outcome.BROKEN


async def test_an_event_that_is_refused_is_so_for_good_in_its_own_words(rig: PagerDutyRig) -> None:
    result = await rig.connector.apply(wanted(key="k" * 300), nothing_known())
    assert result.outcome is Outcome.PERMANENT
    assert "Length of 'dedup_key' is incorrect" in result.reason


@pytest.mark.parametrize(
    ("key", "ok", "says"),
    [
        ("https://events.pagerduty.com/x", False, "and no address"),
        ("${env:NO_SUCH_KEY_HERE}", False, "NO_SUCH_KEY_HERE"),
        ("R015", None, "it has 4 characters"),
    ],
)
async def test_a_key_that_cannot_be_one_is_found(
    rig: PagerDutyRig, key: str, ok: bool | None, says: str
) -> None:
    connector = rig.made(key)
    (finding,) = await connector.check()
    assert finding.ok is ok
    assert says in finding.text
    if "${" in key:
        assert (await connector.apply(wanted(), nothing_known())).outcome is Outcome.BROKEN
    await connector.aclose()


async def test_trouble_that_comes_again_is_another_incident(rig: PagerDutyRig, tmp_path: Path) -> None:
    """The key's next epoch: PagerDuty opens nothing again."""
    async with life(tmp_path, TYPE, url=rig.vendor.url, routing_key=Vendor.routing_key) as lived:
        rig.vendor.misbehave(Fault.LOST_ANSWER, times=1)
        await lived.breaks()
        await lived.heals()
        assert [each["open"] for each in rig.vendor.incidents] == [False]
        assert (lived.entry.state, lived.entry.epoch) == (Standing.DONE, 0)
        await lived.breaks(120)
        keys = [each["key"] for each in rig.vendor.incidents]
        assert keys == [lived.entry.key, carried_key(lived.entry.key, 1)]
        assert [each["open"] for each in rig.vendor.incidents] == [False, True]
        await lived.heals(120)
        assert [each["open"] for each in rig.vendor.incidents] == [False, False]
    assert rig.vendor.wrong == []


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("url: 'https://events.example.org'", "routing_key"),
        ("routing_key: abc, url: events.example.org", "expected an address like https://"),
        ("routing_key: abc, priority: high", "priority"),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, written: str, says: str) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(f"services: {{}}\nchannels:\n  pd: {{type: pagerduty, {written}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path, all_kinds(), {"pagerduty": TYPE})
    assert says in str(raised.value)
    assert "tocsin.yaml:3:" in str(raised.value)
