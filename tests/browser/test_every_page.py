"""Pages full of what outsiders wrote, each in all its ways, with all of it unfolded: for everybody, on every screen."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser

from agent.access.person import Role
from tests.browser import axe
from tests.browser.pages import REFUSED, of_nobody, of_somebody
from tests.browser.stage import Stage
from tests.browser.window import PHONE, WIDE, Window, window

pytestmark = pytest.mark.anyio
_UNFOLDED = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"


async def wrong_with(seen: Window) -> list[object]:
    """What keeps somebody from using the page that is shown, wide and on a phone, in light and dark."""
    found: list[object] = []
    await seen.page.evaluate(_UNFOLDED)
    if (headlines := await seen.page.locator("h1").count()) != 1:
        found += [f"{headlines} headlines"]
    for size in (WIDE, PHONE):
        await seen.page.set_viewport_size({"width": size[0], "height": size[1]})
        if await seen.scrolls_sideways():
            found += ["is too wide", size[0], await seen.wide_parts()]
        found += await axe.obstacles(seen.page)
        await seen.page.emulate_media(color_scheme="dark")
        found += [f"in the dark: {each}" for each in await axe.obstacles(seen.page, "color-contrast")]
        await seen.page.emulate_media(color_scheme="light")
        await seen.picture(f"page{seen.page.url.removeprefix(seen.address).replace('/', '-')[:80]}-{size[0]}")
    return [(seen.page.url.removeprefix(seen.address), each) for each in found]


def breaches(seen: Window) -> list[str]:
    """What the console said, but that an answer had another status than 200."""
    return [each for each in seen.faults if "status of" not in each]


async def passes_the_bar(seen: Window) -> None:
    """By its first key somebody gets to the content."""
    await seen.page.reload()
    await seen.page.keyboard.press("Tab")
    assert await seen.page.evaluate("document.activeElement.getAttribute('href')") == "#main", seen.page.url


async def test_pages_of_somebody(there: Stage, chromium: Browser) -> None:
    found: list[object] = []
    async with window(chromium, there) as seen:
        for path in of_somebody(there):
            await seen.go(path)
            found += await wrong_with(seen)
            await passes_the_bar(seen)
        await seen.page.keyboard.press("?")
        found += await wrong_with(seen)
        assert (found, breaches(seen), seen.dialogs) == ([], [], [])


async def test_pages_of_nobody(there: Stage, chromium: Browser) -> None:
    found: list[object] = []
    async with window(chromium, there) as seen:
        await seen.page.context.clear_cookies()
        for path in await of_nobody(there):
            await seen.go(path)
            assert seen.page.url == f"{seen.address}{path}"
            found += await wrong_with(seen)
        await seen.go("/sign-in")
        await seen.page.get_by_label("Name").fill("stranger")
        await seen.page.get_by_label("Password").fill("wrong")
        await seen.press("Sign in")
        await seen.shows("Name or password are wrong")
        found += await wrong_with(seen)
        assert (found, breaches(seen), seen.dialogs) == ([], [], [])


async def test_pages_of_what_is_refused(there: Stage, chromium: Browser) -> None:
    found: list[object] = []
    async with window(chromium, there) as seen:
        await seen.go("/maintenance")
        for path, fields, status in REFUSED:
            assert await seen.posts(path, {"csrf": there.csrf, **fields}) == status, path
            found += await wrong_with(seen)
        assert (found, breaches(seen), seen.dialogs) == ([], [], [])


async def test_pages_that_a_viewer_may_not_see(viewing: Stage, chromium: Browser) -> None:
    async with window(chromium, viewing) as seen:
        await seen.go("/tickets/new")
        await seen.shows("Not allowed")
        assert await wrong_with(seen) == []


@pytest.fixture
async def viewing(there: Stage) -> AsyncIterator[Stage]:
    """For a while somebody asks who may only look."""
    await there.as_(Role.VIEWER, "looker")
    yield there
    await there.as_(Role.ADMIN, "one")
