"""The operators: is this so? True, False, or None for unknown. What is large is counted before it is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable

from config.conditions.facts import Cut, Many
from config.conditions.patterns import Pattern
from config.conditions.same import among, as_number, equal
from config.conditions.tree import Range, Special
from config.conditions.work import Work

# Measured, in steps.
_PER_QUESTION, _PER_HOLDER, _PER_CHILD = 80, 20, 14


def compare(operator: str, left: object, right: object, work: Work) -> bool | None:
    """The answer of a positive operator; its negation is the opposite in every case. Raises TooMuchWork."""
    if left is Special.UNKNOWN or right is Special.UNKNOWN:
        return None
    if left is Special.ABSENT or right is Special.ABSENT:
        return False
    if isinstance(left, Many):
        work.spend(_PER_QUESTION * len(left.values))
        return any_of([compare(operator, one, right, work) for one in left.values])
    if isinstance(right, Many):
        work.spend(_PER_QUESTION * len(right.values))
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
        work.spend(_PER_QUESTION * len(value.values))
        return Many(tuple([length(one, work) for one in value.values]))
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
        if isinstance(here, dict):
            work.spend(_PER_HOLDER + 2 * _PER_CHILD * len(here))
            pending += here.values()
            pending += here
        elif isinstance(here, (list, tuple)):
            work.spend(_PER_HOLDER + _PER_CHILD * len(here))
            pending += here
        elif isinstance(here, str):
            work.spend(len(here) // 10)
        elif isinstance(here, int):
            work.spend(here.bit_length() // 10)


def _in_cut(operator: str, text: str, right: object, work: Work) -> bool | None:
    """What is found in the part received is found; all else stays unknown."""
    if operator == "like" and not (isinstance(right, Pattern) and right.open_end):
        return None
    if operator in ("contains", "matches", "like"):
        return _OPERATORS[operator](text, right, work) or None
    return None


def _order(left: object, right: object, work: Work) -> int | None:
    """-1, 0 or 1; None when the two cannot be put in order."""
    first, second = as_number(left), as_number(right)
    if first is not None and second is not None:
        return (first > second) - (first < second)
    if first is None and second is None and isinstance(left, str) and isinstance(right, str):
        work.spend(min(len(left), len(right)) // 16)
        return (left > right) - (left < right)
    return None


def _within(left: object, right: object, _work: Work) -> bool:
    number = as_number(left)
    return number is not None and isinstance(right, Range) and right.low <= number <= right.high


def _among(left: object, right: object, work: Work) -> bool:
    return isinstance(right, tuple) and among(left, right, work)


def _contains(left: object, right: object, work: Work) -> bool:
    if isinstance(left, (list, tuple)):
        return among(right, left, work)
    part = _as_text(right, work)
    if not isinstance(left, str) or part is None:
        return False
    work.afford(len(left) // 12, f"too much to search through {len(left)} characters once more")
    return part in left


def _matches(left: object, right: object, work: Work) -> bool:
    text = _as_text(left, work)
    return text is not None and isinstance(right, Pattern) and right.found_within(text, work)


def _as_text(value: object, work: Work) -> str | None:
    if isinstance(value, int):
        work.spend(value.bit_length() // 10)
    return written(value)


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


_OPERATORS: dict[str, Callable[[object, object, Work], bool]] = {
    "==": equal,
    "<": lambda left, right, work: _order(left, right, work) == -1,
    "<=": lambda left, right, work: _order(left, right, work) in (-1, 0),
    ">": lambda left, right, work: _order(left, right, work) == 1,
    ">=": lambda left, right, work: _order(left, right, work) in (0, 1),
    "range": _within,
    "in": _among,
    "contains": _contains,
    "matches": _matches,
    "like": _matches,
}
