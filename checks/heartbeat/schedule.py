"""When a job is to report: each interval, or at the moments of a cron or OnCalendar expression in a zone.

Moments are seconds since 1970. A local time that the clocks leave out is the moment of their jump, as cron
has it; one that they show twice counts once, unless the expression runs through every hour.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Protocol
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from checks.heartbeat import on_calendar

_ALIASES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# The host of the job may run ahead of ours by this much: its report belongs to the moment that is just to come.
_AHEAD = 2.0
_LONGEST = 200
_MOST_STEPS = 1000
_WITH_SECONDS = 6
_SAMPLE = datetime(2024, 1, 1, tzinfo=UTC)


class Schedule(Protocol):
    """Of one job."""

    def after(self, moment: float) -> float | None:
        """When the report that follows one at this moment is due; None when none is expected ever again."""
        ...


@dataclass(frozen=True, slots=True)
class Interval:
    """One report each `seconds`, counted from the last."""

    seconds: float

    def after(self, moment: float) -> float | None:
        return moment + self.seconds


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression of five fields, or six with the seconds first, in a zone."""

    expression: str
    zone: str

    def after(self, moment: float) -> float | None:
        return _cron_after(self.expression, self.zone, moment + _AHEAD)


@dataclass(frozen=True, slots=True)
class OnCalendar:
    """An expression of systemd's timers in a zone."""

    expression: str
    zone: str

    def after(self, moment: float) -> float | None:
        return _calendar_after(self.expression, self.zone, moment + _AHEAD)


def cron(text: str) -> str:
    """The expression as it is kept. Raises ValueError with the reason."""
    expression = _ALIASES.get(text.strip().lower(), " ".join(text.split()))
    if expression.startswith("@"):
        raise ValueError(f"known short forms are {', '.join(_ALIASES)}")
    try:
        if len(expression) > _LONGEST:
            raise CronSimError("Too long")
        next(CronSim(expression, _SAMPLE))
    except (CronSimError, StopIteration) as error:
        reason = str(error).lower() or "it never comes"
        raise ValueError(f"expected a cron expression like 30 2 * * *: {reason}") from None
    return expression


def calendar(text: str) -> str:
    """The same for an OnCalendar expression."""
    expression = " ".join(text.split())
    try:
        CronSim(on_calendar.read(expression).cron, _SAMPLE)
    except CronSimError as error:
        raise ValueError(f"it never comes: {str(error).lower()}") from None
    return expression


@lru_cache(maxsize=4096)
def _cron_after(expression: str, zone: str, moment: float) -> float | None:
    steps, fields = CronSim(expression, datetime.fromtimestamp(moment, _zone(zone))), expression.split()
    once = len(fields) == _WITH_SECONDS and not fields[2].startswith("*")
    for _, at in zip(range(_MOST_STEPS), steps, strict=False):
        # In the hour that the clocks show twice it goes by their face, which may lead back.
        if at.timestamp() > moment and not (once and at.fold):
            return at.timestamp()
    return None


@lru_cache(maxsize=4096)
def _calendar_after(expression: str, zone: str, moment: float) -> float | None:
    wanted = on_calendar.read(expression)
    for at in _candidates(wanted, datetime.fromtimestamp(moment, _zone(zone))):
        if at.timestamp() > moment and (wanted.every_hour or not at.fold):
            return at.timestamp()
    return None


def _candidates(wanted: on_calendar.Calendar, start: datetime) -> Iterator[datetime]:
    """Moments in order; days and years that are not wanted are passed over at once."""
    steps = CronSim(wanted.cron, start)
    for _ in range(_MOST_STEPS):
        at = next(steps, None)
        if at is None:
            return
        if wanted.years is not None and at.year not in wanted.years:
            years = [year for year in wanted.years if year > at.year]
            if not years:
                return
            steps = CronSim(
                wanted.cron, datetime(min(years), 1, 1, tzinfo=start.tzinfo) - timedelta(seconds=1)
            )
        elif wanted.weekdays is not None and at.isoweekday() % 7 not in wanted.weekdays:
            midnight = datetime(at.year, at.month, at.day, tzinfo=start.tzinfo) + timedelta(days=1)
            steps = CronSim(wanted.cron, midnight - timedelta(seconds=1))
        else:
            yield at


def _zone(name: str) -> tzinfo:
    return UTC if name == "UTC" else ZoneInfo(name)
