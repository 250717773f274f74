"""Lines from a server that has sent more of them than anybody wants."""

from __future__ import annotations

import asyncio
from typing import cast

from checks.connection import Deadline, Fault, Link
from checks.dialogue import Dialogue


def test_lines_that_came_all_at_once_let_others_have_their_turn() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def flooded() -> str:
        reader, nobody = asyncio.StreamReader(), cast("asyncio.StreamWriter", None)
        reader.feed_data(b"x\n" * 10_000)
        dialogue = Dialogue(Link(reader, nobody, "here", "192.0.2.1"), Deadline.after(60))
        waiting = asyncio.create_task(others())
        try:
            while True:
                await dialogue.line("answer")
        except Fault as fault:
            return fault.message
        finally:
            waiting.cancel()

    assert asyncio.run(flooded()) == "here sent more than 2,000 lines"
    assert turns > 50
