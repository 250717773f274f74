"""The first page: what is wrong stands first, and nobody sees what is not theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.rig import house

pytestmark = pytest.mark.anyio
TEAMS = {"web": {"members": [{"name": "Agent One", "email": "one@example.org"}]}, "infra": {"title": "Infra"}}


def services(town: Any) -> dict[str, Any]:
    return {
        "shop": {"title": "Shop <i>", "team": "web", "checks": {"site": town.check("shop")}},
        "mail": {"team": "infra", "checks": {"site": town.check("mail")}},
    }


async def test_what_is_wrong_is_said_first_with_its_ticket(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), teams=TEAMS) as there:
            await there.advance(61)
            town.broken.add("shop")
            await there.advance(90)
            page = (await there.get("/")).text
            assert "<b>1</b> down" in page
            assert "T-1" in page
            assert page.index("Shop &lt;i&gt;</a></th>") < page.index(">mail</a></th>")


async def test_services_of_other_teams_are_not_there(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=None, teams=TEAMS) as there:
            await there.as_(Role.AGENT, "two", frozenset({"infra"}))
            town.broken |= {"shop", "mail"}
            await there.advance(120)
            page = (await there.get("/")).text
            assert "shop" not in page.casefold()
            assert "mail.site" in page
            assert (await there.get("/services/shop")).status_code == 404
            assert (await there.get("/services/mail")).status_code == 200


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ("search=SHOP", {"shop"}),
        ("team=infra", {"mail"}),
        ("state=up", {"shop", "mail", "tocsin"}),
        ("page=99999999999", {"shop", "mail", "tocsin"}),
        ("search=%22%3E", set()),
    ],
)
async def test_the_list_is_filtered(tmp_path: Path, query: str, listed: set[str]) -> None:
    with street() as town:
        async with house(tmp_path, services(town), teams=TEAMS) as there:
            await there.advance(61)
            page = (await there.get(f"/?{query}")).text
            assert {name for name in ("shop", "mail", "tocsin") if f'data-service="{name}"' in page} == listed


async def test_a_long_list_comes_a_page_at_a_time(tmp_path: Path) -> None:
    many = {f"s{number:03}": {"checks": {"root": {"type": "disk", "path": "/"}}} for number in range(230)}
    async with house(tmp_path, many) as there:
        first, last = await there.get("/"), await there.get("/?page=3")
        assert first.text.count("data-service=") == 100
        assert last.text.count("data-service=") == 31
        assert len(first.content) < 100_000
        assert 'href="?page=2"' in first.text
