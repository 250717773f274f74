"""Rows for explanations, written by hand through a draft: no daemon decided them. Moments are seconds since START."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import StaticPool

from agent.memory import CheckMemory, Draft, World
from agent.store import schema
from agent.store.reader import Reader
from agent.store.save import save
from alerting.incidents.decision import Decided, Decision
from alerting.incidents.incident import Incident, IncidentState
from alerting.incidents.problem import Hold, Member, Problem, Why
from alerting.slo.spans import Klass
from alerting.slo.track import TrackChange
from alerting.state import CheckState, Flip
from checks.base import Status
from checks.registry import all_kinds
from config.loader import load
from config.models import Config
from tests.moving_clock import START
from tests.readings import SECOND, reading

AGENT = "test"


def at(second: float) -> int:
    return START + round(second * SECOND)


@cache
def engine() -> Engine:
    """One store in memory for all tests: SQL is composed once for all of them."""
    made = create_engine("sqlite://", poolclass=StaticPool)
    schema.metadata.create_all(made)
    return made


def configured(directory: Path, services: dict[str, Any], **sections: Any) -> Config:
    agent = {"id": AGENT, "state_dir": str(directory / "state")}
    file = directory / "tocsin.yaml"
    file.write_text(yaml.safe_dump({"agent": agent, "services": services, **sections}), encoding="utf-8")
    return load(file, all_kinds())


def check(**options: Any) -> dict[str, Any]:
    """A check named `home`, looked at every ten seconds."""
    return {"checks": {"home": {"type": "http", "url": "http://127.0.0.1:1/", "every": "10s", **options}}}


class Rows:
    """What a store is to hold of `shop.home` and others. Readings are words as of tests/readings.py, one in 10 s."""

    def __init__(self) -> None:
        self.draft = Draft(World())

    def looks(self, words: str, first: float = 0, *, address: tuple[str, str] = ("shop", "home")) -> None:
        state = CheckState(Status.OK, at(first))
        for number, word in enumerate(words):
            seen = reading(word, START / SECOND + first + 10 * number, message=f"seen {word}")
            self.draft.readings.append((address, "http", seen))
            self.draft.checks.put(address, CheckMemory(state, (), (seen,)))
        self.draft.spans.append((*address, TrackChange((), ((at(first), None, Klass.UP),))))

    def flips(
        self, second: float, after: Status, since: float, *, address: tuple[str, str] = ("shop", "home")
    ) -> None:
        before = Status.DOWN if after is Status.OK else Status.OK
        flip = Flip(before, after, at(since), at(second), f"now {after.value}", ((at(since), after),))
        self.draft.flips.append((address, flip))
        memory = self.draft.check(address)
        state = CheckState(after, at(since))
        self.draft.checks.put(address, CheckMemory(state, memory.track, memory.readings))

    def decides(self, second: float, what: Decided, by: str, **more: Any) -> None:
        fields = {"service": "shop", "rule": "home", "reason": f"{what.value} it is", **more}
        self.draft.decisions.append(Decision(at=at(second), what=what, by=by, **fields))

    def incident(self, number: int, since: float, **more: Any) -> None:
        fields = {
            "service": "shop",
            "rule": "home",
            "occurrence": 1,
            "state": IncidentState.OPEN,
            "severity": "high",
            "level": Status.DOWN,
            "ticket": number,
            "reason": "refused",
            **more,
        }
        self.draft.put_incident(Incident(id=number, opened_at=at(since), **fields))

    def belongs(
        self, number: int, service: str, since: float, until: float | None = None, *, cause: bool
    ) -> None:
        end = None if until is None else at(until)
        member = Member(service, "home", at(since), Status.DOWN, "refused", cause, end)
        self.draft.members.put(number, (*(self.draft.members.get(number) or ()), member))

    def stands(
        self, service: str, since: float, incident: int | None, hold: tuple[Why, str] | None = None
    ) -> None:
        held = Hold(*hold, at(since)) if hold else None
        problem = Problem(
            service, "home", Status.DOWN, at(since), at(since), "refused", incident=incident, hold=held
        )
        self.draft.problems.put(problem.key, problem)

    @contextmanager
    def reader(self, alive: float = 10_000, *, running: bool = True) -> Iterator[Reader]:
        with engine().connect() as connection:
            save(connection, AGENT, self.draft, at(alive))
            yield Reader(connection, AGENT, running=running)
            connection.rollback()
