"""When two JSON values are the same, as RFC 9535 has it."""

from __future__ import annotations

from typing import Any, Final

from config.conditions.work import Work


class _Nothing:
    """What a query that finds no node stands for in a comparison."""


NOTHING: Final = _Nothing()


def equal(one: Any, other: Any, work: Work) -> bool:
    """1 equals 1.0, true does not equal 1, and nothing equals nothing."""
    if one.__class__ is dict or one.__class__ is list:
        return one.__class__ is other.__class__ and _deep(one, other, work)
    return (one.__class__ is bool) is (other.__class__ is bool) and bool(one == other)


def _deep(one: Any, other: Any, work: Work) -> bool:
    pending = [(one, other)]
    while pending:
        left, right = pending.pop()
        if left is right:
            continue
        work.spend(20)
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            work.spend(4 * len(left))
            pending.extend((value, right[key]) for key, value in left.items())
        elif isinstance(left, list) and isinstance(right, list):
            if len(left) != len(right):
                return False
            work.spend(4 * len(left))
            pending.extend(zip(left, right, strict=True))
        elif isinstance(left, bool) is not isinstance(right, bool) or left != right:
            return False
    return True
