"""Readings told to a draft, one transaction each, without sockets or a store: what becomes of problems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from agent import decide
from agent.memory import Address, Draft, World
from agent.rulebook import Rulebook
from agent.troubles import began
from alerting.desk.ticket import TicketEvent
from alerting.incidents.incident import Incident, IncidentState
from alerting.incidents.problem import Problem
from alerting.incidents.suppression import Suppression
from checks.registry import all_kinds
from config.loader import load
from tests.moving_clock import START
from tests.readings import SECOND, reading


class Case:
    """A configuration, its World, and a clock of its own; `see` takes readings written as in tests/readings.py."""

    def __init__(self, directory: Path, services: dict[str, Any], **sections: Any) -> None:
        self.directory, self.world, self.now = directory, World(), START
        self.wanted: list[set[Address]] = []
        self.events: list[TicketEvent] = []
        self.rules = self.loaded(services, **sections)

    def loaded(self, services: dict[str, Any], **sections: Any) -> Rulebook:
        file = self.directory / "tocsin.yaml"
        agent = {"id": "test", "state_dir": str(self.directory)}
        file.write_text(yaml.safe_dump({"agent": agent, "services": services, **sections}), encoding="utf-8")
        return Rulebook.of(load(file, all_kinds()))

    def see(self, name: str, word: str, *, times: int = 1, every: float = 1.0) -> None:
        """Readings of `service.check`, or of the service's check `a`: o ok, g degraded, d down, u unknown."""
        for _ in range(times):
            self.now += int(every * SECOND)
            self.see_at(name, word, self.now)

    def see_at(self, name: str, word: str, at: int) -> None:
        """One reading from the moment `at`, committed now."""
        service, _, check = name.partition(".")
        draft = Draft(self.world)
        decide.take(draft, self.rules, (service, check or "a"), reading(word, at / SECOND))
        self._commit(draft)

    def report(self, problem: Problem) -> None:
        """Trouble that no reading tells of, such as a budget's."""
        draft = Draft(self.world)
        began(draft, problem)
        self._commit(draft)

    def wait(self, seconds: float) -> None:
        """Time passes, and the sweep of every few seconds with it."""
        end = self.now + int(seconds * SECOND)
        while self.now < end:
            self.now = min(end, self.now + 5 * SECOND)
            draft = Draft(self.world)
            decide.sweep(draft, self.rules, self.now)
            self._commit(draft)

    def suppress(self, *suppressions: Suppression) -> None:
        """These are in force, or to come, from now on, and no others."""
        draft = Draft(self.world)
        draft.suppressions, draft.unsettled = suppressions, True
        self._commit(draft)

    def reload(self, services: dict[str, Any], **sections: Any) -> None:
        rules, draft = self.loaded(services, **sections), Draft(self.world)
        decide.follow(draft, rules, self.now, self.rules)
        self.rules = rules
        self._commit(draft)

    def _commit(self, draft: Draft) -> None:
        decide.conclude(draft, self.rules, self.now)
        self.wanted.append(draft.wanted)
        self.events += draft.events
        draft.settle()

    @property
    def open(self) -> dict[str, Incident]:
        """The open incidents by `service.rule`."""
        return {
            f"{service}.{rule}": each
            for (service, rule), each in self.world.incidents.items()
            if each.state is IncidentState.OPEN
        }

    def affected(self, name: str) -> set[str]:
        """What belongs to the incident now, besides its own problem."""
        service, _, rule = name.partition(".")
        members = self.world.members.get(self.world.incidents[(service, rule)].id, ())
        return {f"{each.service}.{each.rule}" for each in members if each.until is None and not each.cause}

    def tickets(self) -> dict[int, str]:
        return {number: ticket.state.value for number, ticket in self.world.tickets.items()}
