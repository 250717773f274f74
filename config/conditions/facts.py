"""What a check has seen, as conditions ask for it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from config.conditions.paths import Path, TooMuchWork
from config.conditions.tree import Special

_SPARE_WORK = 20_000
_WORK_PER_CHARACTER = 2


@dataclass(frozen=True, slots=True)
class Many:
    """The several values of one header: it is enough that one of them satisfies a question."""

    values: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """Text whose end was not received."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """The named values (None = absent), and an answer's headers and body (None = could not be read).

    `whole` is False when the body was cut short: what is not found in it is unknown, not absent.
    The body is read as JSON once, and each path looked up once, however many conditions ask.
    """

    values: Mapping[str, object]
    headers: Sequence[tuple[str, str]] | None
    body: str | None
    whole: bool = True
    _kept: dict[str, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def value(self, name: str) -> object:
        """A value, `Special.ABSENT` for None, `Special.UNKNOWN` for a missing name or NaN."""
        found = self.values.get(name, Special.UNKNOWN)
        if isinstance(found, float) and math.isnan(found):
            return Special.UNKNOWN
        return Special.ABSENT if found is None else found

    def header(self, name: str) -> object:
        """Text, Many, or a Special; `name` in lower case."""
        if self.headers is None:
            return Special.UNKNOWN
        found = tuple(text for header, text in self.headers if header.lower() == name)
        if not found:
            return Special.ABSENT
        return found[0] if len(found) == 1 else Many(found)

    def text(self) -> object:
        """The body: text, Cut, or `Special.UNKNOWN`."""
        if self.body is None:
            return Special.UNKNOWN
        return self.body if self.whole else Cut(self.body)

    def select(self, path: Path) -> object:
        """The one value at a path, a list of several, or a Special."""
        if self.body is None or not self.whole:
            return Special.UNKNOWN
        if path.text not in self._kept:
            self._kept[path.text] = _select(path, self._document(self.body), len(self.body))
        return self._kept[path.text]

    def _document(self, body: str) -> object:
        if "document" not in self._kept:  # no path is called so: each starts with $
            self._kept["document"] = _read(body)
        return self._kept["document"]


def _read(body: str) -> object:
    """The JSON document, or `Special.ABSENT` when it is none (or is nested too deep to be read)."""
    try:
        document: object = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return Special.ABSENT
    return document


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is not JSON")


def _select(path: Path, document: object, size: int) -> object:
    if document is Special.ABSENT:
        return Special.ABSENT
    try:
        found = path.select(document, _SPARE_WORK + _WORK_PER_CHARACTER * size)
    except (TooMuchWork, RecursionError):
        return Special.UNKNOWN
    if not found:
        return Special.ABSENT
    if len(found) > 1:
        return found
    return Special.NULL if found[0] is None else found[0]
