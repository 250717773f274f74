"""Trouble on a draft: a problem begins, changes or ends; what becomes of it is decided once, when all is known."""

from __future__ import annotations

from dataclasses import replace

from agent.memory import Address, Draft
from alerting.incidents.problem import Problem


def began(draft: Draft, problem: Problem) -> None:
    """Trouble is confirmed, or has another level or reason; where it stands stays what it was."""
    before = draft.problems.get(problem.key)
    if before is not None and before.over is None:
        problem = replace(
            problem,
            since=min(before.since, problem.since),
            incident=before.incident,
            hold=before.hold,
            count=before.count,
        )
    draft.problems.put(problem.key, problem)
    draft.unsettled = True


def ended(draft: Draft, key: Address, over: int, reason: str = "") -> None:
    """The trouble is over, confirmed; `over` is the first good moment (microseconds UTC)."""
    before = draft.problems.get(key)
    if before is not None and before.over is None:
        draft.problems.put(key, replace(before, over=over, reason=reason or before.reason))
        draft.unsettled = True
