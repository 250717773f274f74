"""Alertmanager, where the real one cannot be made to misbehave: members that fail, refuse, forget, or are no such."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from alerting.connectors import alertmanager_heartbeat
from alerting.connectors.alertmanager import TYPE, AlertmanagerOptions
from alerting.connectors.alertmanager_heartbeat import Alertmanager
from alerting.connectors.base import Connector, Outcome, Setting
from alerting.messages import RemoteState
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
    done,
    known,
    nothing_known,
    wanted,
)
from tests.alerting.connectors.delivered import life
from tests.fakes import contracts
from tests.fakes.alertmanager import Alertmanager as Server
from tests.fakes.vendor import Fault

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not contracts.are_here(), reason="the vendors' schemas are not beside the checkout"),
]
PASSWORD = "the-password-of-tocsin-4711"
LOGIN = "Basic dG9jc2luOnRoZS1wYXNzd29yZC1vZi10b2NzaW4tNDcxMQ=="


class AlertmanagerRig(Rig):
    secrets = (PASSWORD, LOGIN.removeprefix("Basic "))
    create = ("POST", "/alerts")

    def __init__(self) -> None:
        self.vendor: Server = Server()
        self.vendor.login = LOGIN
        self.vendor.open()
        self.connector: Alertmanager = self.made()

    def made(self, *more: str, password: str | None = PASSWORD, **options: Any) -> Alertmanager:
        written = {"url": [self.vendor.url, *more], "user": "tocsin", "password": password, **options}
        return Alertmanager(AlertmanagerOptions.model_validate(written), Setting("am", "agent-1", self.now))

    def now(self) -> float:
        """The vendor's clock, also when a test has moved it."""
        return self.vendor.now()

    async def there(self) -> list[There]:
        return [_there(each, self.vendor) for each in self.vendor.state["alerts"].values()]

    async def broken(self) -> Connector:
        return self.made(password="another-password-0815")


def _there(alert: dict[str, Any], vendor: Server) -> There:
    notes = alert["annotations"]
    ended = alert not in vendor.active
    return There(
        alert["labels"]["tocsin_key"], notes["summary"], str(alert), ended, priority=notes["priority"]
    )


@pytest.fixture
async def rig() -> AsyncIterator[AlertmanagerRig]:
    rig = AlertmanagerRig()
    yield rig
    await rig.connector.aclose()
    rig.vendor.close()


class AlertmanagerContract(Conformance):
    async def test_it_is_resolved_and_opened_again(self, rig: Rig) -> None:
        """What is over is not shown there: only who knows that it was ended can tell that from never having been."""
        created = await done(rig.connector.apply(wanted(), nothing_known()))
        over = wanted(state="resolved", resolved_at=SINCE + 60_000_000)
        ended = await done(rig.connector.apply(over, known(created)))
        assert (await rig.there())[0].ended
        seen = await done(rig.connector.read(known(ended)))
        assert seen.state is RemoteState.RESOLVED
        assert (await rig.connector.read(known(created))).observed is None
        await done(rig.connector.apply(over, known(seen)))
        await done(rig.connector.apply(wanted(), known(seen)))
        assert (await done(rig.connector.read(known(seen)))).state is RemoteState.OPEN
        assert not (await rig.there())[0].ended


class TestContract(AlertmanagerContract):
    pass


async def test_it_is_known_by_labels_that_never_change(rig: AlertmanagerRig) -> None:
    labels = {"site": "jhb", "cost-center": "4", "1st": "x", "service": "other", "empty": ""}
    seen = await done(
        rig.connector.apply(wanted(labels=labels, severity="low", priority="low"), nothing_known())
    )
    worse = wanted(labels={"site": "cpt"}, severity="critical", priority="critical")
    await done(rig.connector.apply(worse, known(seen, "low")))
    (alert,) = rig.vendor.active
    assert alert["labels"] == {
        "alertname": "shop.home",
        "service": "shop",
        "check": "home",
        "tocsin_key": KEY,
        "site": "jhb",
        "cost_center": "4",
        "_1st": "x",
    }
    assert alert["annotations"]["severity"] == "critical"
    assert seen.url == f"{rig.vendor.url}/#/alerts?filter=%7Btocsin_key%3D%22{KEY}%22%7D"


async def test_it_lasts_for_four_heartbeats_and_ends_at_once(rig: AlertmanagerRig) -> None:
    rig.vendor.now = lambda: SINCE / 1e6 + 60
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    assert rig.connector.limits.refresh == 60
    (alert,) = rig.vendor.active
    assert (alert["startsAt"], alert["endsAt"]) == ("2026-09-21T14:13:20Z", "2026-09-21T14:18:20Z")
    rig.vendor.now = lambda: SINCE / 1e6 + 300
    assert await rig.connector.read(known(seen)) == await rig.connector.read(nothing_known())
    assert (await rig.connector.read(known(seen))).observed is None
    again = await done(rig.connector.apply(wanted(), known(seen)))
    assert again == seen
    over = wanted(state="resolved", resolved_at=SINCE + 400_000_000)
    rig.vendor.now = lambda: SINCE / 1e6 + 400
    await done(rig.connector.apply(over, known(seen)))
    assert rig.vendor.active == []
    assert [each["endsAt"] for each in rig.vendor.state["alerts"].values()] == ["2026-09-21T14:20:00Z"]


async def test_a_clock_that_was_set_back_makes_no_alert_that_ends_before_it_begins(
    rig: AlertmanagerRig,
) -> None:
    rig.vendor.now = lambda: SINCE / 1e6 - 3600
    await done(rig.connector.apply(wanted(), nothing_known()))
    await done(rig.connector.apply(wanted(state="resolved"), nothing_known()))


@pytest.fixture
async def two(rig: AlertmanagerRig) -> AsyncIterator[tuple[Alertmanager, Server, Server]]:
    """A connector that tells two members, and both."""
    other = Server()
    other.login, other.now = LOGIN, rig.now
    other.open()
    connector = rig.made(other.url)
    yield connector, rig.vendor, other
    await connector.aclose()
    other.close()


async def test_one_member_that_is_away_keeps_nobody_from_hearing_of_it(
    two: tuple[Alertmanager, Server, Server],
) -> None:
    connector, first, second = two
    second.misbehave(Fault.LOST_REQUEST, times=2)
    seen = await done(connector.apply(wanted(), nothing_known()))
    assert (await done(connector.read(known(seen)))).state is RemoteState.OPEN
    assert [len(first.active), len(second.active)] == [1, 0]
    await done(connector.apply(wanted(), known(seen)))
    assert [len(first.active), len(second.active)] == [1, 1]


async def test_a_member_that_fails_slowly_rests_while_the_others_hear_of_all(
    two: tuple[Alertmanager, Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    connector, first, second = two
    monkeypatch.setattr(alertmanager_heartbeat, "_SLOW", 0.0)
    second.misbehave(Fault.LOST_REQUEST, "POST")
    for number in range(3):
        await done(connector.apply(wanted(key=f"toc-{number}"), nothing_known()))
    assert [len(first.active), len(second.writes)] == [3, 1]
    over = await connector.apply(wanted(key="toc-0", state="resolved"), nothing_known())
    assert over.outcome is Outcome.RETRY  # it is told of the end when it has rested


async def test_an_end_is_told_until_all_know_or_it_has_run_out(
    two: tuple[Alertmanager, Server, Server],
) -> None:
    connector, first, second = two
    first.now = lambda: SINCE / 1e6
    seen = await done(connector.apply(wanted(), nothing_known()))
    second.misbehave(Fault.BUSY, "POST", times=50)
    over = wanted(state="resolved", resolved_at=SINCE)
    result = await connector.apply(over, known(seen))
    assert result.outcome is Outcome.RETRY
    assert result.reason.startswith(second.url.removeprefix("http://"))
    assert [len(first.active), len(second.active)] == [0, 1]
    first.now = lambda: SINCE / 1e6 + 240
    assert (await done(connector.apply(over, known(seen)))).state is RemoteState.RESOLVED
    assert second.active == []


async def test_a_cluster_of_which_not_all_are_named_is_found(
    two: tuple[Alertmanager, Server, Server],
) -> None:
    connector, first, _ = two
    assert [each.what.split(" ")[0] for each in await connector.check()] == ["login", "clock", "alerts"] * 2
    first.members = 3
    (finding,) = [each for each in await connector.check() if each.ok is not True]
    assert (finding.what, finding.ok) == ("cluster", False)
    assert "has 3 members, and url: names 2" in finding.text


async def test_a_clock_that_differs_is_found(rig: AlertmanagerRig) -> None:
    await rig.connector.aclose()
    ahead = time.time() + 7200
    rig.now = lambda: ahead  # type: ignore[method-assign]  # ours alone
    rig.connector = rig.made()
    (finding,) = [each for each in await rig.connector.check() if not each.ok]
    assert finding.what.startswith("clock")
    assert "ahead" in finding.text


async def test_accepted_and_forgotten_is_no_ticket(rig: AlertmanagerRig) -> None:
    rig.vendor.deaf = True
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    result = await rig.connector.read(known(seen))
    assert (result.outcome, result.observed) == (Outcome.OK, None)


async def test_what_is_no_alertmanager_is_nobodys_fault(rig: AlertmanagerRig) -> None:
    wrong = rig.made()
    object.__setattr__(wrong._members[0].caller, "base", f"{rig.vendor.url}/prometheus/api/v2")
    for call in (wrong.apply(wanted(), nothing_known()), wrong.read(nothing_known())):
        result = await call
        assert result.outcome is Outcome.BROKEN
        assert "mend url:" in result.reason
    await wrong.aclose()
    rig.vendor.wrong.clear()


@pytest.mark.parametrize("fault", [Fault.RATE_SECONDS, Fault.BUSY, Fault.LATE_502, Fault.SLOW])
async def test_what_passes_is_tried_again(rig: AlertmanagerRig, fault: Fault) -> None:
    connector = rig.made(timeout="1s")
    rig.vendor.misbehave(fault, "POST", seconds=5.0)
    assert (await connector.apply(wanted(), nothing_known())).outcome is Outcome.RETRY
    await connector.aclose()


async def test_a_refusal_is_said_in_its_own_words(rig: AlertmanagerRig) -> None:
    connector = rig.made(labels={"ok": "yes"})
    labels = {"bad-name": "x", "tocsin_key": KEY}
    seen = await done(connector.apply(wanted(), nothing_known()))
    bad = known(type(seen)(seen.id, seen.state, memo={"labels": labels}))
    result = await connector.apply(wanted(), bad)
    assert result.outcome is Outcome.PERMANENT
    assert 'invalid label set: invalid name "bad-name"' in result.reason
    await connector.aclose()


async def test_a_token_is_sent_as_bearer(rig: AlertmanagerRig) -> None:
    rig.vendor.login = "Bearer carried-token-4711"
    connector = rig.made(user=None, password=None, token="carried-token-4711")
    await done(connector.apply(wanted(), nothing_known()))
    await connector.aclose()


async def test_a_life_is_a_heartbeat_that_outlives_a_loss_of_memory(
    rig: AlertmanagerRig, tmp_path: Path
) -> None:
    rig.vendor.login = None
    async with life(tmp_path, TYPE, url=rig.vendor.url) as lived:
        rig.vendor.now = lived.now
        await lived.breaks(300)
        assert lived.entry.state is Standing.DONE
        assert len([each for each in rig.vendor.writes if each.path.endswith("/alerts")]) >= 4
        (alert,) = rig.vendor.active
        assert alert["labels"]["tocsin_key"] == lived.entry.key
        rig.vendor.forget()
        await lived.passes(120)
        assert [each["labels"] for each in rig.vendor.active] == [alert["labels"]]
        await lived.heals(120)
        assert rig.vendor.active == []
        assert lived.entry.state is Standing.DONE
        sent = len(rig.vendor.writes)
        await lived.passes(600)
        assert len(rig.vendor.writes) == sent
        await lived.breaks(120)
        assert [each["labels"] for each in rig.vendor.active] == [alert["labels"]]


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("url: []", "url"),
        ("url: 'am.example.org:9093'", "expected an address like https://"),
        ("url: 'https://a.example', labels: {'bad-name': x}", "is no name of a label"),
        ("url: 'https://a.example', labels: {service: x}", "is said by the connector itself"),
        ("url: 'https://a.example', user: tocsin", "user: and password: go together"),
        ("url: 'https://a.example', user: u, password: p, token: t", "cannot both be sent"),
        ("url: 'https://a.example', interval: 1h", "interval"),
        ("labels: {a: b}", "url"),
    ],
)
def test_mistakes_are_named_with_their_remedy(tmp_path: Path, written: str, says: str) -> None:
    path = tmp_path / "tocsin.yaml"
    path.write_text(f"services: {{}}\nchannels:\n  am: {{type: alertmanager, {written}}}\n", encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        load(path, all_kinds(), {"alertmanager": TYPE})
    assert says in str(raised.value)
    assert "tocsin.yaml:3:" in str(raised.value)


def test_one_address_is_enough_and_one_in_clear_is_warned_of() -> None:
    options = AlertmanagerOptions.model_validate({"url": "http://127.0.0.1:9093/am/"})
    assert options.url == ("http://127.0.0.1:9093/am",)
    assert options.unwise == ""
    mixed = {"url": ["https://am-1.example.org", "http://am-2.example.org", "http://localhost"]}
    assert "url: is http" in AlertmanagerOptions.model_validate(mixed).unwise
