"""What a check has seen, as conditions ask for it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from config.conditions.paths import Path
from config.conditions.tree import Special
from config.conditions.work import TooMuchWork, Work, work_for

# The reader that comes with pydantic is twice as quick as Python's, but takes no half of a surrogate pair.
_TOO_DEEP = object()
_BEGIN = re.compile(r"[ \t\r\n]*[\[{\"tfn0-9-]")
# Measured, in steps.
_PER_CONTAINER, _PER_NAME, _PER_VALUE = 8, 3, 1.5


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
    _kept: dict[str, tuple[object, int]] = field(default_factory=dict, init=False, repr=False, compare=False)

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

    def work(self) -> Work:
        """The steps that one evaluation may take."""
        return work_for(len(self.body or ""))

    def select(self, path: Path, work: Work) -> object:
        """The one value at a path, a list of several, or a Special. Raises TooMuchWork."""
        if self.body is None or not self.whole:
            return Special.UNKNOWN
        # Found before, a path costs the same again: an answer does not hang on what else was asked of the reading.
        if path.text in self._kept:
            found, cost = self._kept[path.text]
            work.spend_once(path.text, cost)
            return found
        document = self._document(self.body, work) if _BEGIN.match(self.body) else Special.ABSENT
        before = work.left
        found = document if document is Special.ABSENT else _one_or_all(path.select(document, work))
        self._kept[path.text] = (found, before - work.left)
        work.paid.add(path.text)
        return found

    def _document(self, body: str, work: Work) -> object:
        # No path is called so: each starts with $.
        if "cost" not in self._kept:
            inside = _PER_NAME * body.count(":") + int(_PER_VALUE * body.count(","))
            self._kept["cost"] = (None, _PER_CONTAINER * (body.count("[") + body.count("{")) + inside)
        if "document" not in work.paid:
            work.afford(self._kept["cost"][1], "the answer holds too many values")
            work.paid.add("document")
        if "document" not in self._kept:
            self._kept["document"] = (_read(body), 0)
        document = self._kept["document"][0]
        if document is _TOO_DEEP:
            raise TooMuchWork("the answer is nested too deep")
        return document


def _read(body: str) -> object:
    """The JSON document, `Special.ABSENT` when it is none, or _TOO_DEEP."""
    try:
        return _slow(body) if "\\ud" in body or "\\uD" in body else _quick(body)
    except TypeError:  # half a surrogate pair, not even as an escape
        return _slow(body)
    except RecursionError:
        return _TOO_DEEP
    except ValueError as error:
        return _TOO_DEEP if "recursion limit" in str(error) else Special.ABSENT


def _quick(body: str) -> object:
    from pydantic_core import from_json  # not loaded until a path is asked for

    document: object = from_json(body, allow_inf_nan=False)
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
