"""step(state, reading, spec) -> (state, Flip | None).

A reading is at a level (ok 0, degraded 1, down 2). Trouble of a level is confirmed by readings at least
that bad, one after another or so many of the latest, recovery by readings at most that bad; an unknown reading
neither counts nor resets. A level is back-dated to the first reading at least that bad. A condition with a holding
time (`for 5m`, `3 of 5`) confirms its level only when it held; what needs no holding time is `firm`. Trouble is
confirmed by a bad reading only, never by what was seen before a recovery, nor across a gap without readings.
"""

from __future__ import annotations

from dataclasses import replace

from alerting.state.confirming import confirmed_better, confirmed_worse, segments
from alerting.state.ring import STEADY, flaps, turned, weight_of
from alerting.state.values import NO_RUNS, SECOND, STATUS, CheckState, Flip, Seen, StateSpec
from checks.base import LEVEL, Reading, Status

_NO_RUN_OF_TROUBLE = (NO_RUNS, NO_RUNS)


def step(state: CheckState, reading: Reading, spec: StateSpec) -> tuple[CheckState, Flip | None]:
    """The state after one reading, and the flip it confirmed, if any."""
    state = _in_a_row(state, reading.at, spec)
    if reading.status is Status.UNKNOWN:
        since = state.unknown_since if state.unknown_since is not None else reading.at
        return replace(state, unknown_since=since, last_at=reading.at, last_status=reading.status), None
    if reading.status is Status.OK and _quiet(state):
        return _still_quiet(state, reading.at), None
    if state.state is None:
        state = replace(state, state=Status.OK, since=reading.at)
    state = _counted(state, reading, spec)
    worse = confirmed_worse(state, reading, spec)
    if worse is not None:
        return _flipped(state, worse, reading, segments(state, worse, spec))
    better = confirmed_better(state, spec)
    if better is not None:
        return _flipped(state, better, reading, ((state.better[better].first, STATUS[better]),))
    return state, None


def _quiet(state: CheckState) -> bool:
    """Whether all is well and was: most looks, and one more good reading then counts for nothing.

    The run of good readings need not grow either: any flip away from ok is confirmed by a bad reading, which
    ends that run.
    """
    return (
        state.state is Status.OK
        and state.ring == STEADY
        and not state.recent
        and (state.worse, state.firm) == _NO_RUN_OF_TROUBLE
    )


def _still_quiet(state: CheckState, at: int) -> CheckState:
    """As `replace` would have it, in a fifth of the time: most readings of all checks come along here."""
    return CheckState(
        state.state,
        state.since,
        state.worse,
        state.firm,
        state.better,
        (),
        None,
        at,
        Status.OK,
        state.doubts,
        STEADY,
    )


def _in_a_row(state: CheckState, at: int, spec: StateSpec) -> CheckState:
    """The state; what is confirmed stays, what was on its way goes when the last reading is too far from this one."""
    if state.last_status is None or spec.valid_for is None:
        return state
    # Either way: a clock set back by that much makes the earlier moments worthless too.
    if abs(at - state.last_at) <= spec.valid_for * SECOND:
        return state
    return replace(state, worse=NO_RUNS, firm=NO_RUNS, better=NO_RUNS, recent=())


def _counted(state: CheckState, reading: Reading, spec: StateSpec) -> CheckState:
    level, firm, at = LEVEL[reading.status], LEVEL[reading.firm], reading.at
    ring = turned(state.ring, level)
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
        recent=_looked_back_on((*state.recent, (at, level, firm)), spec.window),
        unknown_since=None,
        last_at=at,
        last_status=reading.status,
        ring=ring,
        flapping=flaps(weight_of(ring), spec.flapping, before=state.flapping),
    )


def _looked_back_on(recent: tuple[Seen, ...], window: int) -> tuple[Seen, ...]:
    """The latest readings as many as are wanted, from the first bad one on: what is good only tells nothing."""
    latest = recent[-window:] if window else ()
    first = next((number for number, (_, level, _) in enumerate(latest) if level), len(latest))
    return latest[first:]


def _flipped(
    state: CheckState, level: int, reading: Reading, parts: tuple[tuple[int, Status], ...]
) -> tuple[CheckState, Flip]:
    after, since = STATUS[level], parts[-1][0]
    flip = Flip(STATUS[state.level], after, parts[0][0], reading.at, reading.message, parts)
    # What was seen before a recovery belongs to the trouble that is over.
    recent = () if level < state.level else state.recent
    return replace(state, state=after, since=since, recent=recent), flip
