"""What the readings so far confirm: trouble by count or holding time, recovery by count and time."""

from __future__ import annotations

from alerting.state.values import SECOND, STATUS, CheckState, StateSpec
from checks.base import LEVEL, Reading, Status


def confirmed_worse(state: CheckState, reading: Reading, spec: StateSpec) -> int | None:
    """The worst level above the present one that is confirmed; a reading confirms nothing worse than itself."""
    for level in range(LEVEL[reading.status], state.level, -1):
        if _since(state, level, spec) is not None:
            return level
    return None


def confirmed_better(state: CheckState, spec: StateSpec) -> int | None:
    """The best level below the present one that is confirmed."""
    for level in range(state.level):
        if state.better[level].count >= spec.recover and _good_for(state, level) >= spec.recover_after:
            return level
    return None


def segments(state: CheckState, level: int, spec: StateSpec) -> tuple[tuple[int, Status], ...]:
    """The states that a confirmed level brings; a confirmed down also confirms the degraded stretch before it."""
    first = _first_of(state, level, spec)
    if level == 2 and state.level == 0:
        earlier = min(first, _first_of(state, 1, spec))
        if earlier < first:
            return ((earlier, Status.DEGRADED), (first, Status.DOWN))
    return ((first, STATUS[level]),)


def wants_retry(state: CheckState, spec: StateSpec) -> bool:
    """Whether a quick look would help to confirm or refute what the last readings suggest."""
    if state.last_status is None or state.last_status is Status.UNKNOWN or not state.unstable:
        return False
    level = LEVEL[state.last_status]
    if level > state.level:
        return any(0 < _hits(state, each, spec) < spec.confirm for each in range(state.level + 1, level + 1))
    return any(0 < run.count < spec.recover for run in state.better[level : state.level])


def look_in(state: CheckState, spec: StateSpec) -> float | None:
    """In how many seconds a good reading would end the trouble, where time is all that is lacking; else None."""
    if state.last_status is None or state.last_status is Status.UNKNOWN:
        return None
    good = (
        spec.recover_after - _good_for(state, level)
        for level in range(LEVEL[state.last_status], state.level)
        if state.better[level].count >= spec.recover
    )
    return min((seconds for seconds in good if seconds > 0), default=None)


def _good_for(state: CheckState, level: int) -> float:
    """How many seconds lie between the first and the latest reading of the run no worse than the level."""
    return (state.last_at - state.better[level].first) / SECOND


def _first_of(state: CheckState, level: int, spec: StateSpec) -> int:
    since = _since(state, level, spec)
    if since is not None:
        return since
    run = state.worse[level - 1]
    return run.first if run.count else state.last_at


def _since(state: CheckState, level: int, spec: StateSpec) -> int | None:
    """The first reading of the trouble that the level is confirmed by; None when it is not."""
    counted = _counted(state, level, spec)
    return counted if counted is not None else _held(state, level, spec)


def _counted(state: CheckState, level: int, spec: StateSpec) -> int | None:
    """Since when the level was seen as often as `confirm` demands; None when it was not."""
    run = state.worse[level - 1]
    if spec.confirm_of is None:
        return run.first if state.firm[level - 1].count >= spec.confirm else None
    window = state.recent[-spec.confirm_of :]
    if sum(firm >= level for _, _, firm in window) < spec.confirm:
        return None
    firsts = [moment for moment, seen, _ in window if seen >= level]
    return min(firsts) if not run.count else min(*firsts, run.first)


def _hits(state: CheckState, level: int, spec: StateSpec) -> int:
    """How many of the readings that `confirm` looks at are at least that bad."""
    if spec.confirm_of is None:
        return state.worse[level - 1].count
    return sum(seen >= level for _, seen, _ in state.recent[-spec.confirm_of :])


def _held(state: CheckState, level: int, spec: StateSpec) -> int | None:
    """Since when the level held as its condition demands; None when it did not, or demands nothing."""
    hold, run = spec.holds[level - 1], state.worse[level - 1]
    if hold is None:
        return None
    if hold.seconds is not None:
        long_enough = state.last_at - run.first >= hold.seconds * SECOND
        return run.first if run.count >= spec.confirm and long_enough else None
    hits = [moment for moment, seen, _ in state.recent[-(hold.of or 1) :] if seen >= level]
    return min(hits) if len(hits) >= (hold.count or 1) else None
