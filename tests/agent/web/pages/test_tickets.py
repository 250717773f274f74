"""The queue, a ticket and incidents: what may be done, by whom, and what two at once make of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio
EVIL = "<script>alert(1)</script>"
TEAMS = {
    "web": {"members": [{"name": "Agent One", "login": "agent", "email": "one@example.org", "tier": 1}]},
    "infra": {"title": "Infra"},
}


def services(town: Any) -> dict[str, Any]:
    return {
        "shop": {"title": "Shop", "team": "web", "checks": {"site": town.check("shop")}},
        "mail": {"team": "infra", "checks": {"site": town.check("mail")}},
    }


async def broken(there: House, town: Any, *names: str) -> None:
    await there.advance(61)
    town.broken |= set(names)
    await there.advance(90)


async def do(there: House, verb: str, **fields: str) -> int:
    return (await there.post("/tickets/T-1", {"verb": verb, **fields})).status_code


async def test_a_morning_at_the_desk(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=Role.AGENT, teams=TEAMS) as there:
            await broken(there, town, "shop")
            page = (await there.get("/tickets?tab=open")).text
            assert 'data-ticket="T-1"' in page
            assert await do(there, "take") == 303
            assert 'data-ticket="T-1"' in (await there.get("/tickets?tab=mine")).text
            assert await do(there, "note", text=f"looked at {EVIL}\nsecond line") == 303
            page = (await there.get("/tickets/T-1")).text
            assert "acknowledged" in page
            assert "looked at &lt;script&gt;alert(1)&lt;/script&gt;\nsecond line" in page
            assert await do(there, "resolve", note="restarted it") == 303
            assert "restarted it" in (await there.get("/tickets/T-1")).text
            assert 'data-ticket="T-1"' not in (await there.get("/tickets?tab=open")).text
            assert 'data-ticket="T-1"' in (await there.get("/tickets?tab=all&state=resolved")).text


async def test_what_cannot_be_done_is_said_and_the_text_is_kept(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=Role.AGENT, teams=TEAMS) as there:
            await broken(there, town, "shop")
            version = str(there.app.pipeline.world.tickets[1].version)
            assert await do(there, "take") == 303
            answer = await there.post(
                "/tickets/T-1", {"verb": "resolve", "version": version, "note": "my words"}
            )
            assert answer.status_code == 409
            assert "was changed meanwhile" in answer.text
            assert "my words" in answer.text
            for wrong in ({"verb": "explode"}, {"verb": "reopen"}, {"verb": "note", "text": " "}):
                assert (await there.post("/tickets/T-1", wrong)).status_code == 409


async def test_tickets_of_other_teams_are_not_there(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=None, teams=TEAMS) as there:
            await there.as_(Role.AGENT, "two", frozenset({"infra"}))
            await broken(there, town, "shop", "mail")
            theirs = next(
                each for each in there.app.pipeline.world.tickets.values() if each.service == "shop"
            )
            page = (await there.get("/tickets?tab=all")).text
            assert f'data-ticket="{theirs.id}"' not in page
            assert page.count("data-ticket=") == 1
            assert (await there.get(f"/tickets/{theirs.id}")).status_code == 404
            answer = await there.post(f"/tickets/{theirs.id}", {"verb": "note", "text": "mine"})
            assert answer.status_code == 404
            assert "shop" not in (await there.get("/incidents")).text
            incident = next(
                each for each in there.app.pipeline.world.incidents.values() if each.service == "shop"
            )
            assert (await there.get(f"/incidents/{incident.id}")).status_code == 404


async def test_viewers_look(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=Role.VIEWER, teams=TEAMS) as there:
            await broken(there, town, "shop")
            assert (
                "<form method"
                not in (await there.get("/tickets/T-1")).text.partition("</main>")[0].partition("<main")[2]
            )
            assert await do(there, "take") == 403


async def test_a_ticket_is_opened_by_hand(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=Role.AGENT, teams=TEAMS) as there:
            await there.advance(61)
            told = {"title": f"Cannot log in {EVIL}", "service": "shop", "reporter": "A caller"}
            answer = await there.post("/tickets/new", told)
            assert answer.status_code == 303
            page = (await there.get(answer.headers["location"])).text
            assert "Cannot log in &lt;script&gt;" in page
            assert EVIL not in page
            wrong = await there.post("/tickets/new", {"title": " ", "description": "kept words"})
            assert (wrong.status_code, "kept words" in wrong.text) == (400, True)


async def test_an_incident_says_what_belongs_to_it_and_what_was_decided(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), teams=TEAMS) as there:
            await broken(there, town, "shop")
            assert "shop.site" in (await there.get("/incidents?state=open")).text
            page = (await there.get("/incidents/1")).text
            assert "What was decided" in page
            assert "T-1" in page
            for path in ("/incidents/99", "/incidents/x", "/tickets/T-99", "/tickets/x"):
                assert (await there.get(path)).status_code == 404
