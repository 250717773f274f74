"""What pages and API have of the daemon: its configuration, its memory, its store to read, and its commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from starlette.requests import Request

from agent.access.person import Person
from agent.clock import Clock
from agent.control import Refused
from agent.memory import World
from agent.reception import Reception
from agent.replays import Replays
from agent.rulebook import Rulebook
from agent.saved_views import SavedViews
from agent.store.access import Entry
from agent.store.reader import Reader, reading
from agent.store.trouble import Trouble
from agent.web.figures import Figures
from agent.web.live import Live
from agent.web.rate import Rate
from checks.base import Kind
from config.models import Config

# As the control socket has it: command, arguments, who asks. Raises control.Refused.
Command = Callable[[str, dict[str, Any], str], Awaitable[Any]]
Known = Callable[[Request], Awaitable[Person | None]]


# Commands that note by themselves.
ADMITTED = ("users.", "tokens.")
_NAMED = ("id", "name", "key", "helpdesk", "title")
_FEW = 5


@dataclass(frozen=True, slots=True)
class Daemon:
    """`config`, `rules` and `world` give what is in force now; none of it changes once given.

    `do` is what commands ask of the control socket, `pace` how often one person may. `who` says who asks, None for
    nobody known.
    """

    config: Callable[[], Config]
    rules: Callable[[], Rulebook]
    world: Callable[[], World]
    clock: Clock
    kinds: Mapping[str, Kind]
    do: Command
    who: Known
    reception: Reception
    figures: Figures
    live: Live
    saved_views: SavedViews
    replays: Replays
    pace: Rate
    unready: Callable[[], list[str]]
    trouble: Callable[[], Trouble | None]

    async def change(self, person: Person, whence: str, command: str, arguments: dict[str, Any]) -> Any:
        """What the command would do, noted under the person's name, in the audit too. Raises control.Refused."""
        entry = Entry(person.name, person.way, command, whence=whence)
        if command == "desk":
            entry = replace(entry, what=str(arguments["verb"]), about=_about(arguments["arguments"]))
        else:
            entry = replace(entry, about=_about(arguments))
        try:
            found = await self.do(command, arguments, person.name)
        except Refused:
            await self.reception.note(replace(entry, outcome="refused"))
            raise
        if not command.startswith(ADMITTED):  # those have been noted
            await self.reception.note(entry)
        return found

    @contextmanager
    def store(self) -> Iterator[Reader]:
        """The store, read-only, as it is at one moment. Raises reader.NoStore. To be used on a thread."""
        agent = self.config().agent
        with reading(Path(agent.state_dir), agent.id) as store:
            yield store


def _about(arguments: Mapping[str, Any]) -> str:
    """What it is done to: a ticket, an id, names."""
    if "ticket" in arguments:
        return f"T-{arguments['ticket']}"
    names = arguments.get("names") or ()
    said = next((arguments[key] for key in _NAMED if arguments.get(key)), "")
    return ", ".join(map(str, names[:_FEW])) or str(said)
