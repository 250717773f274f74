"""What peers' own tests expect of opening and closing, driven through the app with a real web server.

Where a peer does without a recovered message or takes no ticket for opened until its message got through, ours
differs: what is told is decided by what is seen, and delivery catches up.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.agent.scenarios.street import announce, made, street, watched
from tests.agent.test_app import incidents
from tests.fakes.helpdesk import Helpdesk

pytestmark = pytest.mark.anyio
EVERY = 10


def cases(shared: Path) -> dict[str, dict[str, Any]]:
    listed = json.loads((shared / "real" / "cases_alerting.json").read_text(encoding="utf-8"))
    return {case["id"]: case for case in listed}


# By case what the helpdesk is asked for, in all.
DRIVEN = {
    "alert-full-cycle": ("create", "resolve"),
    "alert-closed-silently": ("create", "resolve"),
    "alert-one-one-pushover": ("create", "resolve"),
    "alert-sender-errors": ("create", "resolve", "reopen", "resolve"),
}


def test_every_case_is_driven(shared: Path) -> None:
    assert set(cases(shared)) == {*DRIVEN, "alert-nothing-configured"}


@pytest.mark.parametrize("name", DRIVEN)
async def test_it_opens_and_closes_at_the_same_looks(tmp_path: Path, shared: Path, name: str) -> None:
    """Each step is one look. What the peer's sender failing keeps shut is open here: the outbox delivers it later."""
    case = cases(shared)[name]
    thresholds = case["rule"]
    opened = thresholds["open_after_failures"]
    desk = Helpdesk()
    desk.open()
    with street() as town:
        spec = town.check(
            "home",
            every=f"{EVERY}s",
            retry_every=f"{EVERY}s",
            confirm=opened,
            recover=thresholds["close_after_successes"],
            flapping="off",
        )
        announce(desk, *DRIVEN[name])
        async with watched(tmp_path, desk, {"web": {"checks": {"home": spec}}}) as daemon:
            if case["start"]["open"]:
                town.broken.add("home")
                await daemon.advance(EVERY * opened)
            reachable = True
            for number, step in enumerate(case["steps"]):
                fails = step.get("sender") == "fails"
                if fails and reachable:
                    desk.close()
                elif not fails and not reachable:
                    desk.open()
                reachable = not fails
                (town.broken.add if step["result"] == "fail" else town.broken.discard)("home")
                await daemon.advance(EVERY)
                open_here = any(each.state == "open" for each in incidents(daemon))
                expected = step["alert_open"] or (fails and step["failures_in_row"] >= opened)
                assert open_here == expected, f"step {number}: {step}"
            if not reachable:
                desk.open()
            await daemon.advance(600)
            states = [ticket["state"] for ticket in desk.tickets.values()]
            assert states == ["resolved"]
            told = case.get("messages", {})
            if "opened" in told:
                assert made(desk).count("create") == told["opened"]
                assert made(desk).count("resolve") == told["closed"]
    desk.release()
    desk.close()


async def test_without_any_helpdesk_nothing_fails_and_the_ticket_is_kept_here(
    tmp_path: Path, shared: Path
) -> None:
    assert cases(shared)["alert-nothing-configured"]["messages"] == {"opened": 0}
    from tests.agent.test_app import tickets
    from tests.moving_clock import Driven

    with street() as town:
        town.broken.add("home")
        async with Driven(tmp_path, {"web": {"checks": {"home": town.check("home")}}}) as driven:
            await driven.advance(120)
            assert [each.state for each in tickets(driven)] == ["new"]
