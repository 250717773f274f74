"""The twelve scenarios in which monitors and ticket systems go wrong, each a test named after it.

Movable time, a real web server, a real store, and a helpdesk that fails the test on any call nobody announced.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.store.reader import reading
from tests.agent.scenarios.street import Daemon, Street, announce, made, street, watched
from tests.agent.test_app import incidents, tickets, uptime
from tests.fakes.helpdesk import Helpdesk
from tests.moving_clock import SECOND, MovingClock

pytestmark = pytest.mark.anyio
WHILE = 900.0
WATCH = 900.0  # the default of `watch_for`


@pytest.fixture
def town() -> Iterator[Street]:
    with street() as town:
        yield town


def web(town: Street, **options: Any) -> dict[str, Any]:
    return {"web": {"criticality": "high", "checks": {"home": town.check("home", **options)}}}


def state(desk: Helpdesk) -> str:
    """How the one ticket over there stands."""
    (ticket,) = desk.tickets.values()
    return str(ticket["state"])


async def test_tracker_unreachable_while_opening(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    announce(desk, "create", "resolve")
    async with watched(tmp_path, desk, web(town)) as daemon:
        desk.close()
        town.broken.add("home")
        await daemon.advance(300)
        assert desk.tickets == {}
        desk.open()
        await daemon.advance(300)
        assert state(desk) == "open"
        town.broken.clear()
        await daemon.advance(120)
        assert state(desk) == "resolved"


async def test_tracker_unreachable_while_closing(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    announce(desk, "create", "resolve")
    async with watched(tmp_path, desk, web(town)) as daemon:
        town.broken.add("home")
        await daemon.advance(120)
        desk.close()
        town.broken.clear()
        await daemon.advance(WHILE)
        assert state(desk) == "open"
        desk.open()
        await daemon.advance(WHILE)
        assert state(desk) == "resolved"


async def test_create_succeeds_and_its_reply_is_lost(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    announce(desk, "create", "resolve")
    async with watched(tmp_path, desk, web(town)) as daemon:
        desk.fault("create", "lose_reply")
        town.broken.add("home")
        await daemon.advance(600)
        assert state(desk) == "open"
        town.broken.clear()
        await daemon.advance(300)
        assert (state(desk), made(desk)) == ("resolved", ["create", "resolve"])


async def test_daemon_killed_between_send_and_save(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    """What lies on the disk once the create was done over there, and nothing of it saved here, goes on."""
    announce(desk, "create", "resolve")
    first = Daemon(tmp_path / "first", desk, web(town))
    async with first:
        await first.advance(60)
        desk.fault("create", "hold_reply")
        town.broken.add("home")
        under_way = asyncio.create_task(first.advance(120))
        while desk.count("create") == 0:
            await asyncio.sleep(0.02)
        left_behind = tmp_path / "first" / "state"
        shutil.copytree(left_behind, tmp_path / "second" / "state", ignore=shutil.ignore_patterns("*.sock"))
        under_way.cancel()
        await asyncio.gather(under_way, return_exceptions=True)
        desk.release()
    async with Daemon(
        tmp_path / "second", desk, web(town), MovingClock(first.clock.now() + 60 * SECOND)
    ) as second:
        await second.advance(900)
        assert state(desk) == "open"
        town.broken.clear()
        await second.advance(300)
        assert (state(desk), made(desk)) == ("resolved", ["create", "resolve"])
    desk.verify()


async def test_human_closes_the_ticket_while_it_still_fails(
    tmp_path: Path, town: Street, desk: Helpdesk
) -> None:
    """By default a person over there is heeded: nothing more is said until it recovers and fails anew."""
    announce(desk, "create", "reopen")
    async with watched(tmp_path, desk, web(town)) as daemon:
        town.broken.add("home")
        await daemon.advance(120)
        desk.human("resolve", 1)
        await daemon.advance(WHILE)
        assert (state(desk), made(desk)) == ("resolved", ["create"])
        town.broken.clear()
        await daemon.advance(300)
        town.broken.add("home")
        await daemon.advance(120)
        assert (state(desk), made(desk)) == ("open", ["create", "reopen"])


async def test_human_renames_and_relabels_the_ticket(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    announce(desk, "create", "resolve")
    async with watched(tmp_path, desk, web(town)) as daemon:
        town.broken.add("home")
        await daemon.advance(120)
        desk.human("rename", 1, title="The disk of web-3")
        desk.human("relabel", 1, labels={"mine": "yes"})
        await daemon.advance(WHILE)
        town.broken.clear()
        await daemon.advance(300)
        (ticket,) = desk.tickets.values()
        assert (ticket["state"], ticket["title"], ticket["labels"]) == (
            "resolved",
            "The disk of web-3",
            {"mine": "yes"},
        )


async def test_check_renamed_in_config(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    announce(desk, "create", "resolve")
    async with watched(tmp_path, desk, web(town)) as daemon:
        town.broken.add("home")
        await daemon.advance(120)
        await daemon.reload(
            {"web": {"criticality": "high", "checks": {"front": town.check("home", was="home")}}}
        )
        await daemon.advance(WHILE)
        (incident,) = incidents(daemon)
        assert (incident.rule, incident.state) == ("front", "open")
        town.broken.clear()
        await daemon.advance(300)
        assert (state(desk), made(desk)) == ("resolved", ["create", "resolve"])


async def test_problem_before_maintenance_recovers_inside(
    tmp_path: Path, town: Street, desk: Helpdesk
) -> None:
    announce(desk, "create", "resolve")
    async with watched(tmp_path, desk, web(town)) as daemon:
        town.broken.add("home")
        await daemon.advance(120)
        await daemon.ask("maintenance.add", names=["web"], lasts=WHILE, reason="disks")
        await daemon.advance(600)
        town.broken.clear()
        await daemon.advance(120)
        (incident,), (ticket,) = incidents(daemon), tickets(daemon)
        assert (state(desk), incident.state, ticket.state) == ("resolved", "watching", "resolved")
        await daemon.advance(2 * WHILE)
        assert made(desk) == ["create", "resolve"]


async def test_same_problem_still_failing_after_maintenance(
    tmp_path: Path, town: Street, desk: Helpdesk
) -> None:
    announce(desk, "create")
    async with watched(tmp_path, desk, web(town)) as daemon:
        town.broken.add("home")
        await daemon.advance(120)
        before = list(desk.tickets[1]["comments"])
        await daemon.ask("maintenance.add", names=["web"], lasts=WHILE, reason="disks")
        await daemon.advance(2 * WHILE)
        (incident,) = incidents(daemon)
        assert (incident.state, incident.reopened, state(desk)) == ("open", 0, "open")
        assert desk.tickets[1]["comments"] == before, "nothing is said a second time"


async def test_problem_that_begins_in_maintenance_and_lasts_opens_at_its_end(
    tmp_path: Path, town: Street, desk: Helpdesk
) -> None:
    announce(desk, "create")
    async with watched(tmp_path, desk, web(town)) as daemon:
        await daemon.ask("maintenance.add", names=["web"], lasts=WHILE, reason="disks")
        ends = daemon.clock.now() + round(WHILE) * SECOND
        await daemon.advance(600)
        town.broken.add("home")
        await daemon.advance(WHILE - 700)
        assert desk.tickets == {}
        await daemon.advance(200)
        (incident,) = incidents(daemon)
        assert (incident.opened_at, state(desk)) == (ends, "open")


async def test_fifty_children_of_one_dead_host(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    announce(desk, "create", "resolve")
    names = [f"s{number:02}" for number in range(50)]
    services: dict[str, Any] = {
        name: {"depends_on": "host", "checks": {"web": town.check(name)}} for name in names
    }
    services["host"] = {"checks": {"ping": town.check("host")}}
    async with watched(tmp_path, desk, services) as daemon:
        town.broken |= {*names, "host"}
        await daemon.advance(180)
        (incident,) = incidents(daemon)
        assert (incident.service, incident.state) == ("host", "open")
        with reading(daemon.directory / "state", "test") as store:
            members = store.decisions().members({incident.id})[incident.id]
        assert {each.service for each in members} == {"host", *names}
        (ticket,) = desk.tickets.values()
        said = ticket["description"] + "".join(each["text"] for each in ticket["comments"])
        assert "50" in said
        town.broken.clear()
        await daemon.advance(300)
        assert (state(desk), made(desk)) == ("resolved", ["create", "resolve"])
        await daemon.advance(1200)
        assert [each.state for each in incidents(daemon)] == ["resolved"]
        assert dict(daemon.app.pipeline.world.problems) == {}


async def test_flap_every_two_minutes_for_an_hour(tmp_path: Path, town: Street, desk: Helpdesk) -> None:
    """One ticket; it is resolved and comes back twice, then it is known for flapping until it keeps well."""
    announce(desk, "create", "resolve", "reopen", "resolve", "reopen", "resolve")
    async with watched(tmp_path, desk, web(town)) as daemon:
        for _ in range(15):
            town.broken.add("home")
            await daemon.advance(120)
            town.broken.clear()
            last_good = daemon.clock.now()
            await daemon.advance(120)
        assert len(desk.tickets) == len(tickets(daemon)) == len(incidents(daemon)) == 1
        assert state(desk) == "open"
        assert len(desk.tickets[1]["comments"]) <= 10
        await daemon.advance(1500)
        assert state(desk) == "resolved"
        (incident,) = incidents(daemon)
        assert incident.resolved_at is not None
        assert 0 <= incident.resolved_at - last_good < 31 * SECOND, "back-dated, however long it was doubted"
        await daemon.advance(WATCH)
        (incident,) = incidents(daemon)
        assert incident.state == "resolved"
        assert abs(float(uptime(daemon)["seconds"]["down"]) - 15 * 120) < 15 * 30


@pytest.mark.parametrize("still_broken", [True, False])
async def test_monitor_off_twelve_hours(
    tmp_path: Path, town: Street, desk: Helpdesk, still_broken: bool
) -> None:
    """Twelve hours are unknown, not down and not up; the ticket from before goes on, or ends with the first look."""
    announce(desk, *["create"], *([] if still_broken else ["resolve"]))
    daemon = Daemon(tmp_path, desk, web(town))
    async with daemon:
        await daemon.advance(60)
        town.broken.add("home")
        await daemon.advance(120)
    (before,) = incidents(daemon)
    back = daemon.clock.now() + 12 * 3600 * SECOND
    if not still_broken:
        town.broken.clear()
    async with Daemon(tmp_path, desk, web(town), MovingClock(back)) as again:
        await again.advance(300)
        (incident,) = incidents(again)
        assert (incident.id, incident.opened_at) == (before.id, before.opened_at)
        assert len(desk.tickets) == len(tickets(again)) == 1
        assert state(desk) == ("open" if still_broken else "resolved")
        seconds = uptime(again)["seconds"]
        assert 12 * 3600 <= float(seconds["unknown"]) <= 12 * 3600 + 60
        if not still_broken:
            assert incident.resolved_at is not None
            assert incident.resolved_at >= back
            assert float(seconds["down"]) <= 125
    desk.verify()
