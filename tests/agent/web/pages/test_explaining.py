"""Incidents with their stories, and pages that say why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.pages.desk import EVIL, SECTIONS, do, now, services
from tests.agent.web.rig import House, house

pytestmark = pytest.mark.anyio
AGAIN_SOON: dict[str, Any] = {**SECTIONS, "defaults": {"watch_for": "2m", "reopen_within": "1m"}}


async def ask(there: House, command: str, **arguments: Any) -> None:
    await there.app.commands.answer(command, arguments, "root")


async def twice(there: House, town: Any) -> None:
    """The shop fails, is mended by somebody, and fails again after a deploy."""
    await there.advance(61)
    town.broken.add("shop")
    await there.advance(90)
    await do(there, now(there, 1), "resolve", note=f"restarted the pool {EVIL}")
    town.broken.clear()
    await there.advance(400)
    await ask(there, "changes.add", told={"service": "shop", "version": "2.3", "text": f"basket {EVIL}"})
    town.broken.add("shop")
    await there.advance(90)


async def test_an_incident_tells_its_story_and_what_is_around_it(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **AGAIN_SOON) as there:
            await twice(there, town)
            await do(there, now(there, 2), "note", text="the story goes on")
            page = (await there.get("/incidents/2")).text
            assert EVIL not in page
            assert "status not in 200..299" in page.partition('id="evidence"')[2].partition("</section>")[0]
            story = page.partition('id="story"')[2].partition("</section>")[0]
            for word in ("seen: site down, 2 readings", "opened shop.site by confirm", "the story goes on"):
                assert word in story
            assert "deploy 2.3 basket" in page.partition('id="changes"')[2]
            similar = page.partition('id="similar"')[2]
            assert "/incidents/1" in similar
            assert "restarted the pool &lt;script&gt;" in similar
            assert '<a href="/services/shop">Shop</a> <span class="state down">' in page
            assert 'href="/tickets/T-2"' in page


async def test_what_is_others_is_not_in_the_story(tmp_path: Path) -> None:
    with street() as town:
        made = services(town)
        made["mail"]["depends_on"] = ["shop"]
        async with house(tmp_path, made, None, **SECTIONS) as there:
            await there.advance(61)
            town.broken |= {"shop", "mail"}
            await there.advance(120)
            await ask(
                there, "desk", verb="tickets.note", arguments={"ticket": 1, "text": "a word among them"}
            )
            of = next(each for each in there.app.pipeline.world.incidents.values() if each.service == "shop")
            await there.as_(Role.ADMIN)
            assert "mail.site" in (await there.get(f"/incidents/{of.id}")).text
            await there.as_(Role.AGENT, "web", frozenset({"web"}))
            page = (await there.get(f"/incidents/{of.id}")).text
            assert "shop.site" in page
            assert "a word among them" in page
            assert "mail" not in page
            await there.as_(Role.AGENT, "infra", frozenset({"infra"}))
            assert (await there.get(f"/incidents/{of.id}")).status_code == 404


async def test_a_figure_is_traced_to_readings(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.VIEWER, **SECTIONS) as there:
            await there.advance(61)
            town.broken.add("shop")
            await there.advance(90)
            page = (await there.get("/services/shop/explain?period=24h")).text
            assert "s good of" in page
            assert "site down since" in page
            assert "and back-dated" in page
            assert page.count('class="state up"') == 0
            assert 'class="state up"' in (await there.get("/services/shop/explain?period=24h&all=yes")).text
            for wrong in ("soon", "9999d", EVIL, "2026-W99"):
                answer = await there.get(f"/services/shop/explain?period={wrong}")
                assert answer.status_code == 400, wrong
                assert EVIL not in answer.text
            assert "Error budget" in (await there.get("/services/shop")).text


async def test_why_a_check_alerted_is_told_at_a_moment(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.VIEWER, **SECTIONS) as there:
            await there.advance(61)
            town.broken.add("shop")
            await there.advance(90)
            page = (await there.get("/services/shop/explain/site")).text
            assert "Alerted, at" in page
            assert "/incidents/1" in page
            before = (await there.get("/services/shop/explain/site?at=2027-01-15T08:00:30")).text
            assert "Well, at" in before
            for wrong in ("2099-01-01T00:00", "x", "9" * 100):
                assert (await there.get(f"/services/shop/explain/site?at={wrong}")).status_code == 400
            for path in ("/services/shop/explain/none", "/services/none/explain"):
                assert (await there.get(path)).status_code == 404
            await there.as_(Role.VIEWER, "infra", frozenset({"infra"}))
            for path in ("/services/shop/explain", "/services/shop/explain/site"):
                assert (await there.get(path)).status_code == 404
