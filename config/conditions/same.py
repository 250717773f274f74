"""When two values are the same to an operator: a text that is wholly a number equals it, "true" equals true."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from config.conditions.tree import Special
from config.conditions.work import Work

_NUMERIC = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_BASED = re.compile(r"0(?:x[0-9a-fA-F]+|o[0-7]+|b[01]+)")
_LONGEST_NUMBER = 400
_NUMBERS_BEGIN = frozenset("+-0123456789")
_BOOLEANS = {"true": True, "false": False}
_NULLS = frozenset({type(None), Special})
_PLAIN = frozenset({str, int, float, bool})
# Measured, in steps.
_PER_PAIR, _PER_CHILD, _PER_MEMBER, _PER_SCALARS = 75, 12, 20, 90
_PER_LISTED, _PER_LOOKED_AT, _PER_TEXT = 2, 4, 10


def equal(left: object, right: object, work: Work) -> bool:
    """Whether two values are the same, whatever is inside them. Raises TooMuchWork."""
    pending: list[Any] = [(left, right)]
    while pending:
        one, other = pending.pop()
        if one is other:
            continue
        if not (isinstance(one, (dict, list, tuple)) and isinstance(other, (dict, list, tuple))):
            work.spend(_PER_SCALARS)
            if not _same(one, other):
                return False
            continue
        if isinstance(one, dict) is not isinstance(other, dict) or len(one) != len(other):
            return False
        pairs = _pairs(one, other, work)
        if pairs is None:
            return False
        for first, second in pairs:
            if first.__class__ is second.__class__ and first.__class__ in _PLAIN:
                if first is not second and first != second:
                    return False
            else:
                pending.append((first, second))
    return True


def _pairs(one: Any, other: Any, work: Work) -> Sequence[tuple[Any, Any]] | None:
    """What must be the same inside two lists of one length, or two objects; None when they differ already."""
    if not isinstance(one, dict):
        work.spend(_PER_PAIR + _PER_CHILD * len(one))
        return list(zip(one, other, strict=True))
    work.spend(_PER_PAIR + _PER_MEMBER * len(one))
    return [(value, other[key]) for key, value in one.items()] if one.keys() == other.keys() else None


def among(wanted: object, values: Sequence[object], work: Work) -> bool:
    """Whether it equals one of the values. Raises TooMuchWork."""
    work.spend(_PER_SCALARS + _PER_LISTED * len(values))
    if isinstance(wanted, dict):
        return any(equal(one, wanted, work) for one in values if isinstance(one, dict))
    if isinstance(wanted, (list, tuple)):
        return any(equal(one, wanted, work) for one in values if isinstance(one, (list, tuple)))
    # Told at once, and mostly enough: comparing each would take several times as long.
    kinds = set(map(type, values))
    if is_null(wanted):
        return not kinds.isdisjoint(_NULLS) and any(is_null(one) for one in values)
    if kinds.isdisjoint(_PLAIN):
        return False
    work.spend(_PER_LOOKED_AT * len(values))
    if isinstance(wanted, str):
        return wanted in values or _said_among(wanted, values, truths=bool in kinds)
    return _said_among(wanted, values, truths=bool in kinds) or (
        str in kinds and _in_texts(wanted, [one for one in values if isinstance(one, str)], work)
    )


def _said_among(wanted: object, values: Sequence[object], *, truths: bool) -> bool:
    """Whether the number, or true or false, that it is or says is among the values."""
    truth = as_boolean(wanted)
    if truth is not None:
        return truths and truth in [one for one in values if one.__class__ is bool]
    number = as_number(wanted)
    # Python takes true for 1.
    plain = [one for one in values if one.__class__ is not bool] if truths else values
    return number is not None and number in plain


def _in_texts(wanted: object, texts: Sequence[str], work: Work) -> bool:
    """Whether one of the texts says it: a number, or true or false."""
    work.spend(_PER_TEXT * len(texts))
    if isinstance(wanted, bool):
        return any(as_boolean(text) is wanted for text in texts if text.strip() in _BOOLEANS)
    return any(as_number(text) == wanted for text in _like_numbers(texts, work))


def _like_numbers(texts: Sequence[str], work: Work) -> Sequence[str]:
    """Those that begin as a number does: the others are most, and soon told."""
    likely = [text for text in texts if len(text) <= _LONGEST_NUMBER and text.lstrip()[:1] in _NUMBERS_BEGIN]
    work.spend(_PER_SCALARS * len(likely) + sum(map(len, likely)))
    return likely


def _same(left: object, right: object) -> bool:
    """Two scalars."""
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if is_null(left) or is_null(right):
        return is_null(left) and is_null(right)
    if isinstance(left, bool) or isinstance(right, bool):
        one, other = as_boolean(left), as_boolean(right)
        return one is not None and one == other
    first, second = as_number(left), as_number(right)
    return first is not None and second is not None and first == second


def as_number(value: object) -> int | float | None:
    """A number, or the one that a text is; true is none."""
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


def as_boolean(value: object) -> bool | None:
    """True or false, or the one that a text says."""
    if isinstance(value, bool):
        return value
    return _BOOLEANS.get(value.strip()) if isinstance(value, str) and len(value) <= _LONGEST_NUMBER else None


def is_null(value: object) -> bool:
    """The null of JSON, by either of its names here."""
    return value is None or value is Special.NULL
