"""Acknowledging from the phone: the mail's link in the browser, one press, and it is done."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from agent.access.person import Role
from tests.agent.web.mailed import mailed
from tests.browser.window import PHONE, window

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("scripts", [True, False])
async def test_one_press_on_the_phone(tmp_path: Path, chromium: Browser, scripts: bool) -> None:
    async with mailed(tmp_path) as there:
        await there.breaks()
        async with window(chromium, there, PHONE, scripts=scripts, dark=scripts) as phone:
            await phone.go(there.link())
            button = phone.page.get_by_role("button", name="Acknowledge as Agent One")
            box = await button.bounding_box()
            assert box is not None
            assert box["height"] >= 44
            assert box["width"] >= 300
            assert not await phone.scrolls_sideways()
            await phone.picture(f"acknowledge-{'dark' if scripts else 'light'}")
            await button.click()
            await phone.shows("Acknowledged by Agent One")
            await phone.picture("acknowledged")
            assert (phone.faults, phone.dialogs) == ([], [])
        assert there.app.pipeline.world.tickets[1].state.value == "acknowledged"
        await there.as_(Role.AGENT)
        async with window(chromium, there) as desk:
            await desk.go("/tickets/T-1")
            await expect(desk.page.locator('[data-live="timeline"]')).to_contain_text("Agent One")
