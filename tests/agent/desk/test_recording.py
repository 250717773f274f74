"""Root cause records on a running desk: asked for before closing, written once, their actions reminded of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.commands import asked_of_desk
from agent.control import Refused
from alerting.connectors.registry import all_connectors
from tests.moving_clock import Driven
from tests.site import Site

pytestmark = pytest.mark.anyio
HOUR = 3600.0
TEAMS = {
    "web": {"lead": "lead@example.org", "members": [{"name": "Agent One", "email": "one@example.org"}]},
}
RECORD = {"cause": "full disk", "factors": ["no alert"], "fix": "cleared", "prevention": "alert at 80 %"}


# Nothing listens there: notices stay in the outbox, where tests look at them.
CHANNELS: dict[str, Any] = {
    "channels": {
        "mail": {"type": "email", "server": "127.0.0.1:1", "tls": "none", "from": "desk@example.org"},
    },
}


class Telling(Driven):
    """An app that knows our own channels."""

    connectors = all_connectors()


def shop(site: Site, criticality: str = "critical") -> dict[str, object]:
    home = {"type": "http", "url": site.url, "every": "10s", "confirm": 1, "recover": 1}
    return {"shop": {"criticality": criticality, "team": "web", "checks": {"home": home}}}


async def ask(driven: Driven, verb: str, **arguments: Any) -> Any:
    asked = {"verb": verb, "arguments": arguments}
    return await asked_of_desk(driven.app.pipeline, asked, "root", driven.clock.now())


async def fail_once(driven: Driven, site: Site) -> None:
    """The site is down for a minute."""
    site.status = 500
    await driven.advance(60)
    site.status = 200
    await driven.advance(60)


def told(driven: Driven, number: int, what: str) -> list[str]:
    """Lines of a ticket's timeline, as they are stored."""
    from agent.store.reader import reading

    with reading(driven.directory / "state", "test") as store:
        return [each.text for each in store.timeline(number) if each.what == what]


async def test_a_critical_ticket_is_closed_with_a_record_only(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, shop(site), teams=TEAMS) as driven:
            await fail_once(driven, site)
            with pytest.raises(
                Refused, match=r"T-1 is critical.*cause, factors, fix, prevention missing.*rca T-1"
            ):
                await ask(driven, "tickets.close", ticket=1)
            await driven.advance(2 * HOUR)
            assert driven.app.pipeline.world.tickets[1].state.value == "resolved"
            document = await ask(driven, "tickets.rca", ticket=1, **RECORD)
            assert (document["needed"], document["missing"]) == (True, [])
            assert "documented" in driven.app.pipeline.world.tickets[1].stamps
            await driven.advance(60)
            assert driven.app.pipeline.world.tickets[1].state.value == "closed"


async def test_whoever_has_it_is_reminded_until_the_record_is_there(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, shop(site), teams=TEAMS) as driven:
            await fail_once(driven, site)
            assert not told(driven, 1, "root_cause")
            driven.clock.move(HOUR)
            await driven.advance(30)
            assert len(told(driven, 1, "root_cause")) == 1
            driven.clock.move(25 * HOUR)
            await driven.advance(30)
            assert len(told(driven, 1, "root_cause")) == 2
            await ask(driven, "tickets.rca", ticket=1, **RECORD)
            driven.clock.move(200 * HOUR)
            await driven.advance(30)
            assert sum("missing" in line for line in told(driven, 1, "root_cause")) == 2


async def test_after_an_absence_there_is_one_reminder_not_each_that_was_left_out(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, shop(site), teams=TEAMS) as driven:
            await fail_once(driven, site)
            driven.clock.move(4 * 24 * HOUR)
            await driven.advance(30)
            assert len(told(driven, 1, "root_cause")) == 1
            driven.clock.move(4 * 24 * HOUR)
            await driven.advance(30)
            assert len(told(driven, 1, "root_cause")) == 2


async def test_the_reminders_of_one_that_comes_and_goes_do_not_pile_up(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, shop(site), teams=TEAMS) as driven:
            for _ in range(3):
                await fail_once(driven, site)
                driven.clock.move(2 * HOUR)
                await driven.advance(30)
            assert driven.app.pipeline.world.tickets[1].reopened == 2
            assert len(told(driven, 1, "root_cause")) == 1


async def test_what_comes_back_as_a_new_ticket_is_known_to_have_come_back(tmp_path: Path) -> None:
    with Site() as site:
        async with Driven(tmp_path, shop(site, "medium"), teams=TEAMS) as driven:
            await fail_once(driven, site)
            await driven.advance(1200)
            driven.clock.move(30 * HOUR)
            await driven.advance(30)
            await fail_once(driven, site)
            assert set(driven.app.pipeline.world.tickets) >= {2}
            with pytest.raises(Refused, match="T-2 came back after T-1"):
                await ask(driven, "tickets.close", ticket=2)
            document = await ask(driven, "tickets.rca", ticket=1)
            assert not document["needed"]


async def test_an_action_of_a_closed_ticket_is_reminded_of_on_its_day_over_a_restart(tmp_path: Path) -> None:
    with Site() as site:
        async with Telling(tmp_path, shop(site, "medium"), teams=TEAMS, **CHANNELS) as driven:
            await fail_once(driven, site)
            actions = ["Renew earlier;Agent One;2027-01-20", "Ask the vendor;Agent One;2027-01-20"]
            await ask(driven, "tickets.rca", ticket=1, **RECORD, actions=actions)
            await ask(driven, "tickets.rca", ticket=1, done=2)
            await driven.advance(1200)
            await driven.advance(30)
            assert driven.app.pipeline.world.tickets[1].state.value == "closed"
            clock = driven.clock
        async with Telling(tmp_path, shop(site, "medium"), clock, teams=TEAMS, **CHANNELS) as driven:
            # From Friday the 15th at eight to Tuesday, and into Wednesday the 20th.
            driven.clock.move(4 * 24 * HOUR)
            await driven.advance(30)
            assert not [line for line in told(driven, 1, "root_cause") if "due" in line]
            driven.clock.move(24 * HOUR)
            await driven.advance(30)
            due = [line for line in told(driven, 1, "root_cause") if "due" in line]
            assert due == [
                "follow-up action due: Renew earlier (Agent One); told: Agent One, lead@example.org"
            ]


@pytest.mark.parametrize(
    ("arguments", "why", "usage"),
    [
        ({"kind": "magic"}, "unknown", True),
        ({"actions": ["x"]}, "TEXT;OWNER;DATE", True),
        ({"actions": "x"}, "list", True),
        ({"factors": [7]}, "list", True),
        ({"factors": [""]}, "missing", True),
        ({"cause": "x" * 20_001}, "at most", True),
        ({"done": 1}, "no action 1", True),
        ({"cause": "x", "version": 0}, "changed meanwhile", False),
    ],
)
async def test_nonsense_is_refused_with_its_reason(
    tmp_path: Path, arguments: dict[str, Any], why: str, usage: bool
) -> None:
    async with Driven(tmp_path, {}, teams=TEAMS) as driven:
        await ask(driven, "tickets.open", title="Slow")
        with pytest.raises(Refused, match=why) as refused:
            await ask(driven, "tickets.rca", ticket=1, **arguments)
        assert refused.value.usage is usage
