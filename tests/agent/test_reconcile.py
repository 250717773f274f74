"""Our tickets against those of a real helpdesk over HTTP: differences are told, and mended where a person says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from agent.check_ups import NoSuchDesk
from agent.reconcile import next_night
from alerting.connectors.base import ConnectorType, Result
from alerting.messages import Known, Observed, RemoteState
from alerting.outgoing import Standing
from tests.agent.test_delivery import Case, Delivering, life, running
from tests.fakes.connector import TYPE, Fakedesk, FakedeskOptions
from tests.fakes.helpdesk import Helpdesk
from tests.moving_clock import START
from tests.site import Site

pytestmark = pytest.mark.anyio
_HOUR, _DAY = 3600, 86_400
_SECOND = 1_000_000


async def compared(case: Case, *, fix: bool = False) -> dict[str, Any]:
    told = await case.driven.app.reconciler.compare("desk", by="jo", fix=fix)
    assert told["helpdesk"] == "desk"
    return told


def sorts(told: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(each["sort"], each["remote"]) for each in told["differences"]]


async def test_what_is_as_it_should_be_is_no_difference(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    life(desk)
    async with running(tmp_path, site, desk) as case:
        assert (await compared(case))["differences"] == []
        await case.breaks()
        told = await compared(case)
        assert (told["complete"], told["ours"], told["listed"], told["differences"]) == (True, 1, 1, [])
        await case.heals()
        assert (await compared(case, fix=True))["differences"] == []


async def test_one_that_was_deleted_there_is_missing_and_made_anew(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create", times=2)
    async with running(tmp_path, site, desk, poll_every="1h") as case:
        await case.breaks()
        desk.human("delete", 1)
        assert sorts(await compared(case)) == [("missing", None)]
        assert desk.tickets == {}
        told = await compared(case, fix=True)
        assert told["differences"][0]["mended"] == "a new one is made there"
        await case.passes(10)
        assert (case.only["state"], case.entry.state) == ("open", Standing.DONE)
        assert case.only["follows"] == "1"
        assert (await compared(case))["differences"] == []


async def test_another_one_of_the_key_takes_the_place_of_a_missing_one(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk, poll_every="1h") as case:
        await case.breaks()
        desk.tickets[5] = {**desk.tickets.pop(1), "id": 5}
        assert sorts(await compared(case, fix=True)) == [("missing", "5")]
        await case.passes(10)
        assert (case.entry.observed and case.entry.observed.id, case.entry.state) == ("5", Standing.DONE)
        assert (await compared(case))["differences"] == []


async def test_one_that_was_refused_is_tried_again(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create", times=2)
    desk.fault("create", "refused")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        assert case.entry.state is Standing.PARKED
        (told,) = (await compared(case, fix=True))["differences"]
        assert (told["sort"], told["ticket"], told["why"]) == ("missing", "T-1", "HTTP 422")
        await case.passes(60)
        assert (case.only["state"], case.entry.state) == ("open", Standing.DONE)


async def test_one_that_was_refused_is_looked_for_before_it_is_made(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    desk.fault("create", "refused")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()
        key = case.entry.key
        desk.tickets[7] = {"id": 7, "key": key, "state": "resolved", "comments": [], "created": 0.0}
        (told,) = (await compared(case, fix=True))["differences"]
        assert (told["sort"], told["mended"]) == ("missing", "it is tried again")
        await case.passes(60)
        assert (list(desk.tickets), case.ours) == ([7], "resolved")


async def test_what_a_person_ended_there_is_taken_in(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk, poll_every="12h") as case:
        await case.breaks()
        desk.human("resolve", 1)
        told = await compared(case)
        assert sorts(told) == [("state", "1")]
        assert told["differences"][0]["why"] == "resolved there, open here"
        await case.passes(60)
        assert case.ours != "resolved"
        await compared(case, fix=True)
        await case.passes(10)
        assert case.ours == "resolved"
        assert (await compared(case))["differences"] == []


async def test_one_that_is_over_here_and_forgotten_is_ended_there_with_a_note(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    life(desk)
    async with running(tmp_path, site, desk, poll_every="1h") as case:
        await case.breaks()
        await case.heals()
        world = case.driven.app.pipeline.world
        world.tickets.clear()
        world.outbox.clear()  # as long after: what is over and was delivered is in the store alone
        desk.human("reopen", 1)
        assert sorts(await compared(case)) == [("orphan", "1")]
        assert case.only["state"] == "open"
        desk.expect("resolve")
        await compared(case, fix=True)
        await case.passes(10)
        assert case.only["state"] == "resolved"
        assert case.only["comments"][-1]["text"] == "T-1 is over, and this one was left open"
        assert (await compared(case))["differences"] == []


async def test_one_that_was_never_ended_there_is_ended(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    life(desk)
    async with running(tmp_path, site, desk, poll_every="1h") as case:
        await case.breaks()
        await case.heals()
        desk.tickets[1]["state"] = "open"
        entry = case.entry
        assert entry.observed is not None
        unheard = replace(entry, observed=replace(entry.observed, state=RemoteState.OPEN))
        case.driven.app.pipeline.world.outbox["desk", entry.key] = unheard
        told = await compared(case)
        assert (sorts(told), told["differences"][0]["why"]) == (
            [("state", "1")],
            "still open there, over here",
        )
        desk.expect("resolve")
        await compared(case, fix=True)
        await case.passes(10)
        assert (case.only["state"], case.ours) == ("resolved", "resolved")
        assert (await compared(case))["differences"] == []


class TwinEnding(Fakedesk):
    """One that ends twins as well."""

    async def twins(self, _known: Known) -> tuple[Result, Sequence[Observed]]:
        return Result.ok(), ()

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        await self._call("POST", f"/tickets/{twin.id}/comment", {"id": "", "text": f"{kept.id} goes on"})
        await self._call("POST", f"/tickets/{twin.id}/resolve", {})
        return Result.ok()


@pytest.mark.parametrize("ends", [True, False])
async def test_a_twin_is_ended_with_a_note_where_that_can_be_done(
    tmp_path: Path, site: Site, desk: Helpdesk, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    desk.expect("create")
    if ends:
        desk.expect("comment", id="")
        desk.expect("resolve")
        kind = ConnectorType(TYPE.name, "", FakedeskOptions, TwinEnding)
        monkeypatch.setattr(Delivering, "connectors", {TYPE.name: kind})
    async with running(tmp_path, site, desk, poll_every="1h") as case:
        await case.breaks()
        desk.tickets[8] = {**desk.tickets[1], "id": 8, "comments": []}
        (told,) = (await compared(case, fix=True))["differences"]
        assert (told["sort"], told["remote"], bool(told["mended"])) == ("twin", "8", ends)
        await case.passes(10)
        states = [desk.tickets[number]["state"] for number in (1, 8)]
        assert states == ["open", "resolved" if ends else "open"]
        assert [each["text"] for each in desk.tickets[8]["comments"]] == (["1 goes on"] if ends else [])


@pytest.mark.parametrize("key", ["toc-" + "f" * 32, "toc-\x1b[31m", None])
async def test_what_does_not_carry_a_key_made_here_is_never_touched(
    tmp_path: Path, site: Site, desk: Helpdesk, key: str | None
) -> None:
    async with running(tmp_path, site, desk) as case:
        fresh: dict[str, Any] = {"id": 9, "key": key, "state": "open", "comments": [], "created": 0.0}
        desk.tickets[9] = {**fresh}
        told = await compared(case, fix=True)
        assert sorts(told) == ([("stranger", "9")] if key else [])
        assert all(each["mended"] is None for each in told["differences"])
        assert "\x1b" not in "".join(each["key"] for each in told["differences"])
        await case.passes(60)
        assert desk.tickets[9] == fresh


async def test_a_helpdesk_that_does_not_answer_is_not_taken_for_an_empty_one(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk, poll_every="1h") as case:
        await case.breaks()
        desk.fault("list", "denied")
        told = await compared(case, fix=True)
        assert (told["complete"], told["note"], told["differences"]) == (False, "HTTP 401", [])
        case.driven.app.delivery.desks["desk"].wake()
        desk.fault("list", "html", times=1)
        told = await compared(case, fix=True)
        assert (told["complete"], told["differences"]) == (False, [])


async def test_one_that_cannot_be_found_when_it_is_read_is_not_taken_for_gone_where_reading_fails(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk, poll_every="1h") as case:
        await case.breaks()
        desk.human("resolve", 1)
        desk.fault("read", "html")
        told = await compared(case, fix=True)
        assert (told["complete"], told["differences"]) == (False, [])


async def test_every_night_each_helpdesk_is_compared_once_and_nothing_is_mended(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk, poll_every="1d") as case:
        await case.breaks()
        desk.human("delete", 1)
        with capture_logs() as logs:
            case.site.close()
            for _ in range(3 * 24):
                case.driven.clock.at += _HOUR * _SECOND
                await case.driven.app.reconciler.turn()
        done = [each for each in logs if each["event"] == "reconcile.done"]
        differs = [each for each in logs if each["event"] == "reconcile.differs"]
        assert [each["helpdesk"] for each in done] == ["desk"] * 3
        assert [(each["sort"], each["ticket"]) for each in differs] == [("missing", "T-1")] * 3
        assert desk.tickets == {}
        case.site.open()


async def test_a_helpdesk_that_is_not_there_is_said(tmp_path: Path, site: Site, desk: Helpdesk) -> None:
    async with running(tmp_path, site, desk) as case:
        with pytest.raises(NoSuchDesk):
            await case.driven.app.reconciler.compare("dsek", by="jo")


@pytest.mark.parametrize("zone", ["UTC", "Africa/Johannesburg", "America/New_York", "Pacific/Auckland"])
def test_each_has_a_moment_of_its_own_at_night(zone: str) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    moments = set()
    for number in range(50):
        at = next_night(START, zone, f"agent desk{number}")
        assert START < at <= START + _DAY * _SECOND + 2 * _HOUR * _SECOND
        local = datetime.fromtimestamp(at / _SECOND, ZoneInfo(zone))
        assert 1 <= local.hour < 5
        later = next_night(at, zone, f"agent desk{number}")
        assert abs(later - at - _DAY * _SECOND) <= _HOUR * _SECOND
        moments.add(local.time())
    assert len(moments) > 40
