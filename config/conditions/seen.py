"""What was seen, made fit to be shown: short, printable, JSON-able."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from itertools import takewhile

from config.conditions.compare import written
from config.conditions.facts import Cut, Many
from config.conditions.tree import Special
from config.masks import longest, mask
from config.unit_table import SIZE, TIME

MAX_SHOWN = 200
_WORTH = {**TIME, **SIZE, "%": 0.01}
_LONGEST_SECRET = 64 * 1024


def seen_value(value: object) -> object:
    """A scalar, a short list or object, or text of at most 200 characters; None for absent or unknown."""
    if isinstance(value, Special):
        return None
    if isinstance(value, Many):
        return [seen_value(one) for one in value.values[:MAX_SHOWN]]
    if isinstance(value, Cut):
        return visible(value.text)
    if isinstance(value, str):
        return visible(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (int, float)):
        return value if _plain(value) else visible(written(value) or "a very large number")
    text = _as_json(value)
    if text is None or len(text) > MAX_SHOWN:
        return visible(text or type(value).__name__)
    return _clean(value)


def seen_text(value: object, unit: str = "") -> str:
    """The same for people: text in quotes, `absent`, `unknown`, `null`; numbers in the unit they were compared in."""
    if isinstance(value, Special):
        return value.value
    if isinstance(value, Many):
        return visible(", ".join(_first_texts(value, unit)))
    if unit and isinstance(value, (int, float)) and not isinstance(value, bool) and _plain(value):
        return f"{value / _WORTH[unit]:.4g}{unit}"
    shown = seen_value(value)
    if isinstance(value, (str, Cut)):
        return f'"{shown}"'
    if isinstance(shown, float):
        return f"{shown:.12g}"
    if isinstance(shown, int) and not isinstance(shown, bool):
        return str(shown)
    return shown if isinstance(shown, str) else json.dumps(shown, ensure_ascii=False)


def _first_texts(many: Many, unit: str) -> Iterator[str]:
    """As many as can be shown."""
    room = MAX_SHOWN
    for one in many.values:
        if room < 0:
            return
        text = seen_text(one, unit)
        room -= len(text)
        yield text


def unit_of(literal: str) -> str:
    """The unit at the end of a number as written: `ms` of `800ms`, `%` of `5..10%`, nothing of `200`."""
    if literal[-1:].isdigit():
        return ""
    unit = literal.strip().lstrip("+-0123456789. ")
    return unit if unit in _WORTH else ""


def visible(text: str) -> str:
    """At most 200 characters, secrets masked; what a terminal would not print is written as an escape."""
    short = _beginning(text)
    clean = short
    if not short.isprintable():
        clean = "".join(char if char.isprintable() else _escape(char) for char in short)
    return clean if len(clean) <= MAX_SHOWN else clean[: MAX_SHOWN - 3] + "..."


def _beginning(text: str) -> str:
    """The start of it, just past the limit, with secrets masked before it is cut: half a one would not be known."""
    start = text[: MAX_SHOWN + 1 + longest()]
    if mask(start) == start:
        return start[: MAX_SHOWN + 1]
    # What is masked makes room for more, in which the next secret may begin.
    return mask(text[: MAX_SHOWN + _LONGEST_SECRET])[: MAX_SHOWN + 1]


def _escape(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def _plain(value: int | float) -> bool:
    """Whether every reader of JSON takes this number."""
    return math.isfinite(value) if isinstance(value, float) else abs(value) < 2**63


def _as_json(value: object) -> str | None:
    """The start of the value's JSON, at least just past the limit; None for what is not JSON."""
    try:
        return json.dumps(_start(value, [MAX_SHOWN + 3]), ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        return None


def _start(value: object, room: list[int]) -> object:
    """As much of it as can be shown, so that a large value costs no more than a small one."""
    room[0] -= 2  # what parts it from the next
    if isinstance(value, str):
        start = value if len(value) <= MAX_SHOWN else _beginning(value)
        room[0] -= len(start)
        return start
    if isinstance(value, dict):
        return {
            str(_start(str(key), room)): _start(inner, room)
            for key, inner in takewhile(lambda _: room[0] > 0, value.items())
        }
    if isinstance(value, (list, tuple)):
        return [_start(inner, room) for inner in takewhile(lambda _: room[0] > 0, value)]
    if isinstance(value, int):
        room[0] -= max(1, value.bit_length() * 3 // 10)
    else:
        room[0] -= len(repr(value)) if isinstance(value, float) else 4
    return value


def _clean(value: object) -> object:
    """A short list or object with every text in it printable; its size bounds the depth."""
    if isinstance(value, dict):
        return {visible(str(key)): _clean(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(inner) for inner in value]
    return seen_value(value)
