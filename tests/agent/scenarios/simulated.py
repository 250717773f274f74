"""The daemon's decisions on a real store, with time, looks and the truth in the test's hand: days pass in a second."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from agent import decide
from agent.desk.tickets import PersonsMove, move_ticket
from agent.memory import Address, Draft, World
from agent.rulebook import Rulebook
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate
from agent.store.reader import Reader, reading
from agent.store.restore import restored
from agent.store.save import save
from agent.views.incidents import incident_document
from alerting.desk.ticket import Ticket, TicketEvent
from alerting.incidents.decision import Decision
from alerting.incidents.incident import Incident
from alerting.incidents.suppression import Suppression
from alerting.state import wants_retry
from checks.registry import all_kinds
from config.loader import load
from tests.readings import WORDS
from tests.readings import reading as made

AGENT = "test"
SECOND = 1_000_000
START = 1_800_000_000
_AT_ONCE = 0.3

# Gives a word of tests.readings for `service.check` at a second of the simulation.
Truth = Callable[[str, float], str]
Change = Callable[[Draft], Any]


class Simulated:
    """Checks are looked at when they are due, and the truth answers. `now` is in seconds since the beginning.

    `looks_late` gives the seconds after which a check is first looked at; `after` is called after each commit.
    """

    def __init__(self, directory: Path, services: dict[str, Any], **sections: Any) -> None:
        self.directory, self.now = directory, 0.0
        self.truth: Truth = lambda _name, _at: "o"
        self.looks_late: Callable[[str], float] = lambda _name: 0.0
        self.after: Callable[[Draft], None] = lambda _draft: None
        self.sections: dict[str, Any] = sections
        self.sweep_every = 5.0
        self._due: list[tuple[float, int, str]] = []
        self._turn = 0
        self._next_sweep = 0.0
        self.rules = Rulebook.of(self._written(services))
        (directory / "state").mkdir(exist_ok=True)
        self._engine = writing_engine(directory / "state" / FILE_NAME)
        migrate(self._engine)
        raw = self._engine.raw_connection()
        raw.cursor().execute("PRAGMA synchronous=OFF")  # whether the disk is honest is another test's
        raw.close()
        self.world = World()
        self.start()

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Simulated:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def moment(self) -> int:
        return int((START + self.now) * SECOND)

    def _written(self, services: dict[str, Any]) -> Any:
        agent = {"id": AGENT, "state_dir": str(self.directory / "state"), "self_service": False}
        path = self.directory / "tocsin.yaml"
        text = json.loads(json.dumps({"agent": agent, "services": services, **self.sections}))
        path.write_text(yaml.safe_dump(text, sort_keys=False), encoding="utf-8")
        return load(path, all_kinds())

    # -- what happens

    def start(self) -> None:
        """As the daemon starts: what was stored is remembered, the time since the last sign of life is unknown."""
        with self._engine.begin() as connection:
            self.world, alive = restored(connection, AGENT)
        self.world.known = alive
        self._next_sweep = self.now
        self.commit(lambda draft: decide.catch_up(draft, self.rules, alive, self.moment))
        self._due = []
        self._ask_for_all()

    def reload(self, services: dict[str, Any]) -> None:
        before, rules = self.rules, Rulebook.of(self._written(services), self.rules)

        def swap(draft: Draft) -> None:
            decide.follow(draft, rules, self.moment, before)
            self.rules = rules

        self.commit(swap)
        self._due = [entry for entry in self._due if self._address(entry[2]) in rules.checks]
        self._ask_for_all()

    def restart(self, off_for: float = 0.0) -> None:
        self.now += off_for
        self.start()

    def record(self, suppression: Suppression) -> None:
        """A hold begins, ends or changes."""
        self.commit(lambda draft: draft.record(self.moment, suppression))

    def move(self, number: int, asked: PersonsMove) -> None:
        self.commit(lambda draft: move_ticket(draft, number, asked, self.moment))

    def advance(self, seconds: float) -> None:
        """Let time pass: what is due is looked at, in the order in which it is due."""
        end = self.now + seconds
        while True:
            due = self._due[0][0] if self._due else float("inf")
            at = min(due, self._next_sweep)
            if at > end:
                break
            self.now = max(self.now, at)
            if at == due:
                self.look(heapq.heappop(self._due)[2])
            else:
                self._sweep()
        self.now = end

    def look(self, name: str) -> None:
        """One look, whatever is due."""
        address = self._address(name)
        check = self.rules.checks.get(address)
        if check is None:
            return
        seen = made(self.truth(name, self.now), START + self.now)
        self.commit(lambda draft: decide.take(draft, self.rules, address, seen))
        spec = self.rules.state_specs[address]
        problem = self.world.problems.get(address)
        left_behind = problem is not None and problem.left_behind
        quick = left_behind or wants_retry(self.world.checks[address].state, spec)
        self._ask_for(name, self.now + (check.retry_every if quick else check.every))

    def commit(self, change: Change) -> None:
        draft = Draft(self.world)
        change(draft)
        decide.conclude(draft, self.rules, self.moment)
        draft.known = self.moment
        with self._engine.begin() as connection:
            save(connection, AGENT, draft, self.moment)
        draft.settle()
        for address in sorted(draft.wanted):
            if address in self.rules.checks:
                self._ask_for(".".join(address), self.now + _AT_ONCE)
        self.after(draft)

    # -- what came of it

    @contextmanager
    def store(self) -> Iterator[Reader]:
        with reading(self.directory / "state", AGENT) as store:
            yield store

    def incidents(self) -> list[Incident]:
        """The oldest first."""
        with self.store() as store:
            return sorted(store.incidents(), key=lambda each: each.id)

    def shown(self) -> list[dict[str, Any]]:
        """As `tocsin incidents --json` tells them, the oldest first."""
        with self.store() as store:
            members = store.decisions().members(None)
        return [incident_document(each, members.get(each.id, ())) for each in self.incidents()]

    def tickets(self) -> list[Ticket]:
        """The oldest first."""
        with self.store() as store:
            return sorted(store.tickets(), key=lambda each: each.number)

    def events(self, number: int) -> list[TicketEvent]:
        with self.store() as store:
            return store.timeline(number)

    def decisions(self, name: str) -> list[Decision]:
        with self.store() as store:
            return store.decisions().of_rule(self._address(name), 0, 2**62)

    # -- within

    def _sweep(self) -> None:
        self._next_sweep = self.now + self.sweep_every
        self.commit(lambda draft: decide.sweep(draft, self.rules, self.moment))
        self.world.forget_ended()

    def _ask_for_all(self) -> None:
        asked = {name for _, _, name in self._due}
        for check in self.rules.checks.values():
            if check.address not in asked:
                self._ask_for(check.address, self.now + self.looks_late(check.address))

    def _ask_for(self, name: str, at: float) -> None:
        """By then at the latest."""
        for number, (due, _, asked) in enumerate(self._due):
            if asked == name:
                if due <= at:
                    return
                del self._due[number]
                heapq.heapify(self._due)
                break
        self._turn += 1
        heapq.heappush(self._due, (at, self._turn, name))

    @staticmethod
    def _address(name: str) -> Address:
        service, _, check = name.partition(".")
        return (service, check)


assert set("ogdu") == set(WORDS)
