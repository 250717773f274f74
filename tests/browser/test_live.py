"""A page that is open keeps up by itself, and leaves alone who is at work on it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.rig import House, house
from tests.browser.window import window

pytestmark = pytest.mark.anyio
TEAMS = {"web": {"members": [{"name": "Agent One", "login": "agent", "email": "one@example.org"}]}}


def services(town: Any) -> dict[str, Any]:
    return {"shop": {"title": "Shop", "team": "web", "checks": {"site": town.check("shop")}}}


async def broken(there: House, town: Any) -> None:
    town.broken.add("shop")
    await there.advance(90)


async def test_an_outage_appears_and_goes_on_an_open_page(tmp_path: Path, chromium: Browser) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, teams=TEAMS) as there:
            await there.advance(61)
            async with window(chromium, there) as seen:
                await seen.go("/")
                await expect(seen.page.locator("[data-pulse]")).to_have_text("live")
                row = seen.page.locator('[data-service="shop"] .state')
                await expect(row).to_have_text("up")
                await broken(there, town)
                await expect(row).to_have_text("down", timeout=20_000)
                await seen.shows("shop.site")
                await expect(seen.page.locator("[data-said]")).to_contain_text("shop is down")
                town.broken.clear()
                await there.advance(300)
                await expect(row).to_have_text("up", timeout=20_000)
                assert seen.faults == []


async def test_what_somebody_writes_stays_while_the_rest_moves_on(tmp_path: Path, chromium: Browser) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, teams=TEAMS) as there:
            await there.advance(61)
            await broken(there, town)
            async with window(chromium, there) as seen:
                await seen.go("/tickets/T-1")
                await expect(seen.page.locator("[data-pulse]")).to_have_text("live")
                await seen.page.get_by_label("Note: the reporter never sees it").fill("half a sen")
                answer = await there.post("/tickets/T-1", {"verb": "note", "text": "from elsewhere"})
                assert answer.status_code == 303
                await there.advance(2)
                timeline = seen.page.locator('[data-live="timeline"]')
                await expect(timeline).to_contain_text("from elsewhere", timeout=20_000)
                note = seen.page.get_by_label("Note: the reporter never sees it")
                await expect(note).to_have_value("half a sen")


async def test_times_are_of_the_zone_of_the_browser(tmp_path: Path, chromium: Browser) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, teams=TEAMS) as there:
            await there.advance(61)
            async with window(chromium, there, zone="Asia/Tokyo") as seen:
                await seen.go("/services/shop")
                await expect(seen.page.locator("footer")).to_contain_text("Times in Asia/Tokyo")


async def test_who_is_signed_out_is_told(tmp_path: Path, chromium: Browser) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, teams=TEAMS) as there:
            await there.advance(61)
            async with window(chromium, there) as seen:
                await seen.go("/")
                await expect(seen.page.locator("[data-pulse]")).to_have_text("live")
                assert there.who is not None
                await there.app.reception.sign_out(there.who.session)
                await broken(there, town)
                await expect(seen.page.locator("[data-pulse]")).to_contain_text("signed out", timeout=20_000)


async def test_a_form_of_what_is_there_stays_of_the_version_that_it_shows(
    tmp_path: Path, chromium: Browser
) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, teams=TEAMS) as there:
            await there.advance(61)
            await broken(there, town)
            async with window(chromium, there) as seen:
                await seen.go("/tickets/T-1/edit")
                await expect(seen.page.locator("[data-pulse]")).to_have_text("live")
                answer = await there.post("/tickets/T-1", {"verb": "priority", "priority": "low"})
                assert answer.status_code == 303
                there.clock.move(120)
                await there.advance(2)
                await expect(seen.page.locator('[data-live="as-of"]')).to_contain_text(
                    f"{datetime.fromtimestamp(there.clock.now() / 1_000_000, UTC):%H:%M}", timeout=20_000
                )
                await seen.page.get_by_label("Title").fill("Another title")
                await seen.press("Save")
                await seen.shows("was changed meanwhile")
                assert there.app.pipeline.world.tickets[1].priority == "low"
