"""Looking through the closed tickets for what a new one is about, beside the loop and over a real store."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.desk.known_issues import LOOKED
from agent.known_issues import KnownIssues
from agent.store.dialect import FILE_NAME
from tests.moving_clock import Driven

pytestmark = pytest.mark.anyio
SERVICES: dict[str, object] = {"shop": {"checks": {"a": {"type": "cpu", "every": "1h"}}}}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def opened(of: Driven) -> None:
    told = {"title": "Printer on fire", "description": "It burns", "service": "shop"}
    await of.app.commands.answer("desk", {"verb": "tickets.open", "arguments": told}, "one")


async def closed(of: Driven, number: int) -> None:
    for move in ("resolve", "close"):
        await of.app.commands.answer(
            "tickets.move", {"number": number, "move": move, "note": "pull the plug"}, "one"
        )


async def test_a_ticket_that_was_closed_long_ago_is_found(tmp_path: Path) -> None:
    async with Driven(tmp_path, SERVICES) as of:
        await opened(of)
        await closed(of, 1)
        of.app.pipeline.world.forget_ended()
        await opened(of)
        await of.advance(6)
        assert of.app.pipeline.world.tickets[2].known_issue == 1


async def test_a_store_that_cannot_be_read_is_asked_again_the_next_turn(tmp_path: Path) -> None:
    async with Driven(tmp_path, SERVICES) as of:
        await opened(of)
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / FILE_NAME).write_bytes(b"no database" * 100)
        for directory in (tmp_path / "nothing", elsewhere):
            await KnownIssues(directory, of.app.pipeline, of.clock).turn()
        assert LOOKED not in of.app.pipeline.world.tickets[1].steps
        await KnownIssues(of.app.directory, of.app.pipeline, of.clock).turn()
        assert LOOKED in of.app.pipeline.world.tickets[1].steps
