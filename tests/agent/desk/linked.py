"""A desk of tickets in memory that verbs are asked of, one transaction each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from agent.desk.asked import Asked
from agent.desk.engine import Room, work
from agent.desk.rooms import VERBS
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from alerting.desk.parts import Reporter
from alerting.desk.ticket import Ticket, TicketEvent, TicketState
from checks.registry import all_kinds
from config.loader import load

SECOND = 1_000_000
SERVICES: dict[str, Any] = {
    "shop": {"title": "Web shop", "checks": {"a": {"type": "cpu"}}},
    "mail": {"checks": {"a": {"type": "cpu"}}},
}
MEMBER = "Agent One"


class Desk:
    """`rooms` do what is due after each request."""

    def __init__(self, directory: Path, *rooms: Room) -> None:
        file = directory / "tocsin.yaml"
        members = [{"name": MEMBER, "email": "one@example.org"}]
        agent = {"id": "test", "state_dir": str(directory / "state")}
        teams = {"web": {"members": members, "lead": "lead@example.org"}}
        file.write_text(
            yaml.safe_dump({"agent": agent, "teams": teams, "services": SERVICES}), encoding="utf-8"
        )
        self.rules = replace(Rulebook.of(load(file, all_kinds())), notices="mail")
        self.world, self.rooms, self.now = World(), rooms, 1000 * SECOND
        self.events: list[TicketEvent] = []
        self.links: list[tuple[int, str, int]] = []
        self.unlinks: list[tuple[int, str, int]] = []

    def add(self, title: str = "Slow", **changes: Any) -> Ticket:
        """A ticket of a person, and what the desk makes of it."""
        draft = Draft(self.world)
        draft.last_ticket += 1
        of = Reporter(f"Person {draft.last_ticket}", f"person-{draft.last_ticket}@example.org")
        ticket = Ticket(draft.last_ticket, "", "", TicketState.NEW, "low", "low", title, "", self.now, {}, reporter=of,
                        channel="phone", team="web")  # fmt: skip
        draft.tickets.put(ticket.number, replace(ticket, **changes))
        self._commit(draft)
        return self.world.tickets[ticket.number]

    def ask(self, verb: str, **arguments: Any) -> Any:
        """Raises what the verb raises; then nothing is changed."""
        draft = Draft(self.world)
        lines = tuple(each for each in self.events if each.ticket == arguments.get("ticket"))
        answer = VERBS[verb](draft, self.rules, Asked(arguments, "one", self.now, timeline=lines))
        self._commit(draft)
        return answer

    def ticket(self, number: int) -> Ticket:
        return self.world.tickets[number]

    def texts(self, number: int, *, public: bool = False) -> list[str]:
        """The lines of a timeline, or those that a reporter may see."""
        return [each.text for each in self.events if each.ticket == number and not (public and each.internal)]

    def told(self, kind: str) -> list[tuple[str, str]]:
        """Addresses and texts of the notices of that kind."""
        return [(each.to, each.text) for each in self.world.notices.values() if each.kind == kind]

    def _commit(self, draft: Draft) -> None:
        work(draft, self.rules, self.rooms, self.now)
        self.events += draft.events
        self.links += [link[:3] for link in draft.links]
        self.unlinks += draft.unlinks
        draft.settle()
        self.now += SECOND
