"""A window of the browser on the real app, and what may be asked of any page in it."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Page

from tests.agent.web.rig import House

WIDE, PHONE = (1280, 900), (390, 844)
PATIENCE = 20_000  # ms
PASSWORD = "correct horse battery"


_TOO_WIDE = """[...document.querySelectorAll('body *')]
  .filter(each => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest('.wide, nav'))
  .slice(0, 5).map(each => each.outerHTML.slice(0, 120))"""


@dataclass(slots=True)
class Window:
    """`faults` are what the browser's console said of errors and of the policy; `dialogs` what popped up."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    async def go(self, path: str) -> None:
        await self.page.goto(self.address + path)

    async def press(self, name: str) -> None:
        """The button or link of that name; waits for the page it leads to."""
        await self.page.get_by_role("button", name=name, exact=True).first.click()
        await self.page.wait_for_load_state()

    async def follow(self, name: str | re.Pattern[str]) -> None:
        await self.page.get_by_role("link", name=name).first.click()
        await self.page.wait_for_load_state()

    async def shows(self, text: str) -> None:
        """Within a while; raises where it does not."""
        await self.page.get_by_text(text).first.wait_for(timeout=PATIENCE)

    async def scrolls_sideways(self) -> bool:
        """Whether the page is wider than the window."""
        return bool(await self.page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))

    async def wide_parts(self) -> object:
        """Which parts reach beyond the window."""
        return await self.page.evaluate(_TOO_WIDE)

    async def picture(self, name: str) -> None:
        """Kept where TOCSIN_SCREENSHOTS says."""
        if directory := os.environ.get("TOCSIN_SCREENSHOTS"):
            Path(directory).mkdir(parents=True, exist_ok=True)
            await self.page.screenshot(path=Path(directory) / f"{name}.png", full_page=True)


@asynccontextmanager
async def window(
    chromium: Browser,
    there: House,
    size: tuple[int, int] = WIDE,
    *,
    scripts: bool = True,
    dark: bool = False,
    zone: str = "UTC",
) -> AsyncIterator[Window]:
    """Signed in as whoever asks in the house; nobody where nobody does."""
    context = await chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts,
        color_scheme="dark" if dark else "light", timezone_id=zone, has_touch=size == PHONE,
    )  # fmt: skip
    context.set_default_timeout(PATIENCE)
    try:
        if there.cookie:
            await context.add_cookies([{"name": "tocsin", "value": there.cookie, "url": there.address}])
        page = await context.new_page()
        made = Window(page, there.address)
        page.on("console", lambda each: made.faults.append(each.text) if each.type == "error" else None)
        page.on("pageerror", lambda each: made.faults.append(str(each)))

        async def dismissed(dialog) -> None:  # type: ignore[no-untyped-def]
            made.dialogs.append(dialog.message)
            await dialog.dismiss()

        page.on("dialog", dismissed)
        yield made
    finally:
        await context.close()
