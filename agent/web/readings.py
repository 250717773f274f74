"""What a check saw last, in words: its values, and the conditions that it was judged by."""

from __future__ import annotations

from collections.abc import Iterator

from agent.web.daemon import Daemon
from checks.base import Reading
from checks.readable import readable


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
