"""Sources: what gave a stretch of a service's time its class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from alerting.slo.events import Event
from alerting.slo.spans import Klass, Span


@dataclass(frozen=True, slots=True)
class Maker:
    """A check that made its service what it was, and its own span at the time; None where it had none."""

    check: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What our own checks saw: those that made it so, and how many more there were than are named."""

    makers: tuple[Maker, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Nobody could look. `why` is `stopped`, `clock`, `agent_off` (imported), `ended`: not running since, or `to_come`:
    it runs, and has noted nothing that late.
    """

    start: int
    end: int
    why: str


@dataclass(frozen=True, slots=True)
class Imported:
    """An imported state or reading; `lapsed` once it is believed no more."""

    event: Event
    lapsed: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """Planned work by its numbers, of which 0 stands for that which was imported."""

    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The agreement leaves the time out: while the service named was down or, nothing `promised`, by its hours."""

    by: str
    promised: bool


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """Nothing that is stored says more: time in no span, or a span that no check's own record explains."""


Source: TypeAlias = Seen | Gap | Imported | Planned | LeftOut | Unrecorded


@dataclass(frozen=True, slots=True)
class Claim:
    """A source says that the service was `klass` in `[start, end)`; never empty. No class is time in no figure."""

    start: int
    end: int
    klass: Klass | None
    source: Source


UNRECORDED = Unrecorded()
