"""The two pictures of the README, made anew by `python -m tests.browser.pictures`: a shop with a past."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from playwright.async_api import async_playwright

from agent.access.person import Role
from tests.agent.scenarios.street import street
from tests.agent.web.rig import House
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.browser.window import window
from tests.moving_clock import SECOND, START, MovingClock

_DAY = 86_400 * SECOND
_OUT = Path(__file__).parents[2] / "docs" / "web"
_TEAMS = {
    "web": {"title": "Web", "members": [
        {"name": "Agent One", "login": "one", "email": "one@example.org"},
        {"name": "Agent Two", "login": "two", "email": "two@example.org"},
    ]},
    "infra": {"title": "Infrastructure", "members": [{"name": "Agent Three", "email": "three@example.org"}]},
}  # fmt: skip
_TITLES = {
    "shop": ("Classifieds web site", "web", "critical"),
    "payments": ("Payments", "web", "critical"),
    "search": ("Search", "web", "high"),
    "mail": ("Mail", "infra", "high"),
    "backup": ("Backups", "infra", "medium"),
    "dns": ("Name servers", "infra", "high"),
}


def services(town: Any) -> dict[str, Any]:
    return {
        name: {"title": title, "team": team, "criticality": criticality, "checks": {"site": town.check(name)}}
        for name, (title, team, criticality) in _TITLES.items()
    }


def past(directory: Path, name: str, chance: random.Random) -> None:
    """Ninety days of a service: well but for some outages."""
    with closing(sqlite3.connect(directory / "state" / "tocsin.db")) as store:
        store.executemany("INSERT OR IGNORE INTO spans VALUES ('test', ?, '', ?, ?, ?)",
                          [(name, *each) for each in _spans(chance)])  # fmt: skip
        store.commit()


def _spans(chance: random.Random) -> Iterator[tuple[int, int, str]]:
    at = START - 90 * _DAY
    while at < START:
        good = min(START, at + int(chance.expovariate(1 / 14) * _DAY))
        yield at, good, "up"
        bad = min(START, good + int(chance.uniform(0.005, 0.15) * _DAY))
        if good < bad:
            yield good, bad, chance.choice(("down", "degraded", "maintenance"))
        at = max(bad, good + 1)


async def taken() -> None:
    with tempfile.TemporaryDirectory() as place, street() as town:
        directory = Path(place)
        async with House(directory, services(town), teams=_TEAMS):
            pass  # the store is there
        for number, name in enumerate(_TITLES):
            past(directory, name, random.Random(number))
        there = House(directory, services(town), MovingClock(), teams=_TEAMS)
        async with there, async_playwright() as playwright:
            await there.as_(Role.AGENT, "one")
            await there.advance(61)
            town.broken.add("payments")
            await there.advance(90)
            do = there.app.commands.answer
            told = {"title": "Card is refused at the till", "service": "payments", "severity": "high",
                    "reporter": {"name": "Shop floor", "email": "floor@example.org"}}  # fmt: skip
            await do("desk", {"verb": "tickets.open", "arguments": told}, "one")
            await do("desk", {"verb": "tickets.take", "arguments": {"ticket": 2}}, "one")
            said = {"ticket": 2, "text": "The provider answers 503; their status page says nothing yet."}
            await do("desk", {"verb": "tickets.note", "arguments": said}, "one")
            await there.app.figures.turn()
            await there.advance(600)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            async with window(browser, there, (1200, 760)) as seen:
                for name, path in (("overview", "/"), ("ticket", "/tickets/T-2")):
                    await seen.go(path)
                    await seen.page.wait_for_load_state()
                    await seen.page.screenshot(path=_OUT / f"{name}.png")
            await browser.close()


if __name__ == "__main__":
    asyncio.run(taken())
