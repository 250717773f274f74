"""Redmine where the real one cannot be made to misbehave: lost answers, pages of proxies, rights that change."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from alerting.connectors.base import Connector, Outcome, Setting
from alerting.connectors.redmine import RedmineOptions
from alerting.connectors.redmine_desk import Redmine
from alerting.messages import RemoteState
from tests.alerting.connectors.conformance import (
    OTHER,
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
from tests.fakes import redmine
from tests.fakes.redmine import KEY_FIELD, TWO
from tests.fakes.vendor import Fault

pytestmark = pytest.mark.anyio
OVER = wanted(state="resolved", resolved_at=SINCE + 60_000_000)


class NastyRig(Rig):
    secrets = (redmine.Redmine.token,)
    create = ("POST", r"/issues\.json$")

    def __init__(self) -> None:
        self.vendor: redmine.Redmine = redmine.Redmine()
        self.vendor.now = lambda: SINCE / 1_000_000
        self.vendor.open()
        self.all_made: list[Redmine] = []
        self.connector: Redmine = self.made()

    def made(self, **options: Any) -> Redmine:
        own = {"url": self.vendor.url, "token": self.vendor.token, "project": "ops", "key_field": KEY_FIELD}
        read = RedmineOptions.model_validate({**own, **options})
        self.all_made.append(Redmine(read, Setting("rm", "agent-1", self.vendor.now)))
        return self.all_made[-1]

    async def there(self) -> list[There]:
        return [
            There(
                str(each["id"]),
                each["subject"],
                f"{each['custom_fields']} {each['description']} {each['journals']}",
                each["status"]["is_closed"],
                tuple(said["notes"] for said in each["journals"] if said["notes"]),
                tuple(said["notes"] for said in each["journals"] if not said["private_notes"]),
                each["priority"]["name"],
            )
            for each in self.vendor.state
        ]

    async def human(self, what: str, id: str) -> None:
        match what:
            case "close":
                self.vendor.person(id, status_id=5)
            case "comment":
                self.vendor.person(id, notes="hello from Agent Two")
            case _:
                self.vendor.person(id, assigned_to_id=TWO)

    async def broken(self) -> Connector:
        return self.made(token="revoked-token-0815")


@pytest.fixture
async def rig() -> AsyncIterator[NastyRig]:
    rig = NastyRig()
    yield rig
    for connector in rig.all_made:
        await connector.aclose()
    rig.vendor.close()


class TestContract(Conformance):
    pass


async def test_a_note_that_was_seen_by_all_is_told_and_is_the_last(rig: NastyRig) -> None:
    rig.vendor.tells_roles, rig.vendor.bares = False, True
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    result = await rig.connector.apply(wanted(comments=comments("news"), said=1), known(seen))
    assert result.outcome is Outcome.PERMANENT
    assert "Set notes as private" in result.reason
    before = len(rig.vendor.writes)
    again = await rig.connector.apply(wanted(comments=comments("a", "b")[1:], said=2), known(seen))
    assert again.outcome is Outcome.PERMANENT
    assert rig.vendor.writes[before:] == []


async def test_a_status_that_stays_is_named(rig: NastyRig) -> None:
    rig.vendor.forbids = True
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    result = await rig.connector.apply(OVER, known(seen))
    assert result.outcome is Outcome.PERMANENT
    assert "stays New" in result.reason


async def test_an_answer_that_comes_too_late_is_in_doubt_and_then_found(rig: NastyRig) -> None:
    rig.vendor.misbehave(Fault.SLOW, "POST", seconds=60)
    slow = rig.made(timeout=1)
    assert (await slow.apply(wanted(), nothing_known())).outcome is Outcome.IN_DOUBT
    assert (await done(rig.connector.apply(wanted(), nothing_known()))).id == "1"
    assert len(rig.vendor.state) == 1


async def test_a_key_that_is_taken_away_at_night_says_nothing_of_issues(rig: NastyRig) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    rig.vendor.misbehave(Fault.REVOKED, "GET", "/users/current", times=9)
    for it in (known(seen), nothing_known(OTHER)):
        assert (await rig.connector.read(it)).outcome is Outcome.BROKEN
    rig.vendor.behave()
    rig.vendor.misbehave(Fault.GONE, "GET", r"/issues\.json$", times=9)
    assert (await rig.connector.read(nothing_known())).outcome is Outcome.BROKEN
    rig.vendor.behave()
    rig.vendor.state.clear()
    assert (await done(rig.connector.read(known(seen)))).state is RemoteState.GONE


async def test_half_of_what_was_to_be_said_is_known_when_the_rest_fails(rig: NastyRig) -> None:
    seen = await done(rig.connector.apply(wanted(), nothing_known()))
    two = wanted(comments=comments("first", "second"), said=2)
    rig.vendor.misbehave(Fault.SLOW, "PUT", times=1, seconds=0)
    rig.vendor.misbehave(Fault.BUSY, "PUT", times=9)
    result = await rig.connector.apply(two, known(seen))
    assert result.outcome is Outcome.IN_DOUBT
    assert result.observed is not None
    assert result.observed.comments == (two.comments[0].id,)
