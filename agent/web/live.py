"""What changed a moment ago: compared once a second, and only while somebody watches; kept for a while."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from secrets import token_hex
from typing import Any, TypeVar

from agent.access.person import Person
from agent.memory import World
from agent.views.services import state_of
from agent.web.sight import sees_about, sees_ticket
from alerting.desk.ticket import Ticket
from alerting.incidents.incident import Incident
from alerting.slo.figures import rfc3339
from config.models import Config, Service

EVERY = 1.0
MOST, MOST_OF_ONE = 200, 64
_KEPT = 300
Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Picture:
    """How everything is, as far as pages show it: states by service, tickets by number, incidents by id."""

    services: Mapping[str, str] = field(default_factory=dict)
    tickets: Mapping[int, Ticket] = field(default_factory=dict)
    incidents: Mapping[int, Incident] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Changed:
    """What is another than before, at that moment; tickets and incidents as they are now, or were last."""

    services: Mapping[str, str]
    tickets: tuple[Ticket, ...]
    incidents: tuple[Incident, ...]
    number: int = 0
    at: int = 0


class TooMany(Exception):
    """As many watch as may; the words are for the person."""


class Live:
    """`turn` is to be called once a second; `watching` holds a place, `after` gives what came since a number."""

    def __init__(
        self, config: Callable[[], Config], world: Callable[[], World], now: Callable[[], int]
    ) -> None:
        self._config, self._world, self._now = config, world, now
        self._picture = Picture()
        self._watchers: Counter[str] = Counter()
        self._entered: set[int] = set()
        self._kept: deque[Changed] = deque(maxlen=_KEPT)
        self._woken = asyncio.Event()
        self.number = 0
        self.run = token_hex(4)
        self.ended = False

    @property
    def watchers(self) -> int:
        return self._watchers.total()

    @contextlib.contextmanager
    def watching(self, name: str) -> Iterator[None]:
        """A place among those who watch. Raises TooMany."""
        if self.watchers >= MOST:
            raise TooMany(f"{MOST} pages are watching already")
        if self._watchers[name] >= MOST_OF_ONE:
            raise TooMany(f"{name} is watching {MOST_OF_ONE} times already")
        if not self.watchers:
            self._begin()
        self._watchers[name] += 1
        try:
            yield
        finally:
            self._watchers[name] -= 1
            self._watchers += Counter()  # those who left are forgotten

    def _begin(self) -> None:
        """What was before is not known to have stood still: earlier numbers are good no more."""
        self._kept.clear()
        self.run = token_hex(4)
        self._picture = taken(self._config().services.values(), self._world())

    def entered(self, tickets: Collection[int]) -> None:
        """Something was written into the timelines of these."""
        if self.watchers:
            self._entered.update(tickets)

    async def turn(self) -> None:
        if not self.watchers:
            return
        after = taken(self._config().services.values(), self._world())
        found = compared(self._picture, after, self._entered)
        self._picture, self._entered = after, set()
        if found is not None:
            self.number += 1
            self._kept.append(replace(found, number=self.number, at=self._now()))
            self._wake()

    def end(self) -> None:
        """All who watch are told to go."""
        self.ended = True
        self._wake()

    def _wake(self) -> None:
        self._woken.set()
        self._woken = asyncio.Event()

    async def wait(self, number: int, seconds: float) -> None:
        """Until something changed since that number, or so long."""
        if number == self.number and not self.ended:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), seconds)

    def after(self, number: int) -> list[Changed] | None:
        """What came since then, the oldest first; None where that is not known any more."""
        if number == self.number:
            return []
        if not self._kept or number < self._kept[0].number - 1 or number > self.number:
            return None
        return [each for each in self._kept if each.number > number]


def taken(services: Iterable[Service], world: World) -> Picture:
    return Picture(
        {each.name: state_of(world, each) for each in services},
        dict(world.tickets),
        {each.id: each for each in world.incidents.values()},
    )


def compared(before: Picture, after: Picture, entered: Collection[int] = ()) -> Changed | None:
    """What is another; None where nothing is. Into the timelines of the `entered` tickets something was written."""
    services = {name: state for name, state in after.services.items() if before.services.get(name) != state}
    changed = _others(before.tickets, after.tickets, lambda each: each.version)
    written = [after.tickets[number] for number in entered if number in after.tickets]
    tickets = {each.number: each for each in (*changed, *written)}
    incidents = _others(before.incidents, after.incidents, _looks)
    if not services and not tickets and not incidents:
        return None
    return Changed(services, tuple(tickets.values()), incidents)


def _others(
    before: Mapping[Key, Value], after: Mapping[Key, Value], looks: Callable[[Value], object]
) -> tuple[Value, ...]:
    """Those that came, went, or look another way than before."""
    gone = [value for key, value in before.items() if key not in after]
    new = [
        value
        for key, value in after.items()
        if (old := before.get(key)) is not value and (old is None or looks(old) != looks(value))
    ]
    return (*new, *gone)


def _looks(incident: Incident) -> object:
    """The reason may name another figure with every look, and is none of it."""
    return (incident.state, incident.severity, incident.level, incident.ticket, incident.merged_into)


def told(changes: Iterable[Changed], config: Config, person: Person) -> dict[str, Any] | None:
    """What the person may know of them, as one; None where that is nothing."""
    services: dict[str, str] = {}
    tickets: dict[str, None] = {}
    incidents: dict[int, None] = {}
    at = 0
    for each in changes:
        at = each.at
        services.update(
            {name: state for name, state in each.services.items() if sees_about(config, person, name)}
        )
        tickets.update({one.id: None for one in each.tickets if sees_ticket(config, person, one)})
        incidents.update({one.id: None for one in each.incidents if sees_about(config, person, one.service)})
    if not services and not tickets and not incidents:
        return None
    return {
        "at": rfc3339(at),
        "services": services,
        "tickets": list(tickets),
        "incidents": list(incidents),
    }
