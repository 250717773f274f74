"""What is read back of the desk after a restart is what was in memory before it, whatever was done to a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.store.restore import restored
from tests.agent.desk.stored_desk import AGENT, StoredDesk

REPORTER = {"name": "Pat Sample", "email": "pat@example.org", "phone": "+27 11 555 0100", "level": "gold"}
KEPT = ("tickets", "policies", "notices", "roster", "outbox", "last_ticket")
RECORD = {"cause": "full disk", "factors": ["no alert"], "fix": "cleared", "prevention": "an alert"}
# What is done to T-1, which a person reported, to T-2, which nobody did, and to T-3 of the person; hours pass between.
LIFE: tuple[tuple[str, int, dict[str, Any]] | float, ...] = (
    ("ack", 1, {}),
    ("start", 1, {}),
    ("pend", 1, {"waits_for": "vendor"}),
    3,
    ("start", 1, {}),
    ("message", 1, {"text": "we look at it"}),
    ("watch", 1, {"person": "Agent Two"}),
    ("task", 1, {"action": "add", "text": "ask them", "owner": "Agent One"}),
    ("task", 1, {"action": "done", "number": 1}),
    ("escalate", 1, {"reason": "urgent"}),
    ("rca", 1, {**RECORD, "actions": ["Renew it;Agent One;2027-03-01"]}),
    ("resolve", 1, {"note": "restarted"}),
    ("confirm", 1, {"satisfied": False, "text": "no"}),
    ("resolve", 1, {"note": "mended"}),
    ("confirm", 1, {"satisfied": True, "text": "yes"}),
    30,
    ("resolve", 2, {"note": "restarted"}),
    ("merge", 3, {"other": 2}),
    400,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[StoredDesk]:
    found = StoredDesk(tmp_path)
    yield found
    found.close()


def test_restart_brings_back_what_was_in_memory(desk: StoredDesk) -> None:
    desk.open(reporter=REPORTER, severity="critical")
    desk.open(title="Nobody reported it")
    desk.open(reporter=REPORTER, severity="low", channel="phone")
    for step in LIFE:
        if isinstance(step, tuple):
            verb, ticket, said = step
            desk.ask(f"tickets.{verb}", ticket=ticket, **said)
        else:
            desk.wait(step)
        with desk.engine.begin() as connection:
            after, _ = restored(connection, AGENT)
        for name in KEPT:
            assert getattr(after, name) == getattr(desk.world, name), (step, name)
    assert set(desk.world.tickets) == {1}  # closed, with an action that is not done
