"""Verifying: the checks behind a ticket are really looked at, and what they say stands on the ticket."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agent.control import Refused, ask
from agent.desk.verifying import outcome
from alerting.desk.ticket import Ticket, TicketState
from tests.moving_clock import Driven
from tests.site import Site

pytestmark = pytest.mark.anyio


def services(site: Site) -> dict[str, object]:
    home = {"type": "http", "url": site.url, "every": "10s", "confirm": 1, "recover": 1}
    return {"shop": {"checks": {"home": home, "cart": dict(home)}}, "empty": {"checks": {}}}


def opened(number: int, check: str, service: str = "shop") -> Ticket:
    return Ticket(number, service, check, TicketState.RESOLVED, "low", "low", "Slow", "", 0, {})


async def verify(driven: Driven, number: int) -> Any:
    return await asyncio.to_thread(ask, driven.directory / "state", "tickets.verify", ticket=number)


@pytest.mark.parametrize(
    ("statuses", "whole", "found"),
    [
        (["ok", "ok"], True, "good"),
        (["ok", "down"], True, "failing"),
        (["degraded"], True, "failing"),
        (["ok", "unknown"], True, "unknown"),
        (["ok"], False, "unknown"),
        (["down"], False, "failing"),
        ([], True, "unknown"),
    ],
)
def test_only_when_all_are_well_it_is_good(statuses: list[str], whole: bool, found: str) -> None:
    assert outcome(statuses, all_looked_at=whole) == found


async def test_its_own_check_is_looked_at_now_and_the_outcome_kept(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, services(site)) as driven:
            pipeline = driven.app.pipeline
            await pipeline.change(lambda draft: draft.tickets.put(1, opened(1, "home")))
            seen = site.seen
            told = await verify(driven, 1)
            assert (told["outcome"], list(told["readings"])) == ("good", ["shop.home"])
            assert site.seen == seen + 1
            assert pipeline.world.tickets[1].stamps["verified"] == driven.clock.now()
            site.status = 500
            assert (await verify(driven, 1))["outcome"] == "failing"


async def test_without_a_check_of_its_own_all_of_its_service_are_looked_at(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, services(site)) as driven:
            await driven.app.pipeline.change(lambda draft: draft.tickets.put(1, opened(1, "")))
            assert set((await verify(driven, 1))["readings"]) == {"shop.home", "shop.cart"}


async def test_what_cannot_be_verified_is_refused_with_the_reason(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, services(site)) as driven:
            await driven.app.pipeline.change(lambda draft: draft.tickets.put(1, opened(1, "", "")))
            with pytest.raises(Refused, match="no check stands behind T-1"):
                await verify(driven, 1)
            with pytest.raises(Refused, match="there is no ticket T-5"):
                await verify(driven, 5)
