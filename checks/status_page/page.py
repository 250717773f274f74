"""Status page: what a page says, in one form whatever dialect it is written in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Indicator(StrEnum):
    """How a service fares by its vendor's word."""

    OPERATIONAL = "operational"
    MAINTENANCE = "maintenance"
    DEGRADED = "degraded"
    PARTIAL = "partial"
    MAJOR = "major"

    @property
    def badness(self) -> int:
        """From 0, with planned work below any trouble."""
        return list(Indicator).index(self)


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the service; `also` are other names of it.

    Without an indicator nothing is known of it: `said` is then the page's own word, empty where it is not watched.
    """

    name: str
    indicator: Indicator | None
    said: str = ""
    group: str = ""
    also: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """With its group, where it has one: `Git Operations / SSH`."""
        return f"{self.group} / {self.name}" if self.group else self.name


@dataclass(frozen=True, slots=True)
class Event:
    """An open incident, or a maintenance under way. `since` is seconds since 1970.

    `components` are the names it gives, empty where it gives none. An event `counts` where the page says how its
    service fares through its events; elsewhere it is evidence beside the states of the page and its components.
    """

    title: str
    impact: Indicator
    since: float | None = None
    components: tuple[str, ...] = ()
    counts: bool = True


@dataclass(frozen=True, slots=True)
class Page:
    """One document. `indicator` is its word on the whole, `said` that word where it is not known.

    `lists_all` is False where only that is named which is in trouble. `stale_since` is set where the document
    tells when it was made (seconds since 1970) and that is long ago.
    """

    indicator: Indicator | None = None
    said: str = ""
    components: tuple[Component, ...] = ()
    events: tuple[Event, ...] = ()
    lists_all: bool = True
    stale_since: float | None = None


def worst(indicators: list[Indicator]) -> Indicator | None:
    """The worst of them; None of none."""
    return max(indicators, key=lambda each: each.badness, default=None)
