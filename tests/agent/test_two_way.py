"""Doubts, twins and people: what becomes of a ticket where two sides, or two calls, did something at the same time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent.memory import Draft
from agent.outbox import Word
from alerting.connectors.base import ConnectorType, Result
from alerting.messages import Known, Observed, RemoteState, Todo
from alerting.outgoing import Standing, leased
from tests.agent.test_delivery import Case, Delivering, running
from tests.fakes.connector import TYPE, Fakedesk, FakedeskOptions
from tests.fakes.helpdesk import Helpdesk
from tests.site import Site

pytestmark = pytest.mark.anyio


class TwinEnding(Fakedesk):
    """One that finds all tickets of a key, and ends those that are too many."""

    async def twins(self, known: Known) -> tuple[Result, Sequence[Observed]]:
        found = []
        for each in await self._call("GET", f"/tickets?key={known.key}"):
            found.append(Observed(str(each["id"]), RemoteState(each["state"]), key=each["key"]))
        return Result.ok(), found

    async def end_twin(self, twin: Observed, kept: Observed) -> Result:
        await self._call("POST", f"/tickets/{twin.id}/comment", {"id": "", "text": f"{kept.id} goes on"})
        await self._call("POST", f"/tickets/{twin.id}/resolve", {})
        return Result.ok()


def states(desk: Helpdesk) -> list[str]:
    return [each["state"] for each in desk.tickets.values()]


async def test_a_twin_that_comes_to_light_late_is_ended(
    tmp_path: Path, site: Site, desk: Helpdesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = ConnectorType(TYPE.name, "", FakedeskOptions, TwinEnding)
    monkeypatch.setattr(Delivering, "connectors", {TYPE.name: kind})
    desk.expect("create", times=2)
    desk.expect("comment", id="")
    desk.expect("resolve")
    desk.lag = 120  # its vendor says 20
    desk.fault("create", "lose_reply")
    async with running(tmp_path, site, desk, lag=20) as case:
        await case.breaks(60)
        assert states(desk) == ["open", "open"]
        await case.passes(600)
        assert states(desk) == ["resolved", "open"]
        assert [each["text"] for each in desk.tickets[1]["comments"]] == ["2 goes on"]
        assert (case.entry.state, case.entry.twins_at) == (Standing.DONE, None)
        assert case.ours == "new"


async def test_asking_to_try_again_makes_no_second_ticket_while_the_search_lags(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    desk.lag = 100
    desk.fault("create", "lose_reply")
    async with running(tmp_path, site, desk, lag=120) as case:
        await case.breaks(30)
        assert case.entry.state is Standing.DOUBT
        await case.driven.app.delivery.follow(Word("jo", case.entry.key))
        await case.passes(20)
        assert (case.entry.state, desk.count("create")) == (Standing.DOUBT, 1)
        await case.passes(200)
        assert (case.entry.state, case.entry.observed and case.entry.observed.id) == (Standing.DONE, "1")


async def test_a_call_that_nobody_has_in_hand_any_more_is_looked_into(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()

        def lose(draft: Draft) -> None:
            entry, now = case.entry, case.driven.clock.now()
            draft.outbox.put(("desk", entry.key), leased(entry, Todo(), now, 60))

        await case.driven.app.pipeline.change(lose)
        await case.passes(60)
        assert standing(case) is Standing.LEASED
        await case.passes(120)
        assert standing(case) is Standing.DONE


async def test_a_ticket_that_is_closed_there_and_has_open_parts_here_is_resolved(
    tmp_path: Path, site: Site, desk: Helpdesk
) -> None:
    desk.expect("create")
    async with running(tmp_path, site, desk) as case:
        await case.breaks()

        def divide(draft: Draft) -> None:
            ticket = draft.tickets.get(1)
            assert ticket is not None
            draft.tickets.put(2, replace(ticket, number=2))
            draft.tickets.put(1, replace(ticket, children=(2,)))

        await case.driven.app.pipeline.change(divide)
        desk.human("close", 1)
        await case.passes(120)
        assert case.ours == "resolved"
        assert standing(case) is Standing.DONE


def standing(case: Case) -> Standing:
    return case.entry.state
