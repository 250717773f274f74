"""Twenty writers on one ticket through the real socket: nothing is lost, and nobody overwrites unseen."""

from __future__ import annotations

import asyncio
import base64
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from agent.control import Refused, ask
from agent.store.reader import reading
from tests.moving_clock import Driven

WRITERS = 20
_TRIES = 500


def desk(state: Path, verb: str, **arguments: Any) -> Any:
    return ask(state, "desk", verb=verb, arguments=arguments)


def write(state: Path, number: int) -> int:
    """Adds a line to a field, as somebody who looks, thinks and writes; how often another one was faster."""
    for tries in range(_TRIES):
        seen = desk(state, "tickets.set", ticket=1, changes={"title": "Slow"})  # changes nothing: a look
        lines = seen["fields"].get("steps_taken", "")
        changes = {"steps_taken": f"{lines}step {number};"}
        try:
            desk(state, "tickets.set", ticket=1, version=seen["version"], changes=changes)
        except Refused as refusal:
            assert "was changed meanwhile" in str(refusal)
            continue
        return tries
    raise AssertionError("never came to its turn")


def work(state: Path, number: int) -> int:
    desk(state, "tickets.note", ticket=1, text=f"note {number}")
    content = base64.b64encode(f"log {number}".encode()).decode()
    desk(state, "tickets.attach", ticket=1, attachments=[{"name": f"{number}.txt", "content": content}])
    return write(state, number)


def test_twenty_writers_on_one_ticket_lose_nothing(tmp_path: Path) -> None:
    async def run() -> int:
        async with Driven(tmp_path, {}, desk={"attachments": {"max_count": WRITERS}}) as driven:
            state, loop = driven.app.directory, asyncio.get_running_loop()
            await asyncio.to_thread(desk, state, "tickets.open", title="Slow")
            with ThreadPoolExecutor(WRITERS) as pool:
                jobs = [loop.run_in_executor(pool, work, state, number) for number in range(WRITERS)]
                return sum(await asyncio.gather(*jobs))

    overtaken = asyncio.run(run())
    assert overtaken  # else nobody was in anybody's way
    with reading(tmp_path / "state", "test") as store:
        (ticket,) = store.tickets()
        timeline, files = store.timeline(1), store.attachments(1)
    steps = ticket.fields["steps_taken"].split(";")[:-1]
    assert sorted(steps) == sorted(f"step {number}" for number in range(WRITERS))
    notes = [event.text for event in timeline if event.what == "note"]
    assert sorted(notes) == sorted(f"note {number}" for number in range(WRITERS))
    assert [each.number for each in files] == list(range(1, WRITERS + 1))
    assert {each.name for each in files} == {f"{number}.txt" for number in range(WRITERS)}
    assert len([event for event in timeline if event.what == "set"]) == WRITERS
