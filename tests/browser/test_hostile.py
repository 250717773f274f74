"""What outsiders write is held back twice: by escaping, which does without the policy, and by the policy without it."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Route

from agent.web.pages import ADDRESSES
from tests.agent.web.raw import agent
from tests.agent.web.rig import house
from tests.agent.web.test_oidc import with_provider
from tests.browser.hostile import REACTED, one_line, said
from tests.browser.pages import lures, names_of, of_everything, of_nobody, of_somebody, told
from tests.browser.stage import Stage
from tests.browser.window import PASSWORD, Window, window
from tests.fakes.oidc import Oidc

pytestmark = pytest.mark.anyio
_WORD = re.compile(r"says-([a-z_-]+)")
_MADE = "[data-injected], a[href^='javascript' i], main img, main iframe, main script"
# The words of all fields that a page shows; of what is lacking here none is shown anywhere.
_SHOWN = {
    "alert", "alert-text", "answer", "banner", "body", "by", "cause", "cert", "cert-name", "change", "description",
    "dns", "factor", "field", "file", "header-content-type", "header-server", "header-x-app-version", "header-x-state",
    "job", "log", "next", "provider", "component",
    "label", "lure", "note", "path", "pause", "plan", "plugin", "reason", "reference", "remark", "remark-by",
    "remote-assignee", "reply", "reporter-account", "reporter-level", "reporter-name", "reporter-phone",
    "reporter-user_id", "resolution", "silence", "task", "title", "version", "view", "waiting", "who",
}  # fmt: skip


async def taken_for_text(seen: Window) -> set[str]:
    """The words of the fields on the page that is shown, none of which is more than text."""
    await seen.page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
    assert await seen.page.locator(_MADE).count() == 0, seen.page.url
    content = await seen.page.content()
    assert REACTED not in content, seen.page.url
    return set(_WORD.findall(content))


async def test_it_is_text_on_every_page_though_no_policy_holds(there: Stage, chromium: Browser) -> None:
    words: set[str] = set()
    async with window(chromium, there, bypass_csp=True) as seen:
        for path in dict.fromkeys([*of_somebody(there), *of_everything(there), *lures()]):
            await seen.go(path)
            words |= await taken_for_text(seen)
        await seen.page.context.clear_cookies()
        for path in [*await of_nobody(there), *lures()]:
            await seen.go(path)
            words |= await taken_for_text(seen)
        faults = [each for each in seen.faults if "status of" not in each]
        assert (seen.dialogs, faults) == ([], [])
    assert words >= _SHOWN, _SHOWN - words


@pytest.mark.parametrize("holds", [True, False], ids=["policy", "none"])
async def test_the_policy_alone_would_keep_it_from_being_run(
    there: Stage, chromium: Browser, holds: bool
) -> None:
    """Pages are changed on their way as if nothing had been escaped; without the policy that is run, which shows it."""

    async def unescaped(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=html.unescape(await answer.text()))

    for path in (f"/tickets/T-{told(there)}", f"/tickets/{names_of(there)['ticket']}", "/services/s-web"):
        async with window(chromium, there, bypass_csp=not holds) as seen:
            await seen.page.route(f"**{path}", unescaped)
            await seen.go(path)
            assert await seen.page.locator("[data-injected]").count() > 0
            run, stopped = bool(seen.dialogs), any("Content Security Policy" in each for each in seen.faults)
            assert (run, stopped) == (not holds, holds), path


async def test_what_a_provider_says_of_somebody_is_text(tmp_path: Path, chromium: Browser) -> None:
    more: dict[str, Any] = {"name_claim": "login", "teams_claim": "teams", "roles": {"it-helpdesk": "admin"}}
    with Oidc() as provider:
        async with with_provider(tmp_path, provider, **more) as (there, _), window(chromium, there) as seen:
            for name, words in (("one", "Overview"), (one_line("name", 60), "")):
                provider.claims |= {"login": name, "email": said("email", 200), "teams": [said("team", 200)]}
                sent = await seen.page.request.get(f"{there.address}/sign-in/oidc", max_redirects=0)
                await seen.go(provider.sign_in(sent.headers["location"]).removeprefix(there.address))
                await taken_for_text(seen)
                assert words in await seen.page.content()
                for path in (
                    each.path for each in ADDRESSES if each.method == "GET" and "{" not in each.path
                ):
                    if words and path not in ("/live", "/reports.csv"):
                        await seen.go(path)
                        await taken_for_text(seen)
                await seen.page.context.clear_cookies()
            assert (list(there.app.reception.book.users), seen.dialogs) == (["one"], [])


async def test_what_a_proxy_calls_somebody_is_text(tmp_path: Path, chromium: Browser) -> None:
    proxy = {"from": ["127.0.0.0/8"], "user_header": "X-Remote-User", "role": "viewer"}
    called = {"X-Remote-User": one_line("proxy", 90)}
    async with (
        house(tmp_path, {}, role=None, agent=agent(tmp_path, proxy=proxy)) as there,
        window(chromium, there, extra_http_headers=called) as seen,
    ):
        for path in ("/", "/tickets", "/tickets/new", "/outbox"):
            await seen.go(path)
            assert "proxy" in await taken_for_text(seen)
        assert seen.dialogs == []


async def test_a_file_is_saved_and_not_shown(there: Stage, chromium: Browser) -> None:
    async with window(chromium, there, bypass_csp=True) as seen:
        await seen.go(f"/tickets/T-{told(there)}")
        async with seen.page.expect_download() as led:
            await seen.page.get_by_role("link", name="says-file").click()
        saved = await led.value
        assert "<script>" in Path(await saved.path()).read_text(encoding="utf-8")
        assert saved.suggested_filename.endswith(".txt")
        assert seen.dialogs == []


async def test_who_tries_to_sign_in_is_told_what_they_wrote_as_text(there: Stage, chromium: Browser) -> None:
    async with window(chromium, there, user_agent=one_line("browser", 300)) as seen:
        await seen.page.context.clear_cookies()
        await seen.go("/sign-in")
        await seen.page.get_by_label("Name").fill(one_line("who", 90))
        await seen.page.get_by_label("Password").fill(PASSWORD)
        await seen.press("Sign in")
        await seen.shows("Name or password are wrong")
        assert await taken_for_text(seen) == {"who"}
        assert seen.dialogs == []
