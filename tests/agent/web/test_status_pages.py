"""Status pages: open to everybody, and nothing on them is for insiders."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.rig import house

pytestmark = pytest.mark.anyio
ATOM = "{http://www.w3.org/2005/Atom}"
PAGES = {
    "open": {"title": "Example <status>", "services": ["intern-shop-7"]},
    "staff": {"title": "Staff", "services": ["intern-mail-9"], "audience": "signed-in"},
}


def services(town: Any) -> dict[str, Any]:
    shop = {
        "type": "http",
        "url": f"http://127.0.0.1:{town.port}/secret-path",
        "every": "30s",
        "timeout": "2s",
    }
    return {
        "intern-shop-7": {"title": "Shop & <b>", "team": "intern-team", "checks": {"intern-check": shop}},
        "intern-mail-9": {"title": "Mail", "checks": {"site": town.check("mail")}},
    }


SECTIONS: dict[str, Any] = {"teams": {"intern-team": {"title": "Intern"}}, "status_pages": PAGES}
PATHS = ("", "/feed.atom", "/summary.json", "/badge/shop-b.svg", "/badge/shop-b.svg?show=uptime")


async def test_nobody_needs_to_sign_in_and_nothing_internal_is_told(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=None, **SECTIONS) as there:
            await there.advance(61)
            town.broken.add("secret-path")
            await there.advance(90)
            await there.app.commands.answer(
                "maintenance.add",
                {"names": ["intern-shop-7"], "lasts": 3600.0, "reason": "intern-reason"},
                "intern-person",
            )
            for path in PATHS:
                answer = await there.get(f"/status/open{path}")
                assert answer.status_code == 200, path
                # Figures as words: the page's own port may well be 34503.
                for word in ("intern", "secret-path", rf"\b{town.port}\b", r"\b503\b", r"\bT-1\b"):
                    assert not re.search(word, answer.text), (path, word)


async def test_the_page_says_how_it_is(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=None, **SECTIONS) as there:
            await there.advance(61)
            assert "Everything works" in (await there.get("/status/open")).text
            town.broken.add("secret-path")
            await there.advance(90)
            page = (await there.get("/status/open")).text
            assert "Some services are down" in page
            assert "Shop &amp; &lt;b&gt;" in page
            told = (await there.get("/status/open/summary.json")).json()
            assert [(each["id"], each["state"]) for each in told["services"]] == [("shop-b", "outage")]
            assert told["incidents"][0]["to"] is None
            feed = ElementTree.fromstring((await there.get("/status/open/feed.atom")).text)
            assert feed.findtext(f"{ATOM}entry/{ATOM}title") == "Shop & <b>: going on"
            badge = ElementTree.fromstring((await there.get("/status/open/badge/shop-b.svg")).text)
            assert [each.text for each in badge.iter("{http://www.w3.org/2000/svg}text")] == [
                "Shop & <b>",
                "outage",
            ]


async def test_a_crowd_is_answered_from_memory(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=None, **SECTIONS) as there:
            await there.advance(61)
            first = await there.get("/status/open")
            assert first.headers["cache-control"] == "public, max-age=30"
            again = await there.get("/status/open", **{"if-none-match": first.headers["etag"]})
            assert (again.status_code, again.text) == (304, "")
            summary = await there.get("/status/open/summary.json", origin="https://example.org")
            assert summary.headers["access-control-allow-origin"] == "*"


async def test_pages_for_staff_and_pages_that_are_none(tmp_path: Path) -> None:
    with street() as town:
        async with house(tmp_path, services(town), role=None, **SECTIONS) as there:
            await there.advance(61)
            refused = await there.get("/status/staff")
            assert (refused.status_code, refused.headers["location"]) == (303, "/sign-in?next=/status/staff")
            assert (await there.get("/status/staff/summary.json")).status_code == 303
            for path in ("/status/nothing", "/status/open/badge/nothing.svg", "/status/nothing/feed.atom"):
                assert (await there.get(path)).status_code == 404
            assert (await there.get("/status")).headers["location"] == "/status/open"
            await there.as_(Role.VIEWER)
            staff = await there.get("/status/staff")
            assert (staff.status_code, staff.headers["cache-control"]) == (200, "no-store")


async def test_without_status_pages_there_are_none(tmp_path: Path) -> None:
    async with house(tmp_path, {}, role=None) as there:
        assert (await there.get("/status")).status_code == 404
