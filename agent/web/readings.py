"""What a check saw last, in words: its values, and the conditions that it was judged by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from agent.access.person import Person
from agent.web.daemon import Daemon
from agent.web.sight import seen_service
from checks.base import Reading
from checks.readable import readable


@dataclass(frozen=True, slots=True)
class SeenCheck:
    """A check by its address, and its last reading."""

    name: str
    reading: Reading
    values: list[tuple[str, str]]
    conditions: list[tuple[str, str, str]]


def seen_checks(
    daemon: Daemon, person: Person, keys: Iterable[tuple[str, str]], most: int
) -> list[SeenCheck]:
    """The first so many of these checks, by service and name, that the person sees and that were looked at."""
    found = (_seen(daemon, person, *key) for key in dict.fromkeys(keys))
    return list(islice((each for each in found if each is not None), most))


def _seen(daemon: Daemon, person: Person, service: str, name: str) -> SeenCheck | None:
    memory, known = daemon.world().checks.get((service, name)), seen_service(daemon.config(), person, service)
    check = known.checks.get(name) if known is not None else None
    last = memory.last if memory is not None else None
    if check is None or last is None:
        return None
    return SeenCheck(check.address, last, values(daemon, check.kind, last), list(conditions(last)))


def values(daemon: Daemon, kind: str, reading: Reading) -> list[tuple[str, str]]:
    """Names and values in their units; what is not known is left out."""
    known = daemon.kinds.get(kind)
    units = {each.name: each.unit for each in known.values} if known is not None else {}
    return [
        (name, readable(value, units.get(name, "")))
        for name, value in reading.values.items()
        if value is not None
    ]


def conditions(reading: Reading) -> Iterator[tuple[str, str, str]]:
    """What it would be when true, the condition, and what was seen."""
    for judged in reading.conditions:
        seen = ", ".join(f"{name} = {value}" for leaf in judged.leaves for name, value in leaf.seen)
        verdict = {True: judged.level.value, False: "ok", None: "unknown"}[judged.verdict]
        yield verdict, judged.text, seen
