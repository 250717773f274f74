"""What a check has seen, as conditions ask for it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, cast

from config.conditions.path_below import Below, cost_of_descent
from config.conditions.paths import Path
from config.conditions.tree import Special
from config.conditions.work import TooMuchWork, Work, work_for

_TOO_DEEP = object()
_LONGEST_START = 1000
_BEGINS = frozenset('[{"tfn-0123456789')
# Measured, in steps.
_PER_HOLDER, _PER_NAME, _PER_VALUE, _SLOWER, _PER_HEADER = 8, 3, 1.7, 3, 80
_PER_ODD_TEXT, _PER_ODD_BYTE, _PER_ESCAPE = 9, 0.4, 1.6


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
    The body is read as JSON once, and each path looked up once, however many conditions ask: what was found
    is kept by path, and by words that are no paths, with what it cost.
    """

    values: Mapping[str, object]
    headers: Sequence[tuple[str, str]] | None
    body: str | None
    whole: bool = True
    _kept: dict[str, tuple[object, int]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def value(self, name: str) -> object:
        """A value, `Special.ABSENT` for None, `Special.UNKNOWN` for a missing name or NaN."""
        found = self.values.get(name, Special.UNKNOWN)
        if isinstance(found, float) and math.isnan(found):
            return Special.UNKNOWN
        return Special.ABSENT if found is None else found

    def header(self, name: str, work: Work) -> object:
        """Text, Many, or a Special; `name` in lower case. Raises TooMuchWork."""
        if self.headers is None:
            return Special.UNKNOWN
        if "headers" not in self._kept:
            self._kept["headers"] = (_by_name(self.headers), 0)
        found = cast("dict[str, str | Many]", self._kept["headers"][0]).get(name, Special.ABSENT)
        if isinstance(found, Many):
            work.spend(_PER_HEADER * len(found.values))
        return found

    def text(self) -> object:
        """The body: text, Cut, or `Special.UNKNOWN`."""
        if self.body is None:
            return Special.UNKNOWN
        return self.body if self.whole else Cut(self.body)

    def work(self) -> Work:
        """The steps that one evaluation may take."""
        return work_for(len(self.body or ""))

    def select(self, path: Path, work: Work) -> object:
        """The one value at a path, a list of several, or a Special. Raises TooMuchWork."""
        if self.body is None or not self.whole:
            return Special.UNKNOWN
        document = self._document(self.body, work)
        if document is Special.ABSENT:
            return document
        below, cost = self._below(document)
        for name in ("below", "spans")[: path.descends]:
            work.spend_once(name, cost)
        return self._once(path.text, work, lambda: _one_or_all(path.select(document, work, below)))

    def _once(self, name: str, work: Work, look: Callable[[], object]) -> object:
        """Found before, it costs the same again: an answer does not hang on what else was asked of the reading."""
        if name in self._kept:
            found, cost = self._kept[name]
            work.spend_once(name, cost)
            return found
        before = work.left
        found = look()
        self._kept[name] = (found, before - work.left)
        work.paid.add(name)
        return found

    def _document(self, body: str, work: Work) -> object:
        if "size" not in self._kept:
            size = _size(body)
            self._kept["size"] = (size, _cost(body, size))
        if "document" not in work.paid:
            work.afford(self._kept["size"][1], "the answer holds too many values")
            work.paid.add("document")
        if "document" not in self._kept:
            self._kept["document"] = (_read(body), 0)
        document = self._kept["document"][0]
        if document is _TOO_DEEP:
            raise TooMuchWork("the answer is nested too deep")
        return document

    def _below(self, document: object) -> tuple[Below, int]:
        if "below" not in self._kept:
            size = cast("_Size", self._kept["size"][0])
            self._kept["below"] = (Below(document), cost_of_descent(size.holders, size.holders + size.commas))
        below, cost = self._kept["below"]
        return cast("Below", below), cost


def _by_name(headers: Sequence[tuple[str, str]]) -> dict[str, str | Many]:
    """By their names in lower case."""
    values: dict[str, list[str]] = {}
    for header, text in headers:
        values.setdefault(header.lower(), []).append(text)
    return {name: found[0] if len(found) == 1 else Many(tuple(found)) for name, found in values.items()}


class _Size(NamedTuple):
    """How many lists and objects a JSON text has, names, and values that are followed by another, at most."""

    holders: int
    names: int
    commas: int


def _size(body: str) -> _Size:
    start = body[:_LONGEST_START].lstrip(" \t\r\n")[:1]
    if start and start not in _BEGINS:
        return _Size(0, 0, 0)
    return _Size(body.count("[") + body.count("{"), body.count(":"), body.count(","))


def _cost(body: str, size: _Size) -> int:
    """The steps that reading it takes at most; few for what cannot be JSON."""
    inside = int(_PER_HOLDER * size.holders + _PER_NAME * size.names + _PER_VALUE * size.commas)
    escapes = body.count("\\") if "\\" in body else 0
    odd = 0 if body.isascii() else len(body.encode("utf-8", "replace")) - len(body)
    texts = min(size.holders + size.names + size.commas, escapes + odd)
    letters = len(body) // 20 + int(_PER_ODD_TEXT * texts + _PER_ODD_BYTE * odd + _PER_ESCAPE * escapes)
    return letters + inside * (1 if _whole_letters(body) else _SLOWER)


def _whole_letters(body: str) -> bool:
    """Whether it holds no half of a surrogate pair, not even as an escape."""
    if "\\ud" in body or "\\uD" in body:
        return False
    try:
        body.encode()
    except UnicodeEncodeError:
        return False
    return True


def _read(body: str) -> object:
    """The JSON document, `Special.ABSENT` when it is none, or _TOO_DEEP."""
    try:
        return _quick(body) if _whole_letters(body) else _slow(body)
    except RecursionError:
        return _TOO_DEEP
    except ValueError as error:
        return _TOO_DEEP if "recursion limit" in str(error) else Special.ABSENT


def _quick(body: str) -> object:
    # Twice as quick as Python's own, but it takes no half of a surrogate pair.
    from pydantic_core import from_json  # not loaded until a path is asked for

    document: object = from_json(body, allow_inf_nan=False, cache_strings="keys")
    return document


def _slow(body: str) -> object:
    try:
        document: object = json.loads(body, parse_constant=_refuse)
    except ValueError:
        return Special.ABSENT
    return document


def _refuse(word: str) -> object:
    raise ValueError(f"{word} is not JSON")


def _one_or_all(found: list[object]) -> object:
    if not found:
        return Special.ABSENT
    if len(found) > 1:
        return found
    return Special.NULL if found[0] is None else found[0]
