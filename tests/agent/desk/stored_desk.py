"""The desk over a real store without a daemon: requests and time, one transaction each, read back from the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import event

from agent import decide
from agent.desk.asked import Asked
from agent.desk.rooms import VERBS, WITH_TIMELINE
from agent.memory import Draft, World
from agent.rulebook import Rulebook
from agent.store.dialect import FILE_NAME, writing_engine
from agent.store.migrate import migrate
from agent.store.restore import restored
from agent.store.save import save
from agent.store.tickets import timeline
from alerting.connectors.registry import all_connectors
from alerting.desk.ticket import Ticket, TicketEvent
from checks.registry import all_kinds
from config.loader import load
from tests.moving_clock import START

SECOND = 1_000_000
HOUR = 3600 * SECOND
AGENT = "test"
TEAM = {
    "lead": "lead@example.org",
    "manager": "manager@example.org",
    "members": [
        {"name": "Agent One", "email": "one@example.org", "tier": 1},
        {"name": "Agent Two", "email": "two@example.org", "tier": 2},
    ],
}
CHANNEL = {"mail": {"type": "email", "from": "tocsin@example.org", "server": "127.0.0.1:1", "tls": "none"}}


class Killed(Exception):
    """What stands for a kill -9: nothing after it is written."""


class StoredDesk:
    """A configuration, its store, and a clock of its own. `restart` forgets all that is not in the file."""

    def __init__(self, directory: Path, **sections: Any) -> None:
        self.directory, self.now = directory, START
        file, state = directory / "tocsin.yaml", directory / "state"
        file.write_text(yaml.safe_dump(written(directory, **sections)), encoding="utf-8")
        self.rules = Rulebook.of(load(file, all_kinds(), all_connectors()))
        state.mkdir(exist_ok=True)
        self.engine = writing_engine(state / FILE_NAME)
        migrate(self.engine)
        self.world = World()
        self.restart()

    def restart(self) -> None:
        with self.engine.begin() as connection:
            self.world, _ = restored(connection, AGENT)

    def ask(self, verb: str, **arguments: Any) -> Any:
        """What a person asks, committed."""
        lines: tuple[TicketEvent, ...] = ()
        if verb in WITH_TIMELINE:
            with self.engine.begin() as connection:
                lines = tuple(timeline(connection, AGENT, arguments["ticket"]))
        asked = Asked(arguments, "root", self.now, timeline=lines)
        return self._commit(lambda draft: VERBS[verb](draft, self.rules, asked))

    def open(self, **said: Any) -> int:
        """The number of a new ticket of a person."""
        answer = self.ask("tickets.open", **{"title": "Slow", "description": "It is slow.", **said})
        return int(answer["id"].removeprefix("T-"))

    def wait(self, hours: float) -> None:
        """Time passes; the desk looks once an hour, and at the end."""
        end = self.now + round(hours * HOUR)
        while self.now < end:
            self.now = min(end, self.now + HOUR)
            self.sweep()

    def sweep(self, *, killed_at: int | None = None) -> int:
        """What is due by now; with `killed_at`, as far as that statement. How many statements there were."""
        statements = 0

        def counted(*_: object) -> None:
            nonlocal statements
            statements += 1
            if statements == killed_at:
                raise Killed

        event.listen(self.engine, "before_cursor_execute", counted)
        try:
            self._commit(lambda draft: decide.sweep(draft, self.rules, self.now))
        finally:
            event.remove(self.engine, "before_cursor_execute", counted)
        return statements

    def ticket(self, number: int = 1) -> Ticket:
        return self.world.tickets[number]

    def rows(self, query: str) -> list[Any]:
        connection = sqlite3.connect(self.directory / "state" / FILE_NAME)
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def told(self, kind: str) -> list[tuple[str, int]]:
        """Who was told something of that kind, with the hours since the beginning."""
        found = self.rows('SELECT "to", at, data FROM notices ORDER BY at, "to"')
        return [(to, (at - START) // HOUR) for to, at, data in found if f'"kind":"{kind}"' in data]

    def lines(self, what: str) -> list[str]:
        """The lines of timelines of that sort."""
        found = self.rows("SELECT what, text FROM ticket_events ORDER BY ticket, seq")
        return [text for each, text in found if each == what]

    def close(self) -> None:
        self.engine.dispose()

    def _commit(self, change: Callable[[Draft], Any]) -> Any:
        draft = Draft(self.world)
        answer = change(draft)
        decide.conclude(draft, self.rules, self.now)
        with self.engine.begin() as connection:
            save(connection, AGENT, draft, self.now)
        draft.settle()
        self.world.forget_ended()
        return answer


def written(directory: Path, **sections: Any) -> dict[str, Any]:
    """A whole configuration, with a team and a channel."""
    usual = {
        "agent": {"id": AGENT, "state_dir": str(directory / "state")},
        "teams": {"web": TEAM},
        "channels": CHANNEL,
        "services": {"shop": {"team": "web"}},
    }
    return {**usual, **sections}
