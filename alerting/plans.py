"""Planned work: windows that come again as moments in UTC, and windows whose plans were changed.

A window begins at a local time of its zone; one that the zone's clocks leave out begins as much later as they jump, one
that they show twice begins the first time. It lasts its seconds, whatever the clocks do meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import takewhile, zip_longest
from operator import attrgetter
from zoneinfo import ZoneInfo

from alerting.slo.periods import EPOCH, MICROSECOND, micros
from config.hours import WHOLE_DAY
from config.maintenance import MaintenanceWindow

_SECOND = 1_000_000
_HOUR = 60


@dataclass(frozen=True, slots=True)
class Edition:
    """What a window was planned to be from `at` on, when it was recorded; `start` = `end` for one that is cancelled.

    No service means all of them.
    """

    at: int
    start: int
    end: int
    services: tuple[str, ...] = ()


def in_force(editions: Iterable[Edition]) -> list[tuple[int, int]]:
    """The time that a window really covered, or is going to.

    At each moment the edition counts that was the latest by then. So nothing that is recorded later changes what has
    passed, and a window that is recorded after it began counts from its being recorded.
    """
    ordered = sorted(editions, key=attrgetter("at"))
    covered = (
        (max(edition.start, edition.at), min(edition.end, later.at) if later else edition.end)
        for edition, later in zip_longest(ordered, ordered[1:])
    )
    return [(start, end) for start, end in covered if start < end]


def occurrences(window: MaintenanceWindow, since: int, until: int) -> Iterator[tuple[int, int]]:
    """Each time the window comes, in order, where any of it lies in `[since, until)`; microseconds UTC."""
    lasts = int(window.duration * _SECOND)
    with suppress(OverflowError):  # the calendar begins with the year 1 and ends with 9999
        first = EPOCH + (since - lasts) * MICROSECOND
        for begins in takewhile(lambda start: start < until, map(micros, _beginnings(window, first))):
            if begins + lasts > since:
                yield begins, begins + lasts


def _beginnings(window: MaintenanceWindow, first: datetime) -> Iterator[datetime]:
    """The beginnings from a little before `first` on."""
    zone = ZoneInfo(window.zone)
    local = (first - timedelta(days=1)).astimezone(zone)
    return _by_cron(window.cron, local) if window.cron else _by_days(window, local.date(), zone)


def _by_cron(cron: str, after: datetime) -> Iterator[datetime]:
    from cronsim import CronSim

    return iter(CronSim(cron, after))


def _by_days(window: MaintenanceWindow, day: date, zone: ZoneInfo) -> Iterator[datetime]:
    assert window.start is not None  # where there is no cron expression
    hour, minute = divmod(window.start % WHOLE_DAY, _HOUR)
    while True:
        if day.weekday() in window.days:
            yield datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)
        day += timedelta(days=1)


def planned(
    windows: Iterable[MaintenanceWindow], service: str, since: int, until: int
) -> list[tuple[int, int]]:
    """What lies in `[since, until)` of the windows that are for the service."""
    mine = (window for window in windows if not window.services or service in window.services)
    return [found for window in mine for found in _within(window, since, until)]


@lru_cache(maxsize=64)
def _within(window: MaintenanceWindow, since: int, until: int) -> tuple[tuple[int, int], ...]:
    """Asked for anew with each service that the window is for."""
    return tuple((max(start, since), min(end, until)) for start, end in occurrences(window, since, until))
