"""What strangers write is text on every page: never run, never an element, never a link that runs something."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

from agent.access.person import Role
from tests.agent.web.rig import house
from tests.browser.strangers import SECTIONS, evil, evil_certificate, services, speak
from tests.browser.test_access import PAGES, place
from tests.browser.window import window

pytestmark = pytest.mark.anyio
# Elements that only a payload can have made.
_MADE = "img, iframe, base, [onerror], [onload], [onfocus], a[href^='javascript' i], script:not([src^='/static/'])"
_MORE = (
    "/tickets/T-2",
    "/tickets/T-3",
    "/incidents/2",
    "/incidents/3",
    "/tickets?search=%3Cscript%3Ealert(1)%3C/script%3E",
    "/?search=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E",
    "/services/%3Cscript%3Ealert(1)%3C%2Fscript%3E",
    "/reports?period=%3Csvg%20onload=alert(1)%3E",
    "/sign-in?next=javascript:alert(1)",
    "/maintenance/preview?service=%3Cscript%3E&from=%22%3E&to=x&reason=%3Cimg%20src=x%3E",
)


async def test_nothing_that_strangers_write_is_more_than_text(tmp_path: Path, chromium: Browser) -> None:
    with evil() as port, evil(evil_certificate()) as tls_port:
        async with house(tmp_path, services(tmp_path, port, tls_port), Role.ADMIN, **SECTIONS) as there:
            await there.advance(60)
            await speak(there)
            await there.advance(60)
            shown = ""
            async with window(chromium, there) as seen:
                numbers = there.app.pipeline.world.tickets
                paths = {*map(place, PAGES), *_MORE, *(f"/tickets/T-{number}" for number in numbers)}
                for path in sorted(paths):
                    await seen.go(path)
                    await seen.page.wait_for_load_state()
                    for each in await seen.page.locator("summary").all():
                        if await each.is_visible():
                            await each.click()
                    stolen = await seen.page.evaluate("window.stolen")
                    made = await seen.page.locator(_MADE).count()
                    assert (stolen, made) == (None, 0), path
                    shown += await seen.page.content()
                breaches = [each for each in seen.faults if "status of" not in each]
                assert (seen.dialogs, breaches) == ([], [])
            _were_there(shown)


def _were_there(shown: str) -> None:
    """The test would say nothing if the pages had left out what strangers wrote."""
    for words in (
        "&lt;script&gt;window.stolen=1",  # ticket text
        'onerror="window.stolen=2',  # titles, names, output of programs, reasons
        "{{7*7}}",
        "&lt;iframe srcdoc=",
    ):
        assert words in shown, words
