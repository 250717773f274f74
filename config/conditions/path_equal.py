"""When two JSON values are the same, as RFC 9535 has it."""

from __future__ import annotations

from typing import Any, Final

from config.conditions.work import Work


class _Nothing:
    """What a query that finds no node stands for in a comparison."""


NOTHING: Final = _Nothing()
# Measured, in steps.
_PER_PAIR, _PER_CHILD = 60, 14


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
        work.spend(_PER_PAIR + _PER_CHILD * len(left))
        if len(left) != len(right):
            return False
        if left.__class__ is dict:
            if left.keys() != right.keys():
                return False
            pairs = [(value, right[key]) for key, value in left.items()]
        else:
            pairs = list(zip(left, right, strict=True))
        for first, second in pairs:
            kind = first.__class__
            if kind is dict or kind is list:
                if kind is not second.__class__:
                    return False
                pending.append((first, second))
            elif first != second or (kind is bool) is not (second.__class__ is bool):
                return False
    return True
