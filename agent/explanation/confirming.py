"""How far the latest readings were from changing a check's confirmed state, counted from the readings themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agent.store.evidence import Sight
from alerting.state import StateSpec
from alerting.state.ring import NOTHING_SEEN, pattern_of, share_of, turned
from checks.base import LEVEL, Status

_SECOND = 1_000_000
_STATUS = {level: status for status, level in LEVEL.items()}
_LEVELS = {status.value: level for status, level in LEVEL.items()}


@dataclass(frozen=True, slots=True)
class Progress:
    """What the latest readings speak for, and how much of what that takes they are.

    `rule` is the option that demands it: `confirm`, `for` or `of` (of a condition), `recover`, `recover_after`.
    `seen` of `wanted` readings: in a row, or among the last `of`. Where it must last, `must_last` is how many seconds
    and `lasted` how many it has. `since` is the first of those readings, in microseconds UTC.
    """

    rule: str
    towards: Status
    since: int
    seen: int
    wanted: int
    of: int | None = None
    must_last: float | None = None
    lasted: float = 0.0


@dataclass(frozen=True, slots=True)
class Unrest:
    """How much of the last known readings is change (0 to 0.99), and the shares at which flapping begins and ends.

    `pattern` are those readings from the first bad one on: `x` down, `-` degraded, `.` good.
    """

    share: float
    enter: float
    leave: float
    pattern: str


def progress(readings: Sequence[Sight], state: Status | None, spec: StateSpec) -> list[Progress]:
    """What stood between the last reading and a change; nothing where it agrees with the state.

    `readings` are those since the last recovery, oldest first. Of several ways to be confirmed each is told: failing
    in a row, and a condition's own holding time.
    """
    known = [each for each in _in_a_row(readings, spec) if each.status in _LEVELS]
    if not known:
        return []
    now, last = LEVEL[state] if state is not None else 0, _level(known[-1])
    if last < now:
        return _better(known, last, spec)
    # Where some of the last ones suffice, a good one among them does not end the doubt.
    worst = max(map(_level, known[-max(spec.window, 1) :]))
    return _worse(known, worst, spec) if worst > now else []


def unrest(readings: Sequence[Sight], spec: StateSpec) -> Unrest:
    """How restless the readings are, oldest first."""
    ring = NOTHING_SEEN
    for each in readings:
        if each.status in _LEVELS:
            ring = turned(ring, _level(each))
    return Unrest(share_of(ring), float(spec.flapping.enter), float(spec.flapping.leave), pattern_of(ring))


def _level(sight: Sight) -> int:
    return _LEVELS[sight.status]


def _in_a_row(readings: Sequence[Sight], spec: StateSpec) -> list[Sight]:
    """The last readings, none of them too far from the one before."""
    row: list[Sight] = []
    for each in reversed(readings):
        if row and spec.valid_for is not None and row[-1].at - each.at > spec.valid_for * _SECOND:
            break
        row.append(each)
    return row[::-1]


def _worse(known: Sequence[Sight], level: int, spec: StateSpec) -> list[Progress]:
    run = _run(known, lambda seen: seen >= level)
    by_count = _confirm(known, run, level, spec)
    own = _held(known, run, level, spec)
    # As many as are wanted, and yet not confirmed: they failed by the condition that must hold alone.
    return own if own and any(each.seen >= each.wanted for each in by_count) else [*by_count, *own]


def _confirm(known: Sequence[Sight], run: Sequence[Sight], level: int, spec: StateSpec) -> list[Progress]:
    among = run if spec.confirm_of is None else _bad(known[-spec.confirm_of :], level)
    if not among:
        return []
    return [Progress("confirm", _STATUS[level], among[0].at, len(among), spec.confirm, spec.confirm_of)]


def _held(known: Sequence[Sight], run: Sequence[Sight], level: int, spec: StateSpec) -> list[Progress]:
    hold, towards = spec.holds[level - 1], _STATUS[level]
    if hold is None:
        return []
    if hold.seconds is None:
        hits = _bad(known[-(hold.of or 1) :], level)
        return [Progress("of", towards, hits[0].at, len(hits), hold.count or 1, hold.of)] if hits else []
    if not run:
        return []
    lasted = (known[-1].at - run[0].at) / _SECOND
    return [Progress("for", towards, run[0].at, len(run), spec.confirm, None, hold.seconds, lasted)]


def _better(known: Sequence[Sight], level: int, spec: StateSpec) -> list[Progress]:
    run, towards = _run(known, lambda seen: seen <= level), _STATUS[level]
    ways = []
    if len(run) < spec.recover or not spec.recover_after:
        ways.append(Progress("recover", towards, run[0].at, len(run), spec.recover))
    if spec.recover_after:
        lasted = (known[-1].at - run[0].at) / _SECOND
        after = spec.recover_after
        ways.append(
            Progress("recover_after", towards, run[0].at, len(run), spec.recover, None, after, lasted)
        )
    return ways


def _bad(readings: Sequence[Sight], level: int) -> list[Sight]:
    return [each for each in readings if _level(each) >= level]


def _run(known: Sequence[Sight], counts: Callable[[int], bool]) -> list[Sight]:
    """The last readings, as many as there are in a row of a level that counts."""
    run: list[Sight] = []
    for each in reversed(known):
        if not counts(_level(each)):
            break
        run.append(each)
    return run[::-1]
