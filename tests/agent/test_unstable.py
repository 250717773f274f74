"""What a person sees of a check that is unstable or flapping, and when it looks: the daemon on a movable clock."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from agent.store.reader import reading
from alerting.state import CheckState
from checks.base import Status
from tests.moving_clock import Driven
from tests.site import Site

TOCSIN = Path(sys.executable).with_name("tocsin")
ADDRESS = ("shop", "home")


def web(site: Site, **options: object) -> dict[str, object]:
    return {"shop": {"checks": {"home": {"type": "http", "url": site.url, "every": "60s", **options}}}}


def state_of(driven: Driven) -> CheckState:
    return driven.app.pipeline.memory(ADDRESS).state


def told(driven: Driven) -> tuple[dict[str, Any], str]:
    """The check as `tocsin status --json` has it, and the table."""
    command = [str(TOCSIN), "status", "--config", str(driven.file)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    document = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True, timeout=60)
    services = json.loads(document.stdout)["services"]
    (home,) = next(each["checks"] for each in services if each["service"] == "shop")
    return home, shown


def classes(driven: Driven) -> list[str]:
    """The classes of the service's time, one after another."""
    with reading(driven.directory / "state", "test") as store:
        return [klass.value for _, _, klass in store.ledger("shop").spans]


def metric(driven: Driven, name: str) -> float:
    lines = driven.app.metrics.page().decode().splitlines()
    (line,) = (line for line in lines if line.startswith(f"tocsin_check_{name}{{") and '"home"' in line)
    return float(line.rpartition(" ")[2])


def test_trouble_that_is_not_confirmed_is_seen_and_the_state_stays(tmp_path: Path) -> None:
    async def go() -> None:
        with Site() as site:
            async with Driven(tmp_path, web(site, confirm="3 of 5", retry_every="20s")) as driven:
                await driven.advance(60)
                assert (metric(driven, "unstable"), metric(driven, "flapping")) == (0, 0)
                site.status = 500
                seen = site.seen
                while site.seen == seen:
                    await driven.advance(1)
                home, shown = told(driven)
                assert (home["state"], home["status"], home["unstable"], home["flapping"]) == (
                    "ok",
                    "down",
                    True,
                    False,
                )
                assert "unstable: status" in shown
                assert metric(driven, "unstable") == 1
                await driven.advance(60)
                home, shown = told(driven)
                assert (home["state"], home["unstable"]) == ("down", False)
                assert "unstable" not in shown

    asyncio.run(go())


def test_a_check_that_keeps_changing_flaps_until_it_is_calm(tmp_path: Path) -> None:
    async def go() -> None:
        with Site() as site:
            async with Driven(tmp_path, web(site, confirm=1, recover=1)) as driven:
                await driven.advance(60)
                for number in range(8):
                    site.status = (500, 200)[number % 2]
                    await driven.advance(60)
                home, shown = told(driven)
                assert (home["flapping"], home["unstable"]) == (True, False)
                assert "flapping: status 200" in shown
                assert metric(driven, "flapping") == 1
                assert state_of(driven).flap_pattern == "x.x.x.x."
                assert classes(driven) == ["up"] + ["down", "up"] * 4
                await driven.advance(20 * 60)
                assert not told(driven)[0]["flapping"]

    asyncio.run(go())


def test_a_recovery_is_looked_for_when_its_time_is_over_and_not_all_the_while(tmp_path: Path) -> None:
    """Every ten minutes, good for three: the first good look, a quick one, one after three minutes."""

    async def go() -> None:
        with Site() as site:
            options = {"every": "10m", "recover_after": "3m", "retry_every": "5s"}
            async with Driven(tmp_path, web(site, **options)) as driven:
                site.status = 500
                await driven.advance(700)
                assert state_of(driven).state is Status.DOWN
                site.status, seen = 200, site.seen
                while site.seen == seen:
                    await driven.advance(1)
                first = state_of(driven).last_at
                await driven.advance(178)
                assert site.seen == seen + 2
                assert state_of(driven).state is Status.DOWN
                await driven.advance(5)
                assert site.seen == seen + 3
                assert (state_of(driven).state, state_of(driven).since) == (Status.OK, first)

    asyncio.run(go())


def test_the_ring_outlives_a_restart(tmp_path: Path) -> None:
    async def go() -> None:
        with Site() as site:
            async with Driven(tmp_path, web(site, confirm=1, recover=1)) as driven:
                for number in range(9):
                    site.status = (200, 500)[number % 2]
                    await driven.advance(60)
                before = state_of(driven)
                assert before.flapping
            async with Driven(tmp_path, web(site, confirm=1, recover=1), driven.clock) as again:
                after = state_of(again)
                assert (after.ring, after.flapping) == (before.ring, True)

    asyncio.run(go())
