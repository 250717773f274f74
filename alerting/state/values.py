"""What is known of one check: its confirmed state and what is on its way to change it; how it is confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from alerting.state.ring import NOTHING_SEEN, pattern_of, share_of
from checks.base import LEVEL, Status
from config.conditions import Hold
from config.confirming import USUAL, Thresholds

STATUS = (Status.OK, Status.DEGRADED, Status.DOWN)
SECOND = 1_000_000


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
NO_RUNS = (NO_RUN, NO_RUN)
# A moment, the level seen then, and the level that needed no holding time.
Seen: TypeAlias = tuple[int, int, int]


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

    Trouble needs `confirm` readings in a row, or so many among the latest `confirm_of`. A recovery needs `recover`
    good ones in a row, the first of them at least `recover_after` seconds before the latest.
    Readings (unknown ones too) more than `valid_for` seconds apart are not in a row; None sets no bound.
    """

    confirm: int = 2
    recover: int = 2
    holds: tuple[Hold | None, Hold | None] = (None, None)
    valid_for: float | None = None
    confirm_of: int | None = None
    recover_after: float = 0.0
    flapping: Thresholds = USUAL

    @property
    def window(self) -> int:
        """How many of the latest readings are to be looked back on."""
        return max(self.confirm_of or 0, _of(self.holds[0]), _of(self.holds[1]))


def _of(hold: Hold | None) -> int:
    return 0 if hold is None else hold.of or 0


@dataclass(frozen=True, slots=True)
class CheckState:
    """The confirmed state, and what is on its way to change it.

    `worse` and `firm` hold a run for degraded and for down, `better` one for ok and for degraded.
    `recent` holds the latest known readings since the last recovery, from the first bad one on, for `3 of 5`.
    `unknown_since` is the first moment of the present unknown stretch. `doubts` are the readings at least degraded,
    and down, that are worse than the state and may yet prove a blip; nothing is decided by them.
    `ring` has the levels of the last known readings, `flapping` is whether they change too often.
    """

    state: Status | None = None
    since: int = 0
    worse: tuple[Run, Run] = NO_RUNS
    firm: tuple[Run, Run] = NO_RUNS
    better: tuple[Run, Run] = NO_RUNS
    recent: tuple[Seen, ...] = ()
    unknown_since: int | None = None
    last_at: int = 0
    last_status: Status | None = None
    doubts: Doubts = NO_DOUBTS
    ring: int = NOTHING_SEEN
    flapping: bool = False

    @property
    def level(self) -> int:
        return LEVEL[self.state] if self.state is not None else 0

    @property
    def unsettled_since(self) -> int | None:
        """The first moment that a flip still to come may be back-dated to, None when there is none before it."""
        firsts = [run.first for run in self.disagreeing]
        firsts += [moment for moment, seen, _ in self.recent if seen > self.level]
        return min(firsts, default=None)

    @property
    def unstable(self) -> bool:
        """Whether the latest known readings disagree with the confirmed state."""
        return bool(self.disagreeing)

    @property
    def disagreeing(self) -> list[Run]:
        """The runs of readings worse, or better, than the confirmed state."""
        runs = (*self.worse[self.level :], *self.better[: self.level])
        return [run for run in runs if run.count]

    @property
    def flap_share(self) -> float:
        """How much of the last known readings is change of level, weighted, 0 to 0.99."""
        return share_of(self.ring)

    @property
    def flap_pattern(self) -> str:
        """The last known readings from the first bad one on, newest last: `x.-..x`; empty when all were good."""
        return pattern_of(self.ring)


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
