"""The keyboard: a list is walked, a ticket is worked on, and nothing happens while somebody writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.pages.desk import SECTIONS, now, opened, services
from tests.agent.web.rig import house
from tests.browser.window import window

pytestmark = pytest.mark.anyio


async def test_a_queue_is_walked_and_a_ticket_taken_by_keys(tmp_path: Path, chromium: Browser) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            for number in range(3):
                await opened(there, f"Number {number}", service="mail")
            async with window(chromium, there) as seen:
                page, keys = seen.page, seen.page.keyboard
                await seen.go("/")
                await keys.press("g")
                await keys.press("t")
                await page.wait_for_url("**/tickets")
                for key in ("j", "j", "j", "k", "x"):
                    await keys.press(key)
                await expect(page.get_by_label("Choose T-2")).to_be_checked()
                await expect(page.get_by_role("link", name="T-2 Number 1")).to_be_focused()
                await keys.press("o")
                await page.wait_for_url("**/tickets/T-2")
                await keys.press("t")
                await expect(page.locator("dd", has_text="Agent One (you)")).to_be_visible()
                await keys.press("e")
                note = page.get_by_label("What was done", exact=True)
                await expect(note).to_be_focused()
                await keys.type("take ack jk?/")
                await expect(note).to_have_value("take ack jk?/")
                assert now(there, 2).is_open
                assert seen.faults == []


async def test_what_the_keys_are_is_told_and_modifiers_mean_something_else(
    tmp_path: Path, chromium: Browser
) -> None:
    with street() as town:
        async with house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there:
            await opened(there)
            async with window(chromium, there) as seen:
                page, keys = seen.page, seen.page.keyboard
                await seen.go("/tickets/T-1")
                await keys.press("Control+e")
                await expect(page.get_by_label("What was done", exact=True)).to_be_hidden()
                await keys.press("?")
                panel = page.get_by_role("dialog", name="Keys")
                await expect(panel).to_contain_text("next, previous in the list")
                await expect(panel.locator("[data-keys-here]")).to_contain_text("Write a note")
                await keys.press("t")
                await expect(panel).to_be_visible()  # nothing is done behind it
                await keys.press("Escape")
                await expect(panel).to_be_hidden()
                await keys.press("n")
                await expect(page.get_by_label("Note: the reporter never sees it")).to_be_focused()
                assert now(there, 1).state == "new"


async def test_without_scripts_nothing_speaks_of_keys(tmp_path: Path, chromium: Browser) -> None:
    with street() as town:
        async with (
            house(tmp_path, services(town), Role.AGENT, **SECTIONS) as there,
            window(chromium, there, scripts=False) as seen,
        ):
            await seen.go("/tickets")
            words = seen.page.get_by_text("Keys", exact=True)
            await expect(words).to_have_count(2)
            for each in await words.all():
                await expect(each).to_be_hidden()
