"""Reports and the outbox: figures of a period, and what is on its way."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.pages import desk
from tests.agent.web.rig import house

pytestmark = pytest.mark.anyio


def services(town: Any) -> dict[str, Any]:
    return {"shop": {"checks": {"site": town.check("shop")}}}


async def test_a_report_has_each_service_and_comes_as_csv_too(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town)) as there:
            await there.advance(3600)
            town.broken.add("shop")
            await there.advance(3600)
            assert "shop" in (await there.get("/reports?period=today")).text
            assert (await there.get("/reports")).status_code == 200
            answer = await there.get("/reports.csv?period=today")
            rows = {row["service"]: row for row in csv.DictReader(io.StringIO(answer.text))}
            assert 0 < float(rows["shop"]["uptime_percent"]) < 100
            assert float(rows["shop"]["down_seconds"]) > 3000
            wrong = await there.get("/reports?period=never")
            assert (wrong.status_code, 'role="alert"' in wrong.text) == (400, True)


async def test_the_outbox_is_for_those_who_see_everything(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town)) as there:
            await there.as_(Role.MANAGER, "two", frozenset({"web"}))
            assert "Only those who see all teams" in (await there.get("/outbox")).text
            assert (
                await there.post("/outbox/retry", {"key": "toc-1", "helpdesk": "hook"})
            ).status_code == 403
            await there.as_(Role.MANAGER)
            assert "Everything is delivered" in (await there.get("/outbox")).text
            answer = await there.post("/outbox/drop", {"key": "toc-1", "helpdesk": "hook", "reason": "x"})
            assert (answer.status_code, "Not done" in answer.text) == (409, True)


async def test_the_desk_is_told_of_its_own_tickets_alone(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, desk.services(town), Role.MANAGER, **desk.SECTIONS) as there:
            await desk.opened(there)
            await desk.opened(there, "Mail is late", service="mail", team="infra")
            assert "Open now: 2" in (await there.get("/reports/desk")).text
            for asked in ("7", "0", "9999999", "x", "-1"):
                assert (await there.get(f"/reports/desk?days={asked}")).status_code == 200
            await there.as_(Role.MANAGER, "infra", frozenset({"infra"}))
            assert "Open now: 1" in (await there.get("/reports/desk")).text
