"""Problems: confirmed trouble of one rule of a service, and where it stands: in an incident, or held back, and why."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from checks.base import ErrorKind, Status

Key: TypeAlias = tuple[str, str]  # service, rule


class Why(StrEnum):
    """Why a problem has no incident: held back for as long as that lasts, or waiting for a word, but not for long.

    Left behind is what was held back with a parent that is well again: what recovers in that moment opens nothing.
    """

    MAINTENANCE = "maintenance"
    SILENCE = "silence"
    PAUSE = "pause"
    PARENT_HELD = "parent_held"
    LEFT_BEHIND = "left_behind"
    WAITS_FOR_PARENTS = "waits_for_parents"
    WAITS_FOR_OTHERS = "waits_for_others"

    @property
    def waits(self) -> bool:
        """Whether it ends by itself at `until`: the problem then gets an incident."""
        return self in (Why.WAITS_FOR_PARENTS, Why.WAITS_FOR_OTHERS)


@dataclass(frozen=True, slots=True)
class Hold:
    """What holds a problem back: `by` is its id (M-3, S-1), a service, or a label; moments are microseconds UTC.

    `until` is when it is to end, None when nobody knows.
    """

    why: Why
    by: str
    since: int
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Problem:
    """Trouble of a rule (a check, `budget`, `blind` …) from its first failing reading, `since`; `at` is its confirming.

    It belongs to one `incident`, its own or another's, or a `hold` says why it has none. `over` is the first good
    reading, once recovery is confirmed, which was at `over_at`; `calm` the same while it flaps and may come back at
    any moment. `forecast`: nobody notices yet, it is only foreseen; `share` is the most of the requests that failed
    at once, None where nobody counts them. `count` is how often it came and went while it was flapping,
    `told_flapping` whether its ticket says that it does. `title` and `description` are what a ticket says where no
    check stands behind, `names` the checks that it is about where it is about several.
    """

    service: str
    rule: str
    level: Status
    since: int
    at: int
    reason: str
    error_kind: ErrorKind | None = None
    forecast: bool = False
    share: float | None = None
    flapping: bool = False
    told_flapping: bool = False
    count: int = 0
    over: int | None = None
    over_at: int = 0
    calm: int | None = None
    incident: int | None = None
    hold: Hold | None = None
    title: str = ""
    description: str = ""
    names: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        return (self.service, self.rule)

    @property
    def name(self) -> str:
        """`service.check`."""
        return f"{self.service}.{self.rule}"

    @property
    def left_behind(self) -> bool:
        """What it was part of, or held back with, is over: it has a moment to recover too, and is looked at often."""
        why = self.hold.why if self.hold is not None else None
        return why is Why.LEFT_BEHIND or (why is Why.WAITS_FOR_PARENTS and self.incident is not None)


@dataclass(frozen=True, slots=True)
class Member:
    """A problem's time in an incident; `until` None while it belongs to it. `cause`: the incident is its own."""

    service: str
    rule: str
    since: int
    level: Status
    reason: str
    cause: bool = False
    until: int | None = None

    @property
    def key(self) -> Key:
        return (self.service, self.rule)


def dump(problem: Problem) -> dict[str, Any]:
    """As JSON, for its row."""
    return asdict(problem)


def restore(dumped: dict[str, Any]) -> Problem:
    """The inverse of `dump`."""
    hold = dumped["hold"]
    kind = dumped["error_kind"]
    fields = {
        **dumped,
        "level": Status(dumped["level"]),
        "error_kind": ErrorKind(kind) if kind else None,
        "hold": Hold(**{**hold, "why": Why(hold["why"])}) if hold else None,
        "names": tuple(dumped.get("names", ())),
    }
    return Problem(**fields)
