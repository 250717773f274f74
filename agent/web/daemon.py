"""What pages and API have of the daemon: its configuration, its memory, its store to read, and its commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.requests import Request

from agent.access.person import Person
from agent.clock import Clock
from agent.memory import World
from agent.reception import Reception
from agent.replays import Replays
from agent.rulebook import Rulebook
from agent.saved_views import SavedViews
from agent.store.reader import Reader, reading
from agent.web.figures import Figures
from agent.web.live import Live
from agent.web.rate import Rate
from checks.base import Kind
from config.models import Config

# As the control socket has it: command, arguments, who asks. Raises control.Refused.
Command = Callable[[str, dict[str, Any], str], Awaitable[Any]]
Known = Callable[[Request], Awaitable[Person | None]]


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

    @contextmanager
    def store(self) -> Iterator[Reader]:
        """The store, read-only, as it is at one moment. Raises reader.NoStore. To be used on a thread."""
        agent = self.config().agent
        with reading(Path(agent.state_dir), agent.id) as store:
            yield store
