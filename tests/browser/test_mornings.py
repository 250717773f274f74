"""The mornings of those who open the pages, at the desk and as a manager: wide, on the phone, with scripts, without."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.agent.web.mailed import URL, Mailed, mailed
from tests.browser.window import PASSWORD, PHONE, WIDE, Window, window

pytestmark = pytest.mark.anyio
BUYER = "buyer@example.net"
STATUS = {"status_pages": {"public": {"title": "Our services", "services": ["shop"]}}}
SIZES = pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
SCRIPTS = pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "plain"])


async def hired(there: Mailed, name: str, role: str) -> str:
    """The path at which somebody new chooses a password."""
    found = await there.app.commands.answer("users.add", {"name": name, "role": role}, "root")
    return str(found["link"]).removeprefix(URL)


async def come_in(there: Mailed, seen: Window, name: str, role: str) -> None:
    """By the one-time link, then by name and password."""
    await seen.go(await hired(there, name, role))
    await seen.page.get_by_label(re.compile("^Password")).fill(PASSWORD)
    await seen.page.get_by_label("The same again").fill(PASSWORD)
    await seen.press("Go in")
    await seen.press("Sign out")
    await seen.page.get_by_label("Name").fill(name)
    await seen.page.get_by_label("Password").fill(PASSWORD)
    await seen.press("Sign in")
    await seen.shows("Open incidents")


async def opened(seen: Window, words: str) -> None:
    """What stands behind these words is shown."""
    await seen.page.locator("summary", has_text=re.compile(f"^{words}$")).first.click()


async def fits(seen: Window) -> None:
    assert not await seen.scrolls_sideways(), seen.page.url


@SCRIPTS
@SIZES
async def test_the_morning_of_the_helpdesk(
    tmp_path: Path, chromium: Browser, size: tuple[int, int], scripts: bool
) -> None:
    name = f"desk-{'wide' if size == WIDE else 'phone'}-{'scripts' if scripts else 'plain'}"
    async with mailed(tmp_path) as there:
        await there.breaks()
        told = {"title": "Cannot pay", "service": "shop", "reporter": {"name": "Buyer", "email": BUYER}}
        await there.app.commands.answer("desk", {"verb": "tickets.open", "arguments": told}, "root")
        async with window(chromium, there, size, scripts=scripts) as seen:
            page = seen.page
            await come_in(there, seen, "one", "agent")
            await expect(page.locator('[data-service="shop"] .state')).to_have_text("down")
            await fits(seen)
            await seen.picture(f"{name}-1-overview")
            await page.locator("#main").get_by_role("link", name="T-1").first.click()
            await seen.press("Take it")
            await seen.shows("Agent One (you)")
            await page.get_by_label("Note: the reporter never sees it").fill("The disk of web1 is full.")
            await seen.press("Note")
            await expect(page.locator('[data-live="notes"]')).to_contain_text("The disk of web1 is full.")
            await fits(seen)
            await seen.go("/tickets")
            await page.get_by_role("link", name=re.compile("T-2 Cannot pay")).click()
            await seen.press("Take it")
            await seen.shows("Agent One (you)")
            await page.get_by_label("Message: the reporter is told").fill("We have found it and are on it.")
            await seen.press("Send")
            await expect(page.locator('[data-live="talk"]')).to_contain_text("We have found it")
            await there.advance(10)
            assert "We have found it" in there.texts(BUYER)[-1]
            await opened(seen, "Resolve")
            await page.get_by_label("What was done").fill("Made room on the disk.")
            await seen.press("Resolve")
            await expect(page.locator(".chips")).to_contain_text("resolved")
            await fits(seen)
            await seen.picture(f"{name}-2-resolved")
            await confirmed(there, chromium, size, scripts=scripts)
            await page.reload()
            await seen.shows("It is mended")
            await seen.picture(f"{name}-3-confirmed")
            assert (seen.faults, seen.dialogs) == ([], [])


async def confirmed(there: Mailed, chromium: Browser, size: tuple[int, int], *, scripts: bool) -> None:
    """The reporter answers by the link in the mail."""
    await there.advance(60)
    (link,) = re.findall(rf"{URL}(/t/\S+)", there.texts(BUYER)[-1])
    there.nobody()
    async with window(chromium, there, size, scripts=scripts) as reporter:
        await reporter.go(link)
        await reporter.page.get_by_label("Yes").check()
        await fits(reporter)
        await reporter.press("Send")
        await reporter.shows("Your answer was received")


@SCRIPTS
@SIZES
async def test_the_morning_of_a_manager(
    tmp_path: Path, chromium: Browser, size: tuple[int, int], scripts: bool
) -> None:
    name = f"manager-{'wide' if size == WIDE else 'phone'}-{'scripts' if scripts else 'plain'}"
    async with mailed(tmp_path, more=STATUS) as there:
        await there.breaks()
        there.town.broken.clear()
        await there.advance(600)
        async with window(chromium, there, size, scripts=scripts) as seen:
            page = seen.page
            await come_in(there, seen, "boss", "manager")
            await fits(seen)
            await seen.follow("Shop")
            await expect(page.get_by_role("heading", level=1)).to_contain_text("Shop")
            await expect(page.get_by_role("row", name=re.compile("30d|30 days")).first).to_contain_text("99")
            await fits(seen)
            await seen.picture(f"{name}-1-service")
            await seen.follow("Reports")
            await expect(page.get_by_role("table").first).to_contain_text("Shop")
            await fits(seen)
            await seen.picture(f"{name}-2-report")
            assert (await there.get("/status/public")).status_code == 200
            await seen.go("/status/public")
            await seen.shows("Our services")
            await fits(seen)
            await seen.picture(f"{name}-3-status")
            assert (seen.faults, seen.dialogs) == ([], [])
