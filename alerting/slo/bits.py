"""Numbers as a row of bits that is short where they are small, or close to each other.

A number is its upper part in ones, a zero, and its lowest k bits (Golomb and Rice's code), k as fits them all best.
What would take too many ones is written out behind its length.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

MOST = 1 << 60  # of a number, either side of 0
_WIDTH = 6  # bits of a width or of k
_ALL_ZERO = 63
_ONES = 20
_STARTS = tuple("1" * ones + "0" for ones in range(_ONES))


def plain(number: int) -> str:
    """A number of 0 to MOST by itself."""
    return f"{number.bit_length():0{_WIDTH}b}{number:b}" if number else "0" * _WIDTH


def fixed(numbers: Sequence[int], width: int) -> str:
    """Numbers that fit into so many bits."""
    return "".join([f"{number:0{width}b}" for number in numbers])


def coded(numbers: Sequence[int]) -> str:
    """Numbers of 0 to 8 x MOST; how many there are is not among the bits."""
    if not any(numbers):
        return f"{_ALL_ZERO:0{_WIDTH}b}"
    _, k = _fitting(numbers)
    more, mask, most = 1 << k, (1 << k) - 1, _ONES << k
    # The bit on top keeps the zeros below it and is cut off again.
    each = [
        _STARTS[number >> k] + f"{number & mask | more:b}"[1:] if number < most else _long(number)
        for number in numbers
    ]
    return f"{k:0{_WIDTH}b}" + "".join(each)


def series(numbers: Sequence[int]) -> str:
    """Numbers of -MOST to MOST, at least one: by how far they are from the usual one, or by how they change."""
    changes = [after - before for before, after in pairwise(numbers)] or [0]
    middle, usual = _middle(numbers), _middle(changes)
    apart, moved = _apart(numbers, middle), _apart(changes, usual)
    if _fitting(apart) <= _fitting(moved):
        return "0" + _signed(middle) + coded(apart)
    return "1" + _signed(numbers[0]) + _signed(usual) + coded(moved)


def to_bytes(bits: str) -> bytes:
    """The bits behind a one, which says where they begin."""
    return int("1" + bits, 2).to_bytes(len(bits) // 8 + 1, "big")


class Bits:
    """Takes the numbers out again, in order. Raises ValueError where the bits are none of these."""

    def __init__(self, packed: bytes) -> None:
        self._bits, self._at = f"{int.from_bytes(packed, 'big'):b}", 1
        if self._bits == "0":
            raise ValueError("no bits at all")

    def plain(self) -> int:
        """The inverse of `plain`."""
        width = self._take(_WIDTH)
        return self._take(width) if width else 0

    def coded(self, count: int) -> list[int]:
        """The inverse of `coded`."""
        k = self._take(_WIDTH)
        return [0] * count if k == _ALL_ZERO else [self._number(k) for _ in range(count)]

    def fixed(self, count: int, width: int) -> list[int]:
        """The inverse of `fixed`."""
        return [self._take(width) for _ in range(count)]

    def series(self, count: int) -> list[int]:
        """The inverse of `series`."""
        if not self._take(1):
            return self._around(count)
        first = _with_sign(self.plain())
        return list(accumulate(self._around(max(1, count - 1)), initial=first))[:count]

    def end(self) -> None:
        """Nothing must be left."""
        if self._at != len(self._bits):
            raise ValueError("more bits than numbers")

    def _around(self, count: int) -> list[int]:
        middle = _with_sign(self.plain())
        return [middle + _with_sign(number) for number in self.coded(count)]

    def _number(self, k: int) -> int:
        end = self._bits.find("0", self._at, self._at + _ONES)
        if end < 0:
            self._at += _ONES
            return self._take(self._take(_WIDTH + 1))
        high, self._at = end - self._at, end + 1
        return high << k | self._take(k) if k else high

    def _take(self, width: int) -> int:
        start, self._at = self._at, self._at + width
        if self._at > len(self._bits):
            raise ValueError("the bits end too early")
        return int(self._bits[start : self._at], 2)


def _fitting(numbers: Sequence[int]) -> tuple[int, int]:
    """About how many bits it takes, and with which k; a few outliers have no say."""
    ordered = sorted(numbers)
    total, usual = sum(ordered[: len(ordered) - len(ordered) // 20]), ordered[len(ordered) // 2].bit_length()
    choices = range(max(0, usual - 2), min(usual + 2, _ALL_ZERO))
    return min(((total >> k) + k * len(ordered), k) for k in choices)


def _long(number: int) -> str:
    return f"{'1' * _ONES}{number.bit_length():0{_WIDTH + 1}b}{number:b}"


def _middle(numbers: Sequence[int]) -> int:
    return sorted(numbers)[len(numbers) // 2]


def _apart(numbers: Sequence[int], middle: int) -> list[int]:
    return [2 * (number - middle) if number >= middle else 2 * (middle - number) - 1 for number in numbers]


def _signed(number: int) -> str:
    return plain(_without_sign(number))


def _without_sign(number: int) -> int:
    """0, -1, 1, -2 … as 0, 1, 2, 3 …"""
    return 2 * number if number >= 0 else -2 * number - 1


def _with_sign(number: int) -> int:
    return number >> 1 if number % 2 == 0 else -(number + 1 >> 1)
