"""Is it us? Whether the monitor's own network is gone, by who still answers of those that are known to answer.

A reference that never answered proves nothing by its silence: it has no vote. With none that has, nobody can tell,
and what was seen stands. Isolated is who hears fewer than a quorum, or has no network link left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from alerting.incidents.decision import Decided, Decision
from alerting.incidents.problem import Problem
from checks.base import ErrorKind, Reading, Status
from config.models import ITSELF

SERVICE, RULE = ITSELF, "isolated"
LINK = "link"
_ON_THE_WAY = frozenset({ErrorKind.DNS, ErrorKind.TIMEOUT, ErrorKind.UNREACHABLE})
_MESSAGE = 500
_NAMED = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of asking: names such as `gateway 192.0.2.1`, and whether any network link is up; `took` seconds."""

    answered: tuple[str, ...]
    silent: tuple[str, ...]
    linked: bool
    took: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether we are isolated, why, and on what grounds; `quorum` is how many had to answer."""

    isolated: bool
    reason: str
    asked: Asked
    quorum: int

    @property
    def facts(self) -> dict[str, Any]:
        """For the record of a decision."""
        return {
            "answered": list(self.asked.answered),
            "silent": list(self.asked.silent),
            "quorum": self.quorum,
            "link": self.asked.linked,
            "took": round(self.asked.took, 3),
        }


def judged(asked: Asked, trusted: Collection[str], wanted: int | None = None) -> Verdict:
    """The verdict; `trusted` are the references that have answered before, `wanted` the quorum the operator set."""
    if LINK in trusted and not asked.linked:
        return Verdict(True, "no network link of this host is up", asked, 0)
    silent = [name for name in asked.silent if name in trusted]
    voters = len(asked.answered) + len(silent)
    if not voters:
        return Verdict(False, "no references: none is known to answer", asked, 0)
    quorum = quorum_of(voters, wanted)
    isolated = len(asked.answered) < quorum
    reason = _silence(silent, asked.answered) if isolated else f"{len(asked.answered)} of {voters} answer"
    return Verdict(isolated, reason, asked, quorum)


def quorum_of(voters: int, wanted: int | None) -> int:
    """How many must answer: more than half, or as many as the operator wants of as many as there are."""
    return min(wanted, voters) if wanted is not None else voters // 2 + 1


def _silence(silent: Sequence[str], answered: Sequence[str]) -> str:
    """`gateway 192.0.2.1 and 2 of 2 resolvers do not answer`."""
    mute, all_of = (
        Counter(name.partition(" ")[0] for name in names) for names in (silent, (*silent, *answered))
    )
    told = [
        next(name for name in silent if name.startswith(sort))
        if all_of[sort] == 1
        else f"{number} of {all_of[sort]} {sort}s"
        for sort, number in mute.items()
    ]
    one = len(told) == 1 and len(silent) == 1
    listed = " and ".join(filter(None, (", ".join(told[:-1]), told[-1])))
    return f"{listed} {'does' if one else 'do'} not answer"


def failed_on_the_way(reading: Reading) -> bool:
    """Whether it may be our own network that failed."""
    return reading.status is Status.DOWN and reading.error_kind in _ON_THE_WAY


def was_answered(reading: Reading) -> bool:
    """Whether anything came back from the target, be it bad news."""
    return reading.status is not Status.UNKNOWN and reading.error_kind not in _ON_THE_WAY


def unseen(reading: Reading, verdict: Verdict) -> Reading:
    """What a failed look is worth while we are isolated: nothing is known of the target."""
    message = f"the monitor is isolated ({verdict.reason}); seen: {reading.message}"
    return replace(
        reading,
        status=Status.UNKNOWN,
        firm=Status.UNKNOWN,
        message=message[:_MESSAGE],
        error_kind=ErrorKind.ISOLATED,
        conditions=(),
        excerpt="",
        requests=None,
    )


def problem(verdict: Verdict, since: int, at: int, affected: Collection[str]) -> Problem:
    """The trouble of being isolated; `affected` are the checks whose looks failed meanwhile."""
    return Problem(
        service=SERVICE,
        rule=RULE,
        level=Status.DOWN,
        since=since,
        at=at,
        reason=f"the monitor is isolated: {verdict.reason}",
        error_kind=ErrorKind.ISOLATED,
        title="The monitor is isolated",
        description=_description(verdict, affected),
    )


def _description(verdict: Verdict, affected: Collection[str]) -> str:
    asked = verdict.asked
    lines = [
        f"This monitor's own network is gone: {verdict.reason}.",
        "What it cannot reach meanwhile is unknown: no service is taken for down, and no time is charged.",
        "",
        f"No answer: {', '.join(asked.silent) or 'nobody was asked'}",
        f"Answered: {', '.join(asked.answered) or 'none'}",
    ]
    if affected:
        names = sorted(affected)
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        lines.append(f"Checks affected: {', '.join(names[:_NAMED])}{more}")
    return "\n".join(lines)


def decision(verdict: Verdict, key: tuple[str, str], at: int, said: str, **facts: Any) -> Decision:
    """What the references decided of a check, or of being isolated itself."""
    return Decision(
        at, *key, what=Decided.ISOLATED, by="references", reason=said, facts={**verdict.facts, **facts}
    )
