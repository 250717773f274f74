"""The answer to why a check did or did not alert, and what it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.explanation.confirming import Progress, Unrest
from agent.store.evidence import Sight
from alerting.incidents.decision import Decision
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Problem
from alerting.slo.blips import Blip
from alerting.slo.gaps import Gap
from checks.base import Status


class Verdict(StrEnum):
    """The answer in a word."""

    ALERTED = "alerted"
    FOLDED = "folded"
    HELD = "held"
    WAITING = "waiting"
    UNCONFIRMED = "unconfirmed"
    NOT_DECIDED = "not_decided"
    UNKNOWN = "unknown"
    WELL = "well"
    NOT_LOOKED_AT = "not_looked_at"


@dataclass(frozen=True, slots=True)
class Cover:
    """What held back opening at the moment, whether there was anything to hold back or not; `id` is M-3, S-1, P-2."""

    id: str
    why: str
    start: int
    end: int
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Attention:
    """Whether the check was looked at: configured, not disabled or paused, inside its calendars, the agent running.

    `stopped` is the last sign of life of an agent that does not run.
    """

    configured: bool
    disabled: str | None = None
    resting: bool = False
    resting_until: int | None = None
    pause: Cover | None = None
    gap: Gap | None = None
    stopped: int | None = None

    @property
    def given(self) -> bool:
        return self.configured and not (
            self.disabled or self.resting or self.pause or self.gap or self.stopped
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """Why a rule of a service did or did not alert at `at`; moments are microseconds UTC.

    `state` and `since` are what was confirmed then. `readings` are those before the moment and a few after it, oldest
    first; `kept` says whether single readings of then are kept at all. `decided` gave the trouble its place, where
    it had one; `decisions` are those up to the moment since that trouble began, `later` the next ones.
    """

    service: str
    rule: str
    at: int
    verdict: Verdict
    attention: Attention
    state: Status | None = None
    since: int | None = None
    readings: tuple[Sight, ...] = ()
    kept: bool = True
    progress: tuple[Progress, ...] = ()
    unrest: Unrest | None = None
    blip: Blip | None = None
    decided: Decision | None = None
    problem: Problem | None = None
    incident: Incident | None = None
    in_force: tuple[Cover, ...] = ()
    decisions: tuple[Decision, ...] = ()
    later: tuple[Decision, ...] = ()
