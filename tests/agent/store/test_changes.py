"""Changes in the store: as they were told, numbered on over a restart, the newest first."""

from __future__ import annotations

import asyncio
from pathlib import Path

from agent.memory import LAST_CHANGES, Draft, World
from agent.store.changes import changes_since, last_number, save_changes
from agent.store.dialect import writing_engine
from agent.store.migrate import migrate
from agent.store.restore import restored
from alerting.incidents.change import Change
from tests.moving_clock import SECOND, Driven, MovingClock


def change(number: int, at: int = 0, *services: str) -> Change:
    return Change(number, at, "deploy", services, "2.3", "new basket", "ci")


def test_changes_come_back_as_they_were_written_and_only_to_their_agent(tmp_path: Path) -> None:
    engine = writing_engine(tmp_path / "tocsin.db")
    migrate(engine)
    told = [change(1, 10, "shop", "mail"), change(2, 30), change(3, 20)]
    with engine.begin() as connection:
        save_changes(connection, "a", told)
        save_changes(connection, "b", [change(9, 15)])
        assert changes_since(connection, "a", 0, 10) == [told[1], told[2], told[0]]
        assert changes_since(connection, "a", 20, 1) == [told[1]]
        assert (last_number(connection, "a"), last_number(connection, "c")) == (3, 0)
        world, _ = restored(connection, "a")
    engine.dispose()
    assert world.changes == (told[0], told[2], told[1])
    assert world.last_change == 3


def test_memory_keeps_the_latest_and_counts_all() -> None:
    world = World()
    for round_ in range(3):
        draft = Draft(world)
        for number in range(LAST_CHANGES):
            assert draft.note_change(change(0)).number == round_ * LAST_CHANGES + number + 1
        assert world.last_change == round_ * LAST_CHANGES
        draft.settle()
    assert (len(world.changes), world.changes[-1].number) == (LAST_CHANGES, 3 * LAST_CHANGES)


def test_numbers_go_on_after_a_restart(tmp_path: Path) -> None:
    async def run() -> list[str]:
        found, clock = [], MovingClock()
        for _ in range(2):
            async with Driven(tmp_path, {}, clock) as driven:
                found.append((await driven.app.markers.add({"version": "1"}, "ann")).id)
                clock.move(SECOND / SECOND)
        return found

    assert asyncio.run(run()) == ["C-1", "C-2"]
