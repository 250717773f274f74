"""Trouble on a draft: a problem begins, changes or ends; what becomes of it is decided once, when all is known."""

from __future__ import annotations

from dataclasses import replace

from agent.memory import Address, Draft
from alerting.incidents.problem import Problem
from checks.base import LEVEL, Reading, Status


def began(draft: Draft, problem: Problem) -> None:
    """Trouble is confirmed, or has another level or reason; where it stands stays what it was."""
    before = draft.problems.get(problem.key)
    if before is not None and before.over is None:
        problem = replace(
            problem,
            since=min(before.since, problem.since),
            at=before.at,
            share=wider(before.share, problem.share),
            flapping=before.flapping or problem.flapping,
            told_flapping=before.told_flapping,
            count=before.count + (before.calm is not None),
            incident=before.incident,
            hold=before.hold,
        )
        _as_bad_as(draft, problem)
    draft.problems.put(problem.key, problem)
    draft.unsettled = True


def _as_bad_as(draft: Draft, problem: Problem) -> None:
    """Its incident's list says how bad it is by now."""
    members = draft.members.get(problem.incident) if problem.incident is not None else None
    if problem.incident is None or members is None:
        return
    now = tuple(
        replace(each, level=problem.level) if each.key == problem.key and each.until is None else each
        for each in members
    )
    if now != members:
        draft.members.put(problem.incident, now)


def ended(draft: Draft, key: Address, over: int, at: int, reason: str = "") -> None:
    """The trouble is over: since the moment `over`, confirmed at `at` (microseconds UTC)."""
    before = draft.problems.get(key)
    if before is not None and before.over is None:
        after = replace(before, over=over, over_at=at, reason=reason or before.reason)
        draft.problems.put(key, after)
        draft.unsettled = True


def calmed(draft: Draft, key: Address, since: int) -> None:
    """It is well again, but flaps: nobody believes yet that it is over."""
    before = draft.problems.get(key)
    if before is not None and before.over is None:
        draft.problems.put(key, replace(before, calm=since))


def seen(draft: Draft, key: Address, reading: Reading) -> None:
    """What a further reading says of trouble that lasts: that it is more than foreseen, or that more requests fail."""
    before = draft.problems.get(key)
    if (
        before is None
        or before.over is not None
        or reading.status not in LEVEL
        or reading.status is Status.OK
    ):
        return
    share, forecast = wider(before.share, reading.share), before.forecast and reading.forecast
    if (share, forecast) != (before.share, before.forecast):
        draft.problems.put(key, replace(before, share=share, forecast=forecast))
        draft.unsettled = True


def wider(before: float | None, now: float | None) -> float | None:
    """The most that was affected so far: what comes and goes must not make the severity come and go."""
    return max((each for each in (before, now) if each is not None), default=None)
