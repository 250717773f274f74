"""The desk after a start, and when much is due at once: nothing waits for the next sweep, nothing is done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from agent.desk.asked import Asked
from agent.desk.rooms import VERBS
from agent.memory import Draft
from agent.store.reader import reading
from alerting.desk.ticket import Ticket
from tests.moving_clock import SECOND, START, Driven, MovingClock

HOUR = 3600 * SECOND
MANY = 101


async def opened(driven: Driven, count: int) -> None:
    """So many tickets of high priority, which nobody touches."""
    pipeline, now = driven.app.pipeline, driven.clock.now()

    def change(draft: Draft) -> None:
        for number in range(count):
            said = {"title": f"Slow {number}", "severity": "high"}
            VERBS["tickets.open"](draft, pipeline.rules, Asked(said, "root", now))

    await pipeline.change(change)


def stored(directory: Path) -> list[Ticket]:
    with reading(directory / "state", "test") as store:
        return list(store.tickets())


def test_what_came_due_meanwhile_is_done_at_the_start_and_noted_at_its_real_moment(tmp_path: Path) -> None:
    async def run() -> list[Ticket]:
        clock = MovingClock()
        async with Driven(tmp_path, {}, clock) as driven:
            await opened(driven, 1)
        clock.at += 30 * HOUR
        async with Driven(tmp_path, {}, clock) as driven:
            await driven.app.pipeline.idle()
            return stored(tmp_path)

    (ticket,) = asyncio.run(run())
    (line,) = ticket.escalations
    assert (line.from_tier, line.to_tier) == (1, 2)
    assert (line.at, ticket.steps["escalate:2"], ticket.tier_since) == (START + 30 * HOUR,) * 3
    assert line.spent == 30 * 3600


def test_what_is_due_at_one_moment_is_all_done_however_much_it_is(tmp_path: Path) -> None:
    async def run() -> list[Ticket]:
        async with Driven(tmp_path, {}) as driven:
            await opened(driven, MANY)
            driven.clock.move(24 * 3600)
            await driven.app.pipeline.checkpoint()
            await driven.app.pipeline.idle()
            return stored(tmp_path)

    with capture_logs():
        found = asyncio.run(run())
    assert [len(each.escalations) for each in found] == [1] * MANY
