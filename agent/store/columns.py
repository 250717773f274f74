"""Columns: the values of one name in many readings, small.

Whole numbers, texts and truth come back as they were. Of numbers with a fraction that take more than a few values,
what comes back is at most 1 % off: it stands for the logarithmic bucket that latency sketches have them in
(alerting/slo/sketch.py), so packing twice does not round twice. None, infinite numbers and the like are exact again.

A column is a head, which is JSON, and bits. The head is the list of the different values, of which the bits give
the places if there are several; or, of numbers, `{kind: exceptions}`: `i` for whole ones, `f` for others, `s` for
others by how far their buckets are from that of a sum of other columns; an exception is `[first, how many, value]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, compress, groupby
from operator import add, sub
from typing import Any, TypeAlias

from alerting.slo.bits import MOST, Bits, coded, fixed, plain, series
from alerting.slo.sketch import HIGHEST, LOWEST, bucket_of, value_of

Head: TypeAlias = list[Any] | dict[str, list[list[Any]]]
Column: TypeAlias = Sequence[Any]
_FEW = 4  # different values that stand by themselves
_MOST_OF_ONE = HIGHEST / 16  # so that the sum of some is a number still
_ABOVE = 1 << 16  # more than there are buckets below 1


@dataclass(frozen=True, slots=True)
class Packed:
    """A column's head and bits, and what will come back of it."""

    head: Head
    bits: str
    kept: Column


def pack(column: Column, parts: Sequence[Column] = ()) -> Packed:
    """`parts` are columns that may add up to this one, as they will come back; `unpack` must be given them too."""
    different = dict.fromkeys(zip(map(type, column), column, strict=True))
    if len(different) == 1:
        return Packed([column[0]], "", column)
    sorts = _sorts(column)
    sort = "f" if sorts.count("f") > sorts.count("i") else "i"
    if len(different) > _FEW and 2 * sorts.count(sort) > len(column):
        return _numbers(column, sorts, sort, parts)
    places = {value: place for place, value in enumerate(different)}
    return Packed(
        [value for _, value in different],
        _placed([places[type(value), value] for value in column], len(different)),
        column,
    )


def unpack(head: Any, bits: Bits, count: int, parts: Sequence[Column] = ()) -> list[Any]:
    """The inverse of `pack`. Raises ValueError, TypeError, LookupError or OverflowError for what was never packed."""
    if isinstance(head, list):
        return head * count if len(head) == 1 else [head[place] for place in _places(bits, count, len(head))]
    ((kind, exceptions),) = head.items()
    column: list[Any] = bits.series(count)
    if kind == "s":
        column = list(map(add, column, _sums(parts)))
    if kind != "i":
        column = list(map(_value, column))
    for first, length, value in exceptions:
        column[first : first + length] = [value] * len(column[first : first + length])
    return column


def _placed(places: list[int], different: int) -> str:
    """Either each by itself, or how long each of them goes on."""
    runs = [(place, len(list(run))) for place, run in groupby(places)]
    width = (different - 1).bit_length()
    lasting = plain(len(runs)) + coded([length - 1 for _, length in runs])
    return min(
        "0" + fixed(places, width), "1" + lasting + fixed([place for place, _ in runs], width), key=len
    )


def _places(bits: Bits, count: int, different: int) -> list[int]:
    width = (different - 1).bit_length()
    if not bits.fixed(1, 1)[0]:
        return bits.fixed(count, width)
    runs = bits.plain()
    if runs > count:
        raise ValueError(f"{runs} runs in {count} readings")
    lengths = [length + 1 for length in bits.coded(runs)]
    if sum(lengths) != count:
        raise ValueError(f"runs of {sum(lengths)} in {count} readings")
    return [
        place for place, length in zip(bits.fixed(runs, width), lengths, strict=True) for _ in range(length)
    ]


def _numbers(column: Column, sorts: list[str], sort: str, parts: Sequence[Column]) -> Packed:
    """Where a value is an exception, the number before it stands."""
    fits = [each == sort for each in sorts]
    numbers = [_place(value) if sort == "f" else value for value in compress(column, fits)]
    ways = [(sort, series(_spread(numbers, fits)))]
    if sort == "f" and parts:
        apart = list(map(sub, numbers, compress(_sums(parts), fits)))
        ways.append(("s", series(_spread(apart, fits))))
    kind, bits = min(ways, key=lambda way: len(way[1]))
    if sort == "f":
        kept = map(_value, numbers)
        column = [next(kept) if fit else value for value, fit in zip(column, fits, strict=True)]
    return Packed({kind: _exceptions(column, fits)}, bits, column)


def _spread(numbers: list[int], fits: list[bool]) -> list[int]:
    """The numbers at the places where they fit, each holding on to the next."""
    if len(numbers) == len(fits):
        return numbers
    places = (max(0, fitting - 1) for fitting in accumulate(fits))
    return [numbers[place] for place in places]


def _exceptions(column: Column, fits: list[bool]) -> list[list[Any]]:
    """Of each run of equal values that do not fit, its first place, its length and the value."""
    marked = ((fit, type(value), None if fit else value) for value, fit in zip(column, fits, strict=True))
    found, place = [], 0
    for (fit, _, value), run in groupby(marked):
        length = len(list(run))
        if not fit:
            found.append([place, length, value])
        place += length
    return found


def _sorts(column: Column) -> list[str]:
    if {*map(type, column)} == {float} and min(column) >= LOWEST and sum(column) <= _MOST_OF_ONE:
        return ["f"] * len(column)
    return list(map(_sort, column))


def _sort(value: Any) -> str:
    """`i` or `f` where a column of such numbers can hold the value."""
    if type(value) is float and (value == 0 or LOWEST <= abs(value) <= _MOST_OF_ONE):
        return "f"
    return "i" if type(value) is int and abs(value) <= MOST else ""


def _place(value: float) -> int:
    """Where the bucket of a number is among those of all numbers; 0 has a place of its own."""
    if abs(value) < LOWEST:
        return 0
    return bucket_of(value) + _ABOVE if value > 0 else -(bucket_of(-value) + _ABOVE)


@lru_cache(1 << 14)
def _value(place: int) -> float:
    if not place:
        return 0.0
    return value_of(place - _ABOVE) if place > 0 else -value_of(-place - _ABOVE)


def _sums(parts: Sequence[Column]) -> list[int]:
    """The place of the sum of each row, as far as it is made of numbers."""
    numbers = [
        [value if sort == "f" else 0.0 for value, sort in zip(part, _sorts(part), strict=True)]
        for part in parts
    ]
    return [_place(sum(row)) for row in zip(*numbers, strict=True)]
