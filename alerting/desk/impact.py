"""What a problem costs: services affected, since when, requests that fail, the month's error budget. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from alerting.desk.together import some
from alerting.incidents.problem import Member, Problem
from checks.base import Reading, Requests
from config.severity import shown_share
from config.units import show_duration

_SECOND = 1_000_000


@dataclass(frozen=True, slots=True)
class MonthsBudget:
    """A service's error budget of the running month as it was judged `at`; durations are microseconds."""

    month: str
    at: int
    whole: Fraction
    spent: Fraction

    @property
    def share(self) -> Fraction | None:
        """How much of it is spent, 1 for all; None where there is none to spend."""
        return self.spent / self.whole if self.whole > 0 else None


@dataclass(frozen=True, slots=True)
class Impact:
    """What is known of it. `readings` are the latest of its check, the newest last; none where no check stands behind.

    `bad_since` is since when the service's time is bad, None when it is not; `budget` is None until it was judged.
    """

    problem: Problem
    members: Sequence[Member] = ()
    readings: Sequence[Reading] = ()
    bad_since: int | None = None
    budget: MonthsBudget | None = None


def impact(known: Impact, now: int) -> list[str]:
    """A line for each that is known, in words."""
    return [*_affected(known, now), *_requests(known), cost(known, now)]


def cost(known: Impact, now: int) -> str:
    """What it has cost so far, and how much of the month's budget is spent."""
    since = None if known.bad_since is None else max(known.bad_since, known.problem.since)
    bad = 0 if since is None else max(0, now - since)
    this = "costs no uptime" if since is None else f"has cost {_lasted(bad)}"
    budget = known.budget
    if budget is None:
        return f"Error budget: this {this} so far; that of the month was not judged yet"
    spent = budget.spent if since is None else budget.spent + max(0, now - max(budget.at, since))
    of = f" ({shown_share(Fraction(bad) / budget.whole)} of it)" if bad and budget.whole > 0 else ""
    return (
        f"Error budget of {budget.month}: {_lasted(spent)} of {_lasted(budget.whole)} spent{_share(spent, budget)}; "
        f"this {this}{of} so far"
    )


def _share(spent: Fraction, budget: MonthsBudget) -> str:
    return f" ({shown_share(spent / budget.whole)})" if budget.whole > 0 else ""


def _lasted(microseconds: Fraction | int) -> str:
    return show_duration(float(microseconds / _SECOND))


def _affected(known: Impact, now: int) -> list[str]:
    """Each service once, since its first trouble; the longest affected first."""
    since: dict[str, int] = {known.problem.service: known.problem.since}
    for each in known.members:
        if each.until is None:
            since[each.service] = min(each.since, since.get(each.service, each.since))
    names = [
        f"{name} (for {_lasted(now - at)})" for name, at in sorted(since.items(), key=lambda each: each[1])
    ]
    return [f"Affected: {some(names)}"]


def _requests(known: Impact) -> list[str]:
    """Of requests that others made, where the check counts them; else of our own, where each look is one."""
    newest = known.readings[-1] if known.readings else None
    if newest is not None and newest.share is not None:
        counted = newest.values.get("requests")
        of = f" of {counted:g}" if isinstance(counted, (int, float)) else ""
        return [f"Requests: {shown_share(newest.share)}{of} fail"]
    looks = [
        each.requests for each in known.readings if each.requests is not None and not each.requests.so_far
    ]
    valid, good = _sums(looks)
    return [f"Requests: {valid - good} of our last {valid} failed"] if valid else []


def _sums(looks: Iterable[Requests]) -> tuple[int, int]:
    counts = [count for each in looks for count in each.hours.values()]
    return sum(valid for valid, _ in counts), sum(good for _, good in counts)
