"""What an event counts as: the names of the patterns it holds, unless it is ignored or not grave enough."""

from __future__ import annotations

import re

from checks.log.events import Event
from checks.log.levels import ERROR, LEVELS, grave
from checks.log.spec import ERRORS, LogSpec, by_line
from config.conditions.patterns import Pattern, regex

_LINES_SEARCHED = 200
# What is said of the begin or end of an event is not said of a text of many lines in another way.
_OF_THE_WHOLE = re.compile(r"\\[AzQ]|\(\?[a-zA-Z]*-")


class Matcher:
    """The operator's patterns, compiled."""

    def __init__(self, spec: LogSpec) -> None:
        self._patterns = [(name, by_line(pattern)) for name, pattern in spec.match]
        self._ignored = [by_line(pattern) for pattern in spec.ignore]
        self._hints = _hints(spec)
        self._least = LEVELS[spec.level] if spec.level else None if spec.match else ERROR

    @property
    def asks_level(self) -> bool:
        return self._least is not None

    def may_match(self, text: bytes) -> bool:
        """False when no line of the text can make an event count; quicker than to ask each of them."""
        return self._hints is None or any(hint.found_in(text) for hint in self._hints)

    def names(self, event: Event) -> frozenset[str]:
        """`errors` for an event that counts, and the names of the patterns that it holds; empty for any other.

        What it counted as before it went on stays, unless it is ignored now.
        """
        if not event.counted and not self._grave(event.level):
            return frozenset()
        found = {name for name, pattern in self._patterns if pattern.found_in(event.text)} | event.counted
        if self._patterns and not found:
            return frozenset()
        return frozenset() if self.ignores(event) else frozenset({ERRORS, *found})

    def ignores(self, event: Event) -> bool:
        """Whether it holds, or held at an earlier look, what is to be ignored."""
        return event.ignored or any(pattern.found_in(event.text) for pattern in self._ignored)

    def first_line(self, event: Event, name: str) -> bytes:
        """The line of the event that made it count under this name: its first one where none does alone."""
        lines = event.text.split(b"\n", _LINES_SEARCHED)
        wanted = self._patterns_of(name)
        hits = (line for line in lines if any(pattern.found_in(line) for pattern in wanted))
        return next(hits, lines[0])

    def _grave(self, level: int | None) -> bool:
        return self._least is None or (level is not None and level <= self._least)

    def _patterns_of(self, name: str) -> list[Pattern]:
        return [pattern for known, pattern in self._patterns if name in (ERRORS, known)]


def _hints(spec: LogSpec) -> list[Pattern] | None:
    """Patterns of which at least one is found wherever an event counts; None when that cannot be said."""
    if spec.field is not None:
        return None
    if spec.level or not spec.match:
        return [regex(grave(LEVELS[spec.level] if spec.level else ERROR))]
    if any(_OF_THE_WHOLE.search(pattern) for _, pattern in spec.match):
        return None
    return [by_line(pattern) for _, pattern in spec.match]
