"""A service's page: what it is and was, and what may be done about it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.rig import house

pytestmark = pytest.mark.anyio


def services(town: Any) -> dict[str, Any]:
    return {
        "shop": {"title": "Shop", "depends_on": ["host"], "checks": {"site": town.check("shop")}},
        "host": {"checks": {"site": town.check("host")}},
    }


async def test_it_shows_state_values_conditions_and_charts(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town)) as there:
            await there.advance(3 * 3600)
            town.broken.add("shop")
            await there.advance(120)
            page = (await there.get("/services/shop")).text
            assert '<span class="state down">down</span>' in page
            assert "status = 503" in page
            assert 'class="line p50"' in page
            assert 'class="band incident"' in page
            assert '<a href="/services/host">host</a>' in page
            assert '<a href="/services/shop">shop</a>' in (await there.get("/services/host")).text


async def test_what_may_be_done_depends_on_who_asks(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town)) as there:
            await there.advance(61)
            form = {"lasts": "1h", "reason": "<work>"}
            await there.as_(Role.AGENT)
            assert "Look now" not in (await there.get("/services/shop")).text
            assert (await there.post("/services/shop/pause", form)).status_code == 403
            await there.as_(Role.MANAGER)
            assert (await there.post("/services/shop/pause", form)).status_code == 303
            page = (await there.get("/services/shop")).text
            assert "&lt;work&gt;" in page
            assert (await there.post("/services/shop/resume")).status_code == 303
            assert "&lt;work&gt;" not in (await there.get("/services/shop")).text


async def test_a_refusal_is_said_in_words(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town)) as there:
            await there.advance(61)
            answer = await there.post("/services/shop/resume")
            assert answer.status_code == 409
            assert "Not done" in answer.text
            assert (await there.get("/services/nothing")).status_code == 404


async def test_to_look_now_looks_at_once(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town)) as there:
            await there.advance(61)
            town.broken.add("shop")
            assert (await there.post("/services/shop/look")).status_code == 303
            await there.advance(1)
            assert "status = 503" in (await there.get("/services/shop")).text
