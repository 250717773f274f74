"""Every page can be used by everybody: no serious obstacle, nothing wider than the window, no breach of the policy."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser

from agent.access.person import Role
from agent.web.pages import ADDRESSES
from tests.agent.web.mailed import LEAD, Mailed, mailed
from tests.browser import axe
from tests.browser.window import PHONE, WIDE, window

pytestmark = pytest.mark.anyio
STATUS = {"status_pages": {"public": {"title": "Our services", "services": ["shop"]}}}
# What stands for the names in addresses.
_NAMES = {"service": "shop", "ticket": "T-1", "number": "1", "check": "site"}
# Nothing to look at: events without an end, and files.
_NO_PAGES = frozenset({"/live", "/reports.csv"})
ANYBODY = ("/sign-in", "/status/public", "/welcome/gone", "/t/1-gone", "/a/gone", "/no/such/page")
PAGES = sorted({each.path for each in ADDRESSES if each.method == "GET"} - _NO_PAGES)


def place(path: str) -> str:
    """The address with names that something has."""
    return re.sub(r"\{(\w+)(?::\w+)?\}", lambda found: _NAMES[found[1]], path)


@asynccontextmanager
async def lived_in(directory: Path) -> AsyncIterator[Mailed]:
    """With an outage, tickets, planned work, a silence and a change."""
    async with mailed(directory, more=STATUS) as there:
        await there.breaks()
        do = there.app.commands.answer
        told = {"title": "Cannot pay", "service": "shop", "reporter": {"name": "Buyer", "email": LEAD}}
        await do("desk", {"verb": "tickets.open", "arguments": told}, "one")
        for command in ("maintenance.add", "silence.add"):
            await do(command, {"names": ["shop"], "lasts": 3600.0, "reason": "disks"}, "one")
        await do("changes.add", {"told": {"service": "shop", "version": "2.1"}}, "one")
        await do("desk", {"verb": "tickets.note", "arguments": {"ticket": 1, "text": "seen"}}, "one")
        await there.advance(60)
        yield there


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
async def test_no_page_keeps_anybody_out(
    tmp_path: Path, chromium: Browser, size: tuple[int, int], dark: bool
) -> None:
    found: dict[str, object] = {}
    async with lived_in(tmp_path) as there:
        await there.as_(Role.ADMIN, "one")
        for known, paths in ((True, PAGES), (False, ANYBODY)):
            if not known:
                there.nobody()
            async with window(chromium, there, size, dark=dark) as seen:
                for path in map(place, paths):
                    await seen.go(path)
                    await seen.page.wait_for_load_state()
                    if wrong := await axe.obstacles(seen.page):
                        found[path] = wrong
                    if await seen.scrolls_sideways():
                        found[f"{path} is too wide"] = await seen.wide_parts()
                    await seen.picture(
                        f"page-{size[0]}-{'dark' if dark else 'light'}{path.replace('/', '-')}"
                    )
                breaches = [each for each in seen.faults if "status of" not in each]
                assert (breaches, seen.dialogs) == ([], [])
    assert found == {}


async def test_every_page_has_one_headline_and_a_way_past_the_bar(tmp_path: Path, chromium: Browser) -> None:
    async with lived_in(tmp_path) as there:
        await there.as_(Role.ADMIN, "one")
        async with window(chromium, there) as seen:
            for path in map(place, PAGES):
                await seen.go(path)
                assert await seen.page.locator("h1").count() == 1, path
                await seen.page.keyboard.press("Tab")
                focused = await seen.page.evaluate("document.activeElement.getAttribute('href')")
                assert focused == "#main" or await seen.page.locator("[autofocus]").count(), path
