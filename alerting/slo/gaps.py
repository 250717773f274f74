"""Gaps: time of which the agent cannot say what happened, because it did not run or because its clock was set."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

# A clock that is set back by more than this (a machine that starts in 1970) is not believed.
SET_BACK = 25 * 3600 * 1_000_000


class Why(StrEnum):
    """Why nobody can say: the agent did not run, or the machine's clock was set."""

    STOPPED = "stopped"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Gap:
    """The time `[start, end)`, microseconds UTC, of which nothing is known whatever was seen; never empty."""

    start: int
    end: int
    why: Why


@dataclass(frozen=True, slots=True)
class Step:
    """The wall clock was set: it shows `new` where `old` was due, and `elapsed` before that it was still right.

    All are microseconds; `elapsed` is time that passed by the monotonic clock.
    """

    old: int
    new: int
    elapsed: int


def believed(now: int, known: int | None) -> bool:
    """Whether the clock is believed to show `now`, when it was seen to show `known` already."""
    return known is None or now >= known - SET_BACK


def while_stopped(alive_until: int, now: int) -> Gap | None:
    """The gap before a start at `now`, after the last sign of life.

    Where the clock was set back meanwhile, it is the time that is lived a second time. None where no time has passed,
    or the clock is not believed.
    """
    if alive_until < now:
        return Gap(alive_until, now, Why.STOPPED)
    return Gap(now, alive_until, Why.CLOCK) if now < alive_until and believed(now, alive_until) else None


def of_step(step: Step, known: int) -> Gap | None:
    """The doubtful time of a step, `known` being the latest moment before it at which the clock was believed.

    A step forward leaves out time that nobody lived, a step back brings time that is lived twice; when exactly the
    clock was set nobody knows. While it shows what is not believed there is no gap: that comes with its return, and
    reaches from `known` to there.
    """
    if not believed(step.new, known):
        return None
    was_right = (step.old - step.elapsed, step.old) if believed(step.old, known) else (known, known)
    return Gap(min(was_right[0], step.new - step.elapsed), max(was_right[1], step.new), Why.CLOCK)


def is_far(gap: Gap) -> bool:
    """Whether the gap is longer than a clock is believed to be set back."""
    return gap.end - gap.start > SET_BACK


def undone(far: Gap | None, step: Step) -> Gap | None:
    """What is left of a far gap when the clock is set to where it would be without it; None when it is not.

    The clock had been set far ahead by mistake: what was noted since then belongs to no time at all.
    """
    if far is None or abs(far.start + (step.old - far.end) - step.new) > SET_BACK:
        return None
    left = Gap(min(far.start, step.new) - step.elapsed, max(far.start, step.new), Why.CLOCK)
    return left if left.end < far.end else None
