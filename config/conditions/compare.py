"""The operators: is this so? True, False, or None for unknown. What is large is counted before it is looked at."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from config.conditions.facts import Cut, Many
from config.conditions.patterns import Pattern
from config.conditions.tree import Range, Special
from config.conditions.work import Work

_NUMERIC = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BASED = re.compile(r"0(?:x[0-9a-fA-F]+|o[0-7]+|b[01]+)")
_LONGEST_NUMBER = 400
_PER_EQUAL = 70
_BOOLEANS = {"true": True, "false": False}


def compare(operator: str, left: object, right: object, work: Work) -> bool | None:
    """The answer of a positive operator; its negation is the opposite in every case. Raises TooMuchWork."""
    if left is Special.UNKNOWN or right is Special.UNKNOWN:
        return None
    if left is Special.ABSENT or right is Special.ABSENT:
        return False
    if isinstance(left, Many):
        return any_of([compare(operator, one, right, work) for one in left.values])
    if isinstance(right, Many):
        return any_of([compare(operator, left, one, work) for one in right.values])
    if isinstance(left, Cut):
        return _in_cut(operator, left.text, right, work)
    if isinstance(right, Cut):
        return None
    return _OPERATORS[operator](left, right, work)


def any_of(answers: list[bool | None]) -> bool | None:
    """Kleene's or."""
    if True in answers:
        return True
    return None if None in answers else False


def all_of(answers: list[bool | None]) -> bool | None:
    """Kleene's and."""
    if False in answers:
        return False
    return None if None in answers else True


def opposite(answer: bool | None) -> bool | None:
    """Kleene's not."""
    return None if answer is None else not answer


def length(value: object, work: Work) -> object:
    """Characters of a text, elements of a list; of anything else the characters of its JSON, without spaces.

    Null has no length. Raises TooMuchWork.
    """
    if isinstance(value, Many):
        return Many(tuple(length(one, work) for one in value.values))
    if isinstance(value, Cut):
        return Special.UNKNOWN
    if isinstance(value, (str, list, tuple)):
        return len(value)
    if isinstance(value, Special) or value is None:
        return value if value is Special.UNKNOWN else Special.ABSENT
    _spend_on(value, work)
    try:
        return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    except (TypeError, ValueError, RecursionError):
        return Special.ABSENT


def _spend_on(value: object, work: Work) -> None:
    """A few steps for everything inside."""
    pending = [value]
    while pending:
        here = pending.pop()
        work.spend(30 + len(here) // 10 if isinstance(here, str) else 30)
        if isinstance(here, dict):
            pending.extend(here.values())
            work.spend(10 * len(here))
        elif isinstance(here, (list, tuple)):
            pending.extend(here)


def _in_cut(operator: str, text: str, right: object, work: Work) -> bool | None:
    """What is found in the part received is found; all else stays unknown."""
    if operator == "like" and not (isinstance(right, Pattern) and right.open_end):
        return None
    if operator in ("contains", "matches", "like"):
        return _OPERATORS[operator](text, right, work) or None
    return None


def _equal(left: object, right: object, work: Work) -> bool:
    pending = [(left, right)]
    while pending:
        one, other = pending.pop()
        if one is other:
            continue
        work.spend(_PER_EQUAL)
        if isinstance(one, dict) and isinstance(other, dict):
            work.spend(4 * len(one))
            if one.keys() != other.keys():
                return False
            pending.extend((value, other[key]) for key, value in one.items())
        elif isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
            if len(one) != len(other):
                return False
            work.spend(4 * len(one))
            pending.extend(zip(one, other, strict=True))
        elif not _same(one, other):
            return False
    return True


def _same(left: object, right: object) -> bool:
    """Two scalars; a text that is wholly a number equals that number, "true" equals true."""
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if _is_null(left) or _is_null(right):
        return _is_null(left) and _is_null(right)
    if isinstance(left, bool) or isinstance(right, bool):
        one, other = _boolean(left), _boolean(right)
        return one is not None and one == other
    first, second = _number(left), _number(right)
    return first is not None and second is not None and first == second


def _order(left: object, right: object) -> int | None:
    """-1, 0 or 1; None when the two cannot be put in order."""
    first, second = _number(left), _number(right)
    if first is not None and second is not None:
        return (first > second) - (first < second)
    if first is None and second is None and isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    return None


def _within(left: object, right: object, _work: Work) -> bool:
    number = _number(left)
    return number is not None and isinstance(right, Range) and right.low <= number <= right.high


def _among(left: object, right: object, work: Work) -> bool:
    return isinstance(right, tuple) and any(_equal(left, one, work) for one in right)


def _contains(left: object, right: object, work: Work) -> bool:
    if isinstance(left, (list, tuple)):
        if isinstance(right, str) and _number(right) is None and _boolean(right) is None:
            work.spend(2 * len(left))
            return right in left
        return any(_equal(one, right, work) for one in left)
    part = written(right)
    if not isinstance(left, str) or part is None:
        return False
    work.afford(len(left) // 12, f"too much to search through {len(left)} characters once more")
    return part in left


def _matches(left: object, right: object, work: Work) -> bool:
    text = written(left)
    return text is not None and isinstance(right, Pattern) and right.found_within(text, work)


def written(value: object) -> str | None:
    """A scalar as text, 503 as `503`; None for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        try:
            return f"{value:.15g}" if isinstance(value, float) else str(value)
        except ValueError:  # more digits than Python writes
            return None
    return None


def _number(value: object) -> int | float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    return _number_in(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST_NUMBER else None


def _number_in(text: str) -> int | float | None:
    """A text that is a number and nothing else, `0x1f` included; `30s` is none."""
    if _NUMERIC.fullmatch(text):
        return float(text) if any(sign in text for sign in ".eE") else int(text)
    return int(text, 0) if _BASED.fullmatch(text) else None


def _boolean(value: object) -> bool | None:
    if isinstance(value, bool):
        return value
    return _BOOLEANS.get(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST_NUMBER else None


def _is_null(value: object) -> bool:
    return value is None or value is Special.NULL


_OPERATORS: dict[str, Callable[[object, object, Work], bool]] = {
    "==": _equal,
    "<": lambda left, right, _work: _order(left, right) == -1,
    "<=": lambda left, right, _work: _order(left, right) in (-1, 0),
    ">": lambda left, right, _work: _order(left, right) == 1,
    ">=": lambda left, right, _work: _order(left, right) in (0, 1),
    "range": _within,
    "in": _among,
    "contains": _contains,
    "matches": _matches,
    "like": _matches,
}
