"""Planned work and silences from the page: shown before they are made, and only for what one sees."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio
TEAMS = {"web": {"members": [{"name": "Agent One", "email": "one@example.org"}]}, "infra": {"title": "Infra"}}
ASKED = "service=shop&from=2027-03-01T10:00&to=2027-03-01T12:00&reason=%3Cdisks%3E"


def services(town: Any) -> dict[str, Any]:
    return {
        "shop": {"team": "web", "checks": {"site": town.check("shop")}},
        "mail": {"team": "infra", "checks": {"site": town.check("mail")}},
    }


def fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))


async def planned(there: House, what: str = "work") -> None:
    page = (await there.get(f"/maintenance/preview?{ASKED}&what={what}")).text
    assert "shop.site" in page
    sent = {name: value.replace("&lt;", "<").replace("&gt;", ">") for name, value in fields(page).items()}
    assert (await there.post("/maintenance/add", sent)).status_code == 303


@pytest.mark.parametrize(("what", "name"), [("work", "M-1"), ("silence", "S-1")])
async def test_what_was_shown_is_made_and_can_be_called_off(tmp_path: Path, what: str, name: str) -> None:
    with street() as town:
        async with house(tmp_path, services(town), teams=TEAMS) as there:
            await there.advance(61)
            await planned(there, what)
            page = (await there.get("/maintenance")).text
            assert name in page
            assert "&lt;disks&gt;" in page
            assert "Call off" in page
            answer = await there.post("/maintenance/end", {"id": name, "state": "planned"})
            assert answer.status_code == 303
            assert "Call off" not in (await there.get("/maintenance")).text


@pytest.mark.parametrize(
    "query",
    [
        "service=shop&from=2027-03-01T12:00&to=2027-03-01T10:00&reason=x",
        "from=2027-03-01T10:00&to=2027-03-01T12:00&reason=x",
        "service=shop&from=tomorrow&to=2027-03-01T12:00",
        "service=nothing&from=2027-03-01T10:00&to=2027-03-01T12:00",
    ],
)
async def test_what_cannot_be_is_said(tmp_path: Path, query: str) -> None:
    with street() as town:
        async with house(tmp_path, services(town), teams=TEAMS) as there:
            answer = await there.get(f"/maintenance/preview?{query}")
            assert answer.status_code == 400
            assert 'role="alert"' in answer.text


async def test_what_is_of_other_teams_is_neither_shown_nor_ended(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), teams=TEAMS) as there:
            await there.advance(61)
            await planned(there)
            await there.as_(Role.MANAGER, "two", frozenset({"infra"}))
            assert "M-1" not in (await there.get("/maintenance")).text
            assert (
                await there.post("/maintenance/end", {"id": "M-1", "state": "planned"})
            ).status_code == 409
            form = {"service": "shop", "start": "1900000000000000", "end": "1900003600000000", "reason": "x"}
            assert (await there.post("/maintenance/add", form)).status_code == 409
