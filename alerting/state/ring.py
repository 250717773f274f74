"""Flapping: the levels of the last readings in one number, and how much of it is change.

The rule is that of Icinga 2 (lib/icinga/checkable-flapping.cpp): of the last 20 readings each that is at another
level than the one before counts, the newest with 1.18, the oldest with 0.8, each older one with 0.02 less; their
sum by 20 is the share. A check begins to flap above one share and ends below another, lower one.
"""

from __future__ import annotations

from config.confirming import Thresholds

SLOTS = 20
# Two bits for each reading, the newest in the lowest: its level, or that there was none. One more than slots: what
# the oldest of them is compared with.
_NOTHING = 0b11
_LOW_BITS = sum(1 << 2 * number for number in range(SLOTS + 1))
_ALL = _LOW_BITS * 0b11
NOTHING_SEEN = _ALL
STEADY = 0
_WHOLE = 100 * SLOTS
_SIGNS = ".-x"


def flaps(weight: int, thresholds: Thresholds, *, before: bool) -> bool:
    """Whether a check flaps whose changes weigh so much, and that did or did not flap before."""
    bound = thresholds.leave if before else thresholds.enter
    share, whole = weight * bound.denominator, bound.numerator * _WHOLE
    return share >= whole if before else share > whole


def turned(ring: int, level: int) -> int:
    """The ring after one more known reading. What held nothing but good readings is STEADY, however many."""
    after = (ring << 2 | level) & _ALL
    bad = (after ^ after >> 1) & _LOW_BITS
    return after if bad else STEADY


def weight_of(ring: int) -> int:
    """How much the changes in the ring weigh, in hundredths: 0 to 1980."""
    changes, weight = _changes(ring), 0
    while changes:
        newest = changes & -changes
        weight += 119 - newest.bit_length()
        changes ^= newest
    return weight


def _changes(ring: int) -> int:
    """A bit, each the lower of a reading's two, for every reading at another level than the one before it."""
    differs, nothing = ring ^ ring >> 2, ring & ring >> 1
    return (differs | differs >> 1) & ~(nothing >> 2) & _LOW_BITS >> 2


def share_of(ring: int) -> float:
    """How much of the last readings is change, 0 to 0.99."""
    return weight_of(ring) / _WHOLE


def pattern_of(ring: int) -> str:
    """The last known readings from the first bad one on, newest last: `x.-..x`, x down, - degraded, . good."""
    codes = (ring >> 2 * number & 0b11 for number in range(SLOTS, -1, -1))
    return "".join(_SIGNS[code] for code in codes if code != _NOTHING).lstrip(".")
