"""What counters moved since the check's last run of this boot, or, where there was none, within a short look."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from checks.base import Context
from checks.boot import boot_id, since_boot
from checks.memo_numbers import is_number
from checks.text import visible

Counters: TypeAlias = Mapping[str, Mapping[str, float]]
"""By thing (a disk, an interface) and by the counter's name."""

SHORT_LOOK = 0.2
SHORTEST = 0.1
_MOST_THINGS = 4096


@dataclass(frozen=True, slots=True)
class Look:
    """What the counters showed `at` seconds after boot."""

    at: float
    counters: Counters


@dataclass(frozen=True, slots=True)
class Meter:
    """How counters are read. Most only grow, and are 0 after a restart.

    `wraps` are those that begin again at 0 from a size of theirs; it is believed that they did so only while
    every other counter of the thing went on. `may_fall` are those that do not always grow: a fall counts as none.
    """

    read: Callable[[], Counters]
    wraps: Mapping[str, int] = field(default_factory=dict)
    may_fall: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Passed:
    """Two looks of one boot, the earlier one never after the later."""

    meter: Meter
    before: Look
    after: Look

    @property
    def seconds(self) -> float:
        return self.after.at - self.before.at

    def moved(self, thing: str) -> Mapping[str, float] | None:
        """By how much each counter of a thing grew; None when it came only now or its counters began anew."""
        before, after = self.before.counters.get(thing), self.after.counters.get(thing)
        if before is None or after is None or not after.keys() <= before.keys():
            return None
        grown = {name: after[name] - before[name] for name in after}
        fallen = {name for name in grown if grown[name] < 0} - self.meter.may_fall
        sizes = self.meter.wraps
        if any(name not in sizes or grown[name] + sizes[name] < 0 for name in fallen):
            return None
        return {
            name: max(0, change + sizes[name] if name in fallen else change) for name, change in grown.items()
        }

    @property
    def gone(self) -> tuple[str, ...]:
        """A line for each thing that only the earlier look saw."""
        names = sorted(self.before.counters.keys() - self.after.counters.keys())
        return tuple(f"{visible(name)} has gone since the last look" for name in names)

    @property
    def memo(self) -> dict[str, Any]:
        """What the next run needs to know of this one."""
        counters = {thing: dict(counted) for thing, counted in self.after.counters.items()}
        return {"boot": boot_id(), "at": self.after.at, "counters": counters}


async def passed(meter: Meter, context: Context) -> Passed:
    """Compare with the last run, or look twice. Reading must not block."""
    first = Look(since_boot(), meter.read())
    known = _since_last(meter, first, context.memo)
    if known is not None:
        return known
    await asyncio.sleep(_pause(context))
    return Passed(meter, first, Look(since_boot(), meter.read()))


def passed_blocking(meter: Meter, context: Context) -> Passed:
    """The same for a probe that runs aside."""
    first = Look(since_boot(), meter.read())
    known = _since_last(meter, first, context.memo)
    if known is not None:
        return known
    time.sleep(_pause(context))
    return Passed(meter, first, Look(since_boot(), meter.read()))


def remembered(memo: Any) -> Look | None:
    """The look of a memo of this boot; None for anything else, since a memo is data from a disk."""
    if not isinstance(memo, dict) or not is_number(memo.get("at")) or memo.get("boot") != boot_id():
        return None
    counters = memo.get("counters")
    if not isinstance(counters, dict) or len(counters) > _MOST_THINGS:
        return None
    if not all(isinstance(counted, dict) for counted in counters.values()):
        return None
    if not all(is_number(number) for counted in counters.values() for number in counted.values()):
        return None
    return Look(memo["at"], counters)


def known_before(memo: Any) -> frozenset[str]:
    """What the last run saw anything of, in whichever boot."""
    counters = memo.get("counters") if isinstance(memo, dict) else None
    return frozenset(counters) if isinstance(counters, dict) else frozenset()


def _since_last(meter: Meter, now: Look, memo: Any) -> Passed | None:
    """From the last run until now, if that is long enough and tells of anything that there is now."""
    before = remembered(memo)
    if before is None or now.at - before.at < SHORTEST:
        return None
    known = Passed(meter, before, now)
    return (
        known if not now.counters or any(known.moved(thing) is not None for thing in now.counters) else None
    )


def _pause(context: Context) -> float:
    return min(SHORT_LOOK, context.timeout / 2)
