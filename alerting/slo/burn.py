"""Burn rate: how many times faster than it would just last a service's error budget is used up. Pure and exact.

A rule fires while its long and its short window both burn at its factor or above. What an account leaves out of
its counted time is in neither window. Time before the service was first seen counts as good in the long one, so
that a new service needs as much bad time for an alert as any other; and a rule waits until as much of its long
window was counted as its short one lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from math import ceil

from alerting.slo.uptime import Account, Outage
from config.models import BurnRule

_SECOND = 1_000_000


class Standing(StrEnum):
    """What a rule says at a moment, in the words that are shown."""

    FIRES = "fires"
    QUIET = "quiet"
    NO_DATA = "no data"


@dataclass(frozen=True, slots=True)
class Judged:
    """A rule at a moment, and the burn of its windows; None where nothing was counted."""

    rule: BurnRule
    standing: Standing
    long: Fraction | None
    short: Fraction | None


def windows(rules: Iterable[BurnRule]) -> list[int]:
    """The windows of the rules in microseconds, each once, the shortest first."""
    return sorted({micros(seconds) for rule in rules for seconds in (rule.long, rule.short)})


def micros(seconds: float) -> int:
    """A window's length as accounts have it."""
    return round(seconds * _SECOND)


def burn(account: Account) -> Fraction | None:
    """Bad over counted time, over the share that the target allows; None when nothing was counted."""
    return Fraction(account.bad, account.counted) / (1 - account.target) if account.counted else None


def judged(rule: BurnRule, long: Account, short: Account) -> Judged:
    """The rule, by the accounts of its two windows; both end at the moment of judgement."""
    seen, lately = burn(long), burn(short)
    if lately is None:
        return Judged(rule, Standing.NO_DATA, seen, lately)
    fires = lately >= rule.factor and _matters(rule, long)
    return Judged(rule, Standing.FIRES if fires else Standing.QUIET, seen, lately)


def _matters(rule: BurnRule, long: Account) -> bool:
    passed = sum(long.by_class.values()) + sum(part.length for part in long.excluded)
    before = long.period.end - long.period.start - passed
    allowed = (1 - long.target) * (long.counted + before)
    return long.counted >= micros(rule.short) and long.bad >= rule.factor * allowed


def used_up_since(month: Account) -> int | None:
    """When the bad time of the month reached its budget; None while some of it is left."""
    left = month.budget
    for outage in month.outages:
        length = outage.end - outage.start
        if length >= left:
            return outage.start + int(left)
        left -= length
    return None


def used_up_at(
    month: Account, window: Account, as_of: int, countable: Callable[[int], Fraction]
) -> int | None:
    """When what is left of the month's budget is used up at the window's rate; None when the month ends before.

    The rate is bad time per counted time; `countable` is how much of the time from `as_of` to a moment will count.
    """
    early, late = as_of, month.period.end
    ahead = countable(late)
    wanted = month.budget_left * window.counted / window.bad if window.bad else ahead
    if wanted >= ahead:
        return None
    if ahead == late - early:
        return early + ceil(wanted)
    while late - early > 1:
        middle = (early + late) // 2
        early, late = (early, middle) if countable(middle) >= wanted else (middle, late)
    return late


def unbroken(outages: Iterable[Outage], good_between: Callable[[int, int], bool]) -> Outage | None:
    """The one outage that all of them are, when no good time lies between them; None when there are several."""
    told = list(outages)
    if not told or (len(told) > 1 and good_between(told[0].start, told[-1].end)):
        return None
    return Outage(told[0].start, told[-1].end)
