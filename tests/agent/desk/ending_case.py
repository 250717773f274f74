"""A desk without sockets or a store: what is asked and what time brings, each in a transaction of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from agent.desk import answering, ending, following_up, surveying, updating, verifying
from agent.desk.asked import Asked
from agent.desk.engine import work
from agent.desk.following_up import heed
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from alerting.desk.notices import Notice
from alerting.desk.parts import Reporter
from alerting.desk.ticket import Move, Ticket, TicketEvent, TicketState, moved
from checks.registry import all_kinds
from config.loader import load
from config.policies import DEFAULT_POLICY, Policy
from tests.moving_clock import SECOND, START

HOUR = 3600 * SECOND
DAY = 24 * HOUR
CALLER = Reporter("Caller", "caller@example.org", "+27 10 000 0000")
ROOMS = (following_up.ROOM, updating.ROOM, ending.ROOM)
VERBS = {**following_up.VERBS, **ending.VERBS, **surveying.VERBS, **answering.VERBS, **verifying.VERBS}
DESK = {"url": "https://help.example.org", "notices": "post"}


class Desk:
    """Tickets under one policy; `notices` and `events` are all that there ever were."""

    def __init__(self, directory: Path, policy: Policy = DEFAULT_POLICY, url: str = DESK["url"]) -> None:
        file = directory / "tocsin.yaml"
        checks = {
            "home": {"type": "command", "command": ["/bin/true"]},
            "cart": {"type": "command", "command": ["x"]},
        }
        tree = {"agent": {"id": "test", "state_dir": "state"}, "services": {"shop": {"checks": checks}}}
        if url:
            tree["desk"] = {"url": url}
        file.write_text(yaml.safe_dump(tree), encoding="utf-8")
        rules = Rulebook.of(load(file, all_kinds()))
        self.rules = replace(rules, notices="post", policies={"default": policy})
        self.world, self.now = World(), START
        self.notices: dict[str, Notice] = {}
        self.events: list[TicketEvent] = []

    def open(self, **more: object) -> int:
        """A ticket that a caller reports now; its number."""
        number = self.world.last_ticket + 1
        plain = Ticket(
            number, "shop", "", TicketState.IN_PROGRESS, "high", "high", "No orders", "", self.now, {}
        )
        plain = replace(plain, channel="phone", reporter=CALLER, assignee="one@example.org")
        draft = Draft(self.world)
        draft.last_ticket = number
        draft.tickets.put(number, replace(plain, **more))  # type: ignore[arg-type]
        self._commit(draft)
        return number

    def ticket(self, number: int = 1) -> Ticket:
        return self.world.tickets[number]

    def move(self, move: Move, number: int = 1, by: str = "Agent One") -> None:
        draft = Draft(self.world)
        draft.tickets.put(number, moved(self.ticket(number), move, self.now, by))
        draft.events.append(TicketEvent(number, self.now, by, move, f"{move} by {by}"))
        self._commit(draft)

    def say(self, text: str, by: str = "Agent One", *, internal: bool) -> None:
        draft = Draft(self.world)
        draft.events.append(TicketEvent(1, self.now, by, "note" if internal else "message", text, internal))
        self._commit(draft)

    def ask(self, verb: str, *, of: int = 1, by: str = "Agent One", **arguments: object) -> Any:
        draft = Draft(self.world)
        told: Mapping[str, Any] = {"ticket": of, **arguments}
        answer = VERBS[verb](draft, self.rules, Asked(told, by, self.now))
        self._commit(draft)
        return answer

    def wait(self, hours: float, steps: int = 1) -> None:
        """Time passes; the desk looks `steps` times meanwhile."""
        for _ in range(steps):
            self.now += round(hours / steps * HOUR)
            draft = Draft(self.world)
            ending.close_watched(draft, self.rules, self.now)
            draft.desk_sweep = True
            self._commit(draft)

    def _commit(self, draft: Draft) -> None:
        heed(draft)
        work(draft, self.rules, ROOMS, self.now)
        self.notices |= draft.notices.changed
        self.events += draft.events
        draft.settle()

    def told(self, kind: str) -> list[Notice]:
        return [each for each in self.notices.values() if each.kind == kind]

    def lines(self, what: str) -> list[str]:
        return [each.text for each in self.events if each.what == what]

    def secret(self, kind: str) -> str:
        """The secret of the link in the latest message of that kind."""
        line = next(each for each in self.told(kind)[-1].text.splitlines() if "/t/" in each)
        return line.rpartition("/t/")[2].partition("-")[2]
