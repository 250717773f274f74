"""Prometheus: what the answer to an instant query says.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from checks.memo_numbers import is_number
from checks.text import visible

_SHOWN, _MOST_NOTES = 200, 5
MOST_SERIES = 200
Labels = Mapping[str, str]


class NoAnswer(Exception):
    """What came is no answer of this interface."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The server says why it gives no result: its own word for the sort of error, and its text."""

    sort: str
    text: str


@dataclass(frozen=True, slots=True)
class Point:
    """One series at one moment (Unix seconds). `value` is None for a native histogram."""

    labels: Labels
    at: float
    value: float | None


@dataclass(frozen=True, slots=True)
class Result:
    """`kind` as the server calls it; the text is that of a string. `more` counts series beyond what is kept."""

    kind: str
    points: tuple[Point, ...] = ()
    text: str | None = None
    notes: tuple[str, ...] = ()
    more: int = 0


def understood(text: str) -> Result | Refusal:
    """The answer. Raises NoAnswer."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise NoAnswer("the answer is no JSON") from None
    match document:
        case {"status": "error"}:
            return Refusal(_text(document.get("errorType")), _text(document.get("error")))
        case {"status": "success", "data": {"resultType": str(kind), "result": result}}:
            return _result(kind, result, _notes(document))
    raise NoAnswer("the answer is JSON, but not of a query")


def _result(kind: str, result: Any, notes: tuple[str, ...]) -> Result:
    if kind == "vector" and isinstance(result, list):
        kept = tuple(_point(each) for each in result[:MOST_SERIES])
        return Result(kind, kept, notes=notes, more=len(result) - len(kept))
    if kind == "scalar":
        at, value = _pair(result)
        return Result(kind, (Point({}, at, _number(value)),), notes=notes)
    if kind == "string":
        at, value = _pair(result)
        return Result(kind, (Point({}, at, None),), text=value, notes=notes)
    if kind == "matrix":
        return Result(kind, notes=notes)
    raise NoAnswer(f'the answer is of an unknown sort, "{visible(kind, 40)}"')


def _point(series: Any) -> Point:
    match series:
        case {"metric": dict(labels), "value": pair}:
            at, value = _pair(pair)
            return Point(_labels(labels), at, _number(value))
        case {"metric": dict(labels), "histogram": [moment, _]} if is_number(moment):
            return Point(_labels(labels), float(moment), None)
    raise NoAnswer("a series of the answer has no value")


def _labels(labels: Mapping[Any, Any]) -> Labels:
    return {str(name): _text(value) for name, value in labels.items()}


def _pair(pair: Any) -> tuple[float, str]:
    """A moment and a value, which is a text as it may be infinite."""
    match pair:
        case [at, str(value)] if is_number(at):
            return float(at), value
    raise NoAnswer("a value of the answer is not of the form [moment, text]")


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise NoAnswer(f'expected a number as value, got "{visible(text, 40)}"') from None


def _notes(document: Mapping[str, Any]) -> tuple[str, ...]:
    """Warnings, and what the server only wants to be known."""
    said = [each for key in ("warnings", "infos") for each in _listed(document.get(key))]
    return tuple(f"the server says: {_text(each)}" for each in said[:_MOST_NOTES])


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return visible(value if isinstance(value, str) else "", _SHOWN)
