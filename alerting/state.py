"""One check's state: step(state, reading, spec) -> (state, Flip | None). Pure; time comes with the reading.

A reading is at a level (ok 0, degraded 1, down 2). Trouble of a level is confirmed by readings at least
that bad, one after another, recovery by readings at most that bad; an unknown reading neither counts nor
resets. A level is back-dated to the first reading at least that bad. A condition with a holding time
(`for 5m`, `3 of 5`) confirms its level only when it held; what needs no holding time is `firm`. Trouble is
confirmed by a bad reading only, never by what was seen before a recovery, nor across a gap without readings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from checks.base import LEVEL, Reading, Status
from config.conditions import Hold

_STATUS = (Status.OK, Status.DEGRADED, Status.DOWN)
_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class Run:
    """Readings in a row that count for one thing; `first` is the moment of the first, in microseconds."""

    count: int = 0
    first: int = 0

    def extended(self, at: int, *, counts: bool) -> Run:
        if not counts:
            return NO_RUN
        # After the clock was set back a little, no change begins later than the reading that confirms it.
        return Run(self.count + 1, min(self.first, at) if self.count else at)


NO_RUN = Run()
_NO_RUNS = (NO_RUN, NO_RUN)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Failing readings that are not confirmed: since when, how many, the worst level and its latest reason.

    `until` is the reading that refuted the last of them, None while they go on.
    """

    first: int
    count: int
    worst: int
    reason: str
    until: int | None = None


Doubts: TypeAlias = tuple[Doubt | None, Doubt | None]
NO_DOUBTS: Doubts = (None, None)


@dataclass(frozen=True, slots=True)
class StateSpec:
    """How flips are confirmed; `holds` are the holding times of the degraded and the down condition.

    Readings (unknown ones too) more than `valid_for` seconds apart are not in a row; None sets no bound.
    """

    confirm: int = 2
    recover: int = 2
    holds: tuple[Hold | None, Hold | None] = (None, None)
    valid_for: float | None = None


@dataclass(frozen=True, slots=True)
class CheckState:
    """The confirmed state, and what is on its way to change it.

    `worse` and `firm` hold a run for degraded and for down, `better` one for ok and for degraded.
    `recent` holds the levels of the latest known readings since the last recovery, for `3 of 5`.
    `unknown_since` is the first moment of the present unknown stretch. `doubts` are the readings at least degraded,
    and down, that are worse than the state and may yet prove a blip; nothing is decided by them.
    """

    state: Status | None = None
    since: int = 0
    worse: tuple[Run, Run] = _NO_RUNS
    firm: tuple[Run, Run] = _NO_RUNS
    better: tuple[Run, Run] = _NO_RUNS
    recent: tuple[tuple[int, int], ...] = ()
    unknown_since: int | None = None
    last_at: int = 0
    last_status: Status | None = None
    doubts: Doubts = NO_DOUBTS

    @property
    def level(self) -> int:
        return LEVEL[self.state] if self.state is not None else 0

    @property
    def unsettled_since(self) -> int | None:
        """The first moment that a flip still to come may be back-dated to, None when there is none before it."""
        firsts = [run.first for run in self._disagreeing]
        firsts += [moment for moment, seen in self.recent if seen > self.level]
        return min(firsts, default=None)

    @property
    def unstable(self) -> bool:
        """Whether the latest known readings disagree with the confirmed state."""
        return bool(self._disagreeing)

    @property
    def _disagreeing(self) -> list[Run]:
        runs = (*self.worse[self.level :], *self.better[: self.level])
        return [run for run in runs if run.count]


NEW = CheckState()


@dataclass(frozen=True, slots=True)
class Flip:
    """A confirmed change. `segments` are the states from `since` on, each with its first moment."""

    before: Status
    after: Status
    since: int
    at: int
    reason: str
    segments: tuple[tuple[int, Status], ...]


def step(state: CheckState, reading: Reading, spec: StateSpec) -> tuple[CheckState, Flip | None]:
    """The state after one reading, and the flip it confirmed, if any."""
    state = _in_a_row(state, reading.at, spec)
    if reading.status is Status.UNKNOWN:
        since = state.unknown_since if state.unknown_since is not None else reading.at
        return replace(state, unknown_since=since, last_at=reading.at, last_status=reading.status), None
    if state.state is None:
        state = replace(state, state=Status.OK, since=reading.at)
    if reading.status is Status.OK and _quiet(state):
        return replace(state, unknown_since=None, last_at=reading.at, last_status=Status.OK), None
    state = _counted(state, reading, spec)
    worse = _confirmed_worse(state, reading, spec)
    if worse is not None:
        return _flipped(state, worse, reading, _segments(state, worse, spec))
    better = _confirmed_better(state, spec)
    if better is not None:
        return _flipped(state, better, reading, ((state.better[better].first, _STATUS[better]),))
    return state, None


def _quiet(state: CheckState) -> bool:
    """Whether all is well and was: most looks, and one more good reading then counts for nothing.

    The run of good readings need not grow either: any flip away from ok is confirmed by a bad reading, which
    ends that run.
    """
    return (
        state.state is Status.OK
        and not state.recent
        and not any(run.count for run in (*state.worse, *state.firm))
    )


def wants_retry(state: CheckState, spec: StateSpec) -> bool:
    """Whether a quick look would help to confirm or refute what the last readings suggest."""
    if state.last_status is None or state.last_status is Status.UNKNOWN or not state.unstable:
        return False
    level = LEVEL[state.last_status]
    if level > state.level:
        return any(0 < run.count < spec.confirm for run in state.worse[state.level : level])
    return any(0 < run.count < spec.recover for run in state.better[level : state.level])


def _in_a_row(state: CheckState, at: int, spec: StateSpec) -> CheckState:
    """The state; what is confirmed stays, what was on its way goes when the last reading is too far from this one."""
    if state.last_status is None or spec.valid_for is None:
        return state
    # Either way: a clock set back by that much makes the earlier moments worthless too.
    if abs(at - state.last_at) <= spec.valid_for * _SECOND:
        return state
    return replace(state, worse=_NO_RUNS, firm=_NO_RUNS, better=_NO_RUNS, recent=())


def _counted(state: CheckState, reading: Reading, spec: StateSpec) -> CheckState:
    level, firm, at = LEVEL[reading.status], LEVEL[reading.firm], reading.at
    window = max((hold.of or 0 for hold in spec.holds if hold), default=0)
    return replace(
        state,
        worse=(
            state.worse[0].extended(at, counts=level >= 1),
            state.worse[1].extended(at, counts=level >= 2),
        ),
        firm=(state.firm[0].extended(at, counts=firm >= 1), state.firm[1].extended(at, counts=firm >= 2)),
        better=(
            state.better[0].extended(at, counts=level <= 0),
            state.better[1].extended(at, counts=level <= 1),
        ),
        recent=((*state.recent, (at, level))[-window:] if window else ()),
        unknown_since=None,
        last_at=at,
        last_status=reading.status,
    )


def _confirmed_worse(state: CheckState, reading: Reading, spec: StateSpec) -> int | None:
    """The worst level above the present one that is confirmed; a reading confirms nothing worse than itself."""
    for level in range(LEVEL[reading.status], state.level, -1):
        if state.firm[level - 1].count >= spec.confirm or _held(state, level, reading.at, spec) is not None:
            return level
    return None


def _held(state: CheckState, level: int, at: int, spec: StateSpec) -> int | None:
    """Since when the level held as its condition demands; None when it did not, or demands nothing."""
    hold, run = spec.holds[level - 1], state.worse[level - 1]
    if hold is None:
        return None
    if hold.seconds is not None:
        long_enough = at - run.first >= hold.seconds * _SECOND
        return run.first if run.count >= spec.confirm and long_enough else None
    hits = [moment for moment, seen in state.recent[-(hold.of or 1) :] if seen >= level]
    return min(hits) if len(hits) >= (hold.count or 1) else None


def _confirmed_better(state: CheckState, spec: StateSpec) -> int | None:
    """The best level below the present one that is confirmed."""
    for level in range(state.level):
        if state.better[level].count >= spec.recover:
            return level
    return None


def _segments(state: CheckState, level: int, spec: StateSpec) -> tuple[tuple[int, Status], ...]:
    """A confirmed down also confirms the degraded stretch before it."""
    first = _since(state, level, spec)
    if level == 2 and state.level == 0:
        earlier = min(state.worse[0].first, first) if state.worse[0].count else first
        if earlier < first:
            return ((earlier, Status.DEGRADED), (first, Status.DOWN))
    return ((first, _STATUS[level]),)


def _since(state: CheckState, level: int, spec: StateSpec) -> int:
    if state.firm[level - 1].count >= spec.confirm:
        return state.worse[level - 1].first
    held = _held(state, level, state.last_at, spec)
    return held if held is not None else state.worse[level - 1].first


def _flipped(
    state: CheckState, level: int, reading: Reading, segments: tuple[tuple[int, Status], ...]
) -> tuple[CheckState, Flip]:
    after, since = _STATUS[level], segments[-1][0]
    flip = Flip(_STATUS[state.level], after, segments[0][0], reading.at, reading.message, segments)
    # What was seen before a recovery belongs to the trouble that is over.
    recent = () if level < state.level else state.recent
    return replace(state, state=after, since=since, recent=recent), flip


def dump(state: CheckState) -> list[Any]:
    """The state as JSON-able values, for its row."""
    runs = [[run.count, run.first] for run in (*state.worse, *state.firm, *state.better)]
    return [
        state.state,
        state.since,
        runs,
        list(state.recent),
        state.unknown_since,
        state.last_at,
        state.last_status,
        [
            doubt and [doubt.first, doubt.count, doubt.worst, doubt.reason, doubt.until]
            for doubt in state.doubts
        ],
    ]


def restore(dumped: list[Any]) -> CheckState:
    """The inverse of `dump`; what an older version dumped has no doubts."""
    confirmed, since, runs, recent, unknown_since, last_at, last_status, *more = dumped
    kept: list[Any] = more[0] if more else [None, None]
    degraded, down = (Doubt(*each) if each else None for each in kept)
    worse1, worse2, firm1, firm2, better0, better1 = (Run(count, first) for count, first in runs)
    return CheckState(
        state=Status(confirmed) if confirmed else None,
        since=since,
        worse=(worse1, worse2),
        firm=(firm1, firm2),
        better=(better0, better1),
        recent=tuple((at, level) for at, level in recent),
        unknown_since=unknown_since,
        last_at=last_at,
        last_status=Status(last_status) if last_status else None,
        doubts=(degraded, down),
    )
