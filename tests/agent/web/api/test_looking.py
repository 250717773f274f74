"""The API that looks: what commands print, for those who may, a page at a time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent.access.person import Role
from agent.clock import Clock
from agent.store.reader import reading
from agent.views.incidents import incidents
from agent.views.services import services as services_view
from tests.agent.scenarios.street import street
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio
TEAMS = {"web": {"members": [{"name": "Agent One", "email": "one@example.org"}]}, "infra": {"title": "Infra"}}
LISTS = (
    "services", "uptime", "incidents", "tickets", "maintenance", "silences", "pauses", "outbox", "changes",
)  # fmt: skip


def services(town: Any) -> dict[str, Any]:
    return {
        "shop": {"title": "Shop", "team": "web", "checks": {"site": town.check("shop")}},
        "mail": {"team": "infra", "checks": {"site": town.check("mail")}},
    }


async def ask(there: House, path: str, **headers: str) -> Any:
    answer = await there.get(f"/api/v1/{path}", **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def broken(there: House, town: Any, *names: str) -> None:
    await there.advance(61)
    town.broken |= set(names)
    await there.advance(90)


async def test_it_answers_what_commands_print(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), teams=TEAMS) as there:
            await broken(there, town, "shop", "mail")
            clock: Clock = there.clock
            with reading(tmp_path / "state", "test") as store:
                printed = services_view(there.app.config, store, clock.now())["services"]
                told = incidents(store)
            assert await ask(there, "services") == json.loads(json.dumps(printed))
            assert await ask(there, "incidents") == json.loads(json.dumps(told))
            assert await ask(there, "services/shop") == json.loads(json.dumps(printed[0]))
            (figure, *_) = await ask(there, "uptime?period=today&service=shop")
            assert figure["service"] == "shop"
            assert figure["outages"]


async def test_uptime_comes_with_its_days_as_it_stood_in_a_zone(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), teams=TEAMS) as there:
            await there.advance(3600)
            figure = (await ask(there, "uptime?service=shop&days=true&zone=Asia/Tokyo"))[0]
            assert figure["period"]["zone"] == "Asia/Tokyo"
            assert len(figure["days"]) == 90
            assert 3000 < sum(each["good"] for each in figure["days"]) <= 3600
            before = (await ask(there, "uptime?service=shop&days=true&as_of=2026-11-21"))[0]
            assert sum(each["good"] for each in before["days"]) == 0
            assert "days" not in (await ask(there, "uptime?service=shop"))[0]
            wrong = await there.get("/api/v1/uptime?zone=Nowhere/At/All")
            assert (wrong.status_code, "no such time zone" in wrong.json()["detail"]) == (422, True)


async def test_a_ticket_has_its_timeline_and_its_version_as_a_tag(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), teams=TEAMS) as there:
            await broken(there, town, "shop")
            first = await there.get("/api/v1/tickets/T-1")
            assert first.json()["timeline"]
            assert [each["service"] for each in first.json()["affected"]] == ["shop"]
            tag = first.headers["etag"]
            assert tag == f'"{first.json()["version"]}"'
            assert (await there.get("/api/v1/tickets/T-1", **{"if-none-match": tag})).status_code == 304
            assert [each["id"] for each in await ask(there, "tickets?open=true&team=web")] == ["T-1"]
            assert await ask(there, "tickets?unassigned=true&service=mail") == []


async def test_teams_bound_what_is_answered(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=None, teams=TEAMS) as there:
            await there.as_(Role.VIEWER, "two", frozenset({"infra"}))
            await broken(there, town, "shop", "mail")
            assert [each["service"] for each in await ask(there, "services")] == ["mail"]
            assert {each["service"] for each in await ask(there, "incidents")} == {"mail"}
            assert {each["service"] for each in await ask(there, "tickets")} == {"mail"}
            assert {each["service"] for each in await ask(there, "uptime")} == {"mail"}
            for path in ("services/shop", "uptime?service=shop", "services/shop/checks/site/latency"):
                assert (await there.get(f"/api/v1/{path}")).status_code == 404
            mine, other = await ask(there, "incidents"), {1, 2}
            (gone,) = other - {mine[0]["id"]}
            assert (await there.get(f"/api/v1/incidents/{gone}")).status_code == 404


async def test_a_long_list_comes_a_page_at_a_time(tmp_path: Path) -> None:
    many = {f"s{number:02}": {"checks": {"root": {"type": "disk", "path": "/"}}} for number in range(7)}
    async with house(tmp_path, many) as there:
        await there.advance(61)
        seen: list[str] = []
        path = "/api/v1/services?limit=3&search=s"
        while path:
            answer = await there.get(path)
            seen += [each["service"] for each in answer.json()]
            path = answer.headers.get("link", "").partition(">")[0].removeprefix("<")
        assert seen == [*many, "tocsin"]


@pytest.mark.parametrize("name", LISTS)
async def test_every_list_refuses_what_it_does_not_understand(tmp_path: Path, name: str) -> None:
    async with house(tmp_path, {}) as there:
        await there.advance(61)
        assert isinstance(await ask(there, name), list)
        for wrong in ("limit=0", "limit=201", "after=nothing"):
            answer = await there.get(f"/api/v1/{name}?{wrong}")
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


async def test_latency_comes_by_the_hour(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), teams=TEAMS) as there:
            await there.advance(2 * 3600)
            steps = await ask(there, "services/shop/checks/site/latency")
            assert sum(each["count"] for each in steps) > 200
            assert all(0 < each["p50"] <= each["p99"] for each in steps)
            wrong = await there.get("/api/v1/services/shop/checks/site/latency?start=2026-02-30")
            assert wrong.status_code == 422


async def test_it_says_who_asks_and_how_the_agent_is(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=Role.AGENT) as there:
        await there.advance(61)
        assert (await ask(there, "me"))["may"] == ["look", "work"]
        assert (await ask(there, "agent"))["ready"] is True


async def test_it_is_described_with_the_errors_that_it_sends(tmp_path: Path) -> None:
    async with house(tmp_path, {}) as there:
        told = await ask(there, "openapi.json")
        assert {f"/{name}" for name in LISTS} <= set(told["paths"])
        answers = told["paths"]["/services/{service}"]["get"]["responses"]
        assert list(answers["404"]["content"]) == ["application/problem+json"]
        names = [each["operationId"] for path in told["paths"].values() for each in path.values()]
        assert len(names) == len(set(names))
