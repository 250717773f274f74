"""Metrics: what a page of an exporter holds, and the words that both of its formats are made of."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from checks.text import visible

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*+"
LABEL_NAME = r"[a-zA-Z_][a-zA-Z0-9_]*+"
REAL = r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?"
NUMBER = rf"(?:{REAL}|[+-]?[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN])"
LONGEST_LINE = 64 * 1024
MOST_SAMPLES = 500_000
MOST_LINES = 2_000_000
BATCH = 4 * 1024
_BREATH = 1e-4
_NUMBER = re.compile(NUMBER)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = {"n": "\n", '"': '"', "\\": "\\"}
NO_CHARACTER = "\ufffd"  # what stands where the bytes were no UTF-8
_SHOWN = 60


class Unreadable(ValueError):
    """A page that is refused as a whole: the number of the line, from 1, and why."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class TooSlow(Exception):
    """Reading was given up at the deadline, at the line of this number."""

    def __init__(self, line: int) -> None:
        super().__init__(f"reading the page took too long (given up at line {line})")


@dataclass(frozen=True, slots=True)
class Sample:
    """One line: a value, and the exporter's own timestamp in seconds since 1970 where it gives one."""

    name: str
    labels: Mapping[str, str]
    value: float
    timestamp: float | None = None


@dataclass(slots=True)
class Page:
    """What was read. `samples` are those whose name was wanted, by name; of a series that came twice the first.

    `names` are all names that occurred, `series` how many lines gave a value, `doubled` series that came twice.
    """

    samples: dict[str, list[Sample]] = field(default_factory=dict)
    names: dict[str, None] = field(default_factory=dict)
    series: int = 0
    doubled: list[str] = field(default_factory=list)


def number(text: str) -> float | None:
    """The number, `Inf` and `NaN` among them; None for what is none or does not fit into 64 bits."""
    return finite_or_named(text) if _NUMBER.fullmatch(text) else None


def finite_or_named(text: str) -> float | None:
    """The number in a text that has the form of one; None where it is too large for a float."""
    value = float(text)
    return None if math.isinf(value) and text[-1] in "0123456789." else value


def unescaped(text: str) -> str:
    """A quoted text as it was meant; an escape that is not known stays as it is."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[0]), text)


def shown(text: str) -> str:
    """A part of the page in quotes, fit for a message."""
    return f'"{visible(text, _SHOWN)}"'


def shown_series(name: str, labels: Mapping[str, str]) -> str:
    """`node_load1` or `up{job="web"}`, fit for a message."""
    listed = ",".join(f'{key}="{visible(value, _SHOWN)}"' for key, value in labels.items())
    return visible(f"{name}{{{listed}}}" if listed else name, 4 * _SHOWN)


def told_apart(rows: Sequence[frozenset[tuple[str, str]]]) -> list[str]:
    """A name for each set of labels, of those that not all share; no two are the same, however long they are."""
    shared = frozenset.intersection(*rows)
    names: dict[str, None] = {}
    for at, row in enumerate(rows, 1):
        name = shown_series("", dict(sorted(row - shared))).strip("{}") or "no labels"
        names[name if name not in names else f"{name} ({at})"] = None
    return list(names)


def batches(text: str, until: float) -> Iterator[tuple[int, list[str]]]:
    """All lines, some at a time, with the number of the first, from 1; a line feed at the end begins no further one.

    A text of up to `BATCH` characters is one batch. Between batches other threads get their turn. Raises
    Unreadable for what no exporter writes, TooSlow when `time.perf_counter()` has come to `until`.
    """
    first, start = 1, 0
    while start < len(text):
        end = text.find("\n", start + BATCH)
        if end < 0:
            end = len(text) - text.endswith("\n")
        lines = text[start:end].split("\n")
        if end - start > BATCH + LONGEST_LINE:
            raise Unreadable(first + len(lines) - 1, f"is longer than {LONGEST_LINE // 1024} KiB")
        yield first, lines
        first, start = first + len(lines), end + 1
        if first > MOST_LINES:
            raise Unreadable(first, f"more than {MOST_LINES} lines (let the exporter send fewer)")
        if start < len(text):
            # The loop waits for the same interpreter, and would else get it every 5 ms only.
            time.sleep(_BREATH)
        if time.perf_counter() > until:
            raise TooSlow(first)


def line_of(text: str, at: int) -> int:
    """The number of the line, from 1, that a place in the text is on."""
    return text.count("\n", 0, at) + 1


def few_enough(series: int, at: int) -> None:
    """Raises Unreadable for a page that would keep the processor from other checks."""
    if series > MOST_SAMPLES:
        raise Unreadable(at, f"more than {MOST_SAMPLES} series (let the exporter send fewer)")
