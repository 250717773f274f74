"""A quantile sketch: how many values fell into each of a row of logarithmic buckets, in some dozens of bytes.

A bucket reaches from one power of `GAMMA` to the next (the buckets of DDSketch, Masson, Rim and Lee, 2019), so what it
gives back is at most 1 % off. Sketches are counts, which add up: merging them in any order gives what one of all the
values would be.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise

from alerting.slo.bits import Bits, coded, plain, series, to_bytes

ERROR = 0.01  # relative, at most
_HALF = 0.0099  # of a bucket; the rest is for giving values in few digits
GAMMA = (1 + _HALF) / (1 - _HALF)
_LOG = math.log(GAMMA)
LOWEST, HIGHEST = 1e-300, 1e300  # less is 0, and more is not told apart
MOST_TOGETHER = 1000  # sketches that are packed, and the highest of their numbers


def bucket_of(value: float) -> int:
    """The bucket of a value from LOWEST to HIGHEST."""
    return math.ceil(math.log(value) / _LOG)


def value_of(bucket: int) -> float:
    """The value that a bucket stands for, in five digits: of every value in it at most 1 % off."""
    return float(f"{2 * math.exp(bucket * _LOG) / (GAMMA + 1):.5g}")


_FIRST, _LAST = bucket_of(LOWEST), bucket_of(HIGHEST)


@dataclass(frozen=True, slots=True)
class Sketch:
    """How many values there were in each bucket, and how many that were 0 (or less, which no duration is)."""

    buckets: Mapping[int, int]
    zeros: int = 0

    @property
    def count(self) -> int:
        return self.zeros + sum(self.buckets.values())

    def quantile(self, share: Fraction | float) -> float | None:
        """The value below or at which that share of all lies, 0 to 1, at most 1 % off; None where there is none.

        It stands for the value number floor(share x (count - 1)) of the sorted ones, the first being number 0.
        """
        if not 0 <= share <= 1:
            raise ValueError(f"a share is 0 to 1, got {share}")
        if not self.count:
            return None
        rank = math.floor(Fraction(share) * (self.count - 1))
        filled = sorted(self.buckets)
        reached = list(accumulate((self.buckets[bucket] for bucket in filled), initial=self.zeros))
        number = bisect_right(reached, rank)
        return value_of(filled[number - 1]) if number else 0.0


def sketched(values: Iterable[float]) -> Sketch:
    """The sketch of the values, those that are no finite number left out."""
    finite = [value for value in values if math.isfinite(value)]
    above = [min(value, HIGHEST) for value in finite if value >= LOWEST]
    return Sketch(dict(Counter(map(bucket_of, above))), len(finite) - len(above))


def merged(sketches: Iterable[Sketch]) -> Sketch:
    """One sketch of all that the sketches hold."""
    buckets: Counter[int] = Counter()
    zeros = 0
    for sketch in sketches:
        buckets.update(sketch.buckets)
        zeros += sketch.zeros
    return Sketch(dict(buckets), zeros)


def packed(each: Mapping[int, Sketch]) -> bytes:
    """Sketches by their numbers, at least one: they have much in common, and what they have takes little room.

    How many there are; of all of them the numbers, zeros, numbers of buckets and lowest buckets; of each how far its
    buckets are from the one before, and their counts.
    """
    numbers = sorted(each)
    filled = [sorted(each[number].buckets) for number in numbers]
    bits = plain(len(numbers)) + coded([numbers[0], *_steps(numbers)])
    bits += coded([each[number].zeros for number in numbers])
    bits += series(list(map(len, filled))) + series([buckets[0] if buckets else 0 for buckets in filled])
    for number, buckets in zip(numbers, filled, strict=True):
        counts = each[number].buckets
        bits += coded(_steps(buckets)) + coded([counts[bucket] - 1 for bucket in buckets])
    return to_bytes(bits)


def unpacked(packed: bytes) -> dict[int, Sketch]:
    """The inverse of `packed`. Raises ValueError for bytes that are no sketches."""
    bits = Bits(packed)
    count = bits.plain()
    if not 0 < count <= MOST_TOGETHER:
        raise ValueError(f"{count} sketches")
    first, *steps = bits.coded(count)
    numbers = list(accumulate((step + 1 for step in steps), initial=first))
    if numbers[-1] > MOST_TOGETHER:
        raise ValueError(f"a sketch number {numbers[-1]}")
    zeros, lengths, lowest = bits.coded(count), bits.series(count), bits.series(count)
    heads = zip(zeros, lengths, lowest, strict=True)
    found = {
        number: Sketch(_buckets(bits, *head), none)
        for number, (none, *head) in zip(numbers, heads, strict=True)
    }
    bits.end()
    return found


def _buckets(bits: Bits, length: int, lowest: int) -> dict[int, int]:
    if not 0 <= length <= _LAST - _FIRST + 1:
        raise ValueError(f"no sketch has {length} buckets")
    steps, counts = bits.coded(max(0, length - 1)), bits.coded(length)
    filled = list(accumulate((step + 1 for step in steps), initial=lowest))[:length]
    if filled and not _FIRST <= filled[0] <= filled[-1] <= _LAST:
        raise ValueError(f"no sketch has buckets {filled[0]} to {filled[-1]}")
    return {bucket: count + 1 for bucket, count in zip(filled, counts, strict=True)}


def _steps(numbers: Sequence[int]) -> list[int]:
    """How many there are between each two."""
    return [after - before - 1 for before, after in pairwise(numbers)]
