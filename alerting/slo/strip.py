"""The strip: day by day what a service's time was, as its account counts it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from itertools import pairwise

from alerting.slo.spans import Klass, Span, tile
from alerting.slo.uptime import UptimePolicy

DAYS = 90


class Mark(Enum):
    """What is shown of a day, and what that means."""

    GOOD = "all good"
    WITHIN = "within the target"
    BELOW = "below it"
    WORST = "half or more bad"
    PLANNED = "planned work"
    UNSEEN = "not seen"
    NOTHING = "not in the account"


@dataclass(frozen=True, slots=True)
class Day:
    """The time of a day, or of any stretch `[start, end)`, in microseconds.

    `good` and `bad` are counted. `planned` and `unseen` are maintenance and unknown time that are not. What is
    missing of the day's length is not in the account: it was before the service was monitored, is left out by
    agreement, or is still to come.
    """

    start: int
    end: int
    good: int = 0
    bad: int = 0
    planned: int = 0
    unseen: int = 0

    def mark(self, target: Fraction) -> Mark:
        """A day of which nothing was counted is never a good one, however little of it was unseen."""
        counted = self.good + self.bad
        if not counted:
            return Mark.UNSEEN if self.unseen else Mark.PLANNED if self.planned else Mark.NOTHING
        if not self.bad:
            return Mark.GOOD
        if self.good >= target * counted:
            return Mark.WITHIN
        return Mark.WORST if 2 * self.bad >= counted else Mark.BELOW


def strip(
    spans: Iterable[Span], bounds: Sequence[int], policy: UptimePolicy, until: int, since: int | None
) -> list[Day]:
    """A day between each two of the bounds, which ascend; of each what lies in `[since, until)`.

    Time in it without a span is unknown. For any day the sums are those of its account.
    """
    first = bounds[-1] if since is None else max(bounds[0], since)
    tiles, _ = policy.exclusions.applied(tile(spans, first, min(bounds[-1], until)))
    sums = [dict.fromkeys(("good", "bad", "planned", "unseen"), 0) for _ in bounds[1:]]
    parts = _parts(policy)
    for piece in tiles:
        at, day = piece.start, bisect_right(bounds, piece.start) - 1
        while at < piece.end:
            end = min(piece.end, bounds[day + 1])
            sums[day][parts[piece.klass]] += end - at
            at, day = end, day + 1
    return [Day(start, end, **of) for (start, end), of in zip(pairwise(bounds), sums, strict=True)]


def _parts(policy: UptimePolicy) -> Mapping[Klass, str]:
    """Which part of a day each class is."""
    part = {"up": "good", "down": "bad"}
    left_out = {Klass.MAINTENANCE: "planned"}
    return {
        klass: part.get(treatment) or left_out.get(klass, "unseen")
        for klass, treatment in policy.treatments().items()
    }
