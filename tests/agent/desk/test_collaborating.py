"""Watchers and sub-tasks: who hears of a ticket, and what is done beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent.control import Refused
from alerting.desk.notices import Notice
from tests.agent.desk.test_recording import CHANNELS, Telling, ask
from tests.moving_clock import Driven

pytestmark = pytest.mark.anyio
TEAMS = {
    "web": {
        "members": [
            {"name": "Agent One", "email": "one@example.org"},
            {"name": "Agent Two", "email": "two@example.org"},
            {"name": "Agent Three"},
        ]
    },
}


def notices(driven: Driven, to: str, kind: str = "") -> list[Notice]:
    found = driven.app.pipeline.world.notices.values()
    return [each for each in found if each.to == to and (not kind or each.kind == kind)]


async def opened(driven: Driven, **more: Any) -> None:
    await ask(driven, "tickets.open", title="Slow", **more)


async def test_a_watcher_hears_of_each_turn_once_and_of_none_before(tmp_path: Path) -> None:
    async with Telling(tmp_path, {}, teams=TEAMS, **CHANNELS) as driven:
        await opened(driven)
        await ask(driven, "tickets.ack", ticket=1)
        await ask(driven, "tickets.watch", ticket=1, person="watcher@example.org")
        await driven.advance(30)
        assert not notices(driven, "watcher@example.org")
        for verb in ("start", "resolve", "reopen", "resolve"):
            more = {"note": "restarted"} if verb == "resolve" else {}
            await ask(driven, f"tickets.{verb}", ticket=1, **more)
            await driven.advance(30)
        said = [each.text.splitlines()[0] for each in notices(driven, "watcher@example.org")]
        assert sorted(said) == ["T-1 is open again.", "T-1 is resolved.", "T-1 is resolved."]


async def test_members_are_known_however_they_are_written(tmp_path: Path) -> None:
    async with Driven(tmp_path, {}, teams=TEAMS) as driven:
        await opened(driven)
        for name in ("agent one", "Agent One", "x@example.org", "X@example.org"):
            document = await ask(driven, "tickets.watch", ticket=1, person=name)
        assert document == {"ticket": "T-1", "watchers": ["Agent One", "x@example.org"]}
        document = await ask(driven, "tickets.unwatch", ticket=1, person="AGENT ONE")
        assert document["watchers"] == ["x@example.org"]
        assert (await ask(driven, "tickets.unwatch", ticket=1, person="nobody"))["watchers"] == [
            "x@example.org"
        ]
        for name in ("Agent Three", "Agent Nine"):
            with pytest.raises(Refused, match="has no address"):
                await ask(driven, "tickets.watch", ticket=1, person=name)


async def test_sub_tasks_are_added_done_once_and_told_to_their_owner(tmp_path: Path) -> None:
    async with Telling(tmp_path, {}, teams=TEAMS, **CHANNELS) as driven:
        await opened(driven)
        await ask(driven, "tickets.task", ticket=1, action="add", text="Ask the vendor", owner="Agent Two")
        await ask(driven, "tickets.task", ticket=1, action="add", text="Look at the log")
        first = await ask(driven, "tickets.task", ticket=1, action="done", number=1)
        driven.clock.move(60)
        again = await ask(driven, "tickets.task", ticket=1, action="done", number=1)
        assert first == again == await ask(driven, "tickets.task", ticket=1, action="list")
        assert [(each["number"], each["owner"], each["done_by"]) for each in again] == [
            (1, "Agent Two", "root"),
            (2, None, None),
        ]
        assert len(notices(driven, "two@example.org", "task")) == 1


@pytest.mark.parametrize(
    ("arguments", "usage"),
    [
        ({"action": "add"}, True),
        ({"action": "add", "text": "x" * 2001}, True),
        ({"action": "burn"}, True),
        ({"action": "done"}, True),
        ({"action": "done", "number": 1}, False),
        ({"action": "done", "number": "1"}, True),
    ],
)
async def test_what_cannot_be_of_a_sub_task_is_refused(
    tmp_path: Path, arguments: dict[str, Any], usage: bool
) -> None:
    async with Driven(tmp_path, {}, teams=TEAMS) as driven:
        await opened(driven)
        with pytest.raises(Refused) as refused:
            await ask(driven, "tickets.task", ticket=1, **arguments)
        assert refused.value.usage is usage
