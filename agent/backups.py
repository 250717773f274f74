"""The nightly backup: taken aside while all goes on, kept for some days, and told of when none succeeds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric

from agent.clock import Clock
from agent.store.backup import RESTORED, CannotBackUp, forget, listed, restored_at, take
from config.hours import time_of_day
from config.models import AgentConfig

log = structlog.get_logger()
TURN = 60.0
_SECOND = 1_000_000
# After one that failed, the next try.
_AGAIN = 3600.0
# For so long after a restore remote tickets are looked for before they are made.
_LOOKS_FIRST = 7 * 86_400 * _SECOND


def last_due(at: str, zone: str, now: int) -> int:
    """The latest moment at which one was due (microseconds UTC): that time of the day, today or yesterday."""
    local = datetime.fromtimestamp(now / _SECOND, ZoneInfo(zone))
    minutes = time_of_day(at)
    due = datetime.combine(local.date(), time(minutes // 60, minutes % 60), ZoneInfo(zone))
    if due > local:
        due = datetime.combine(local.date() - timedelta(days=1), due.timetz())
    return int(due.astimezone(UTC).timestamp()) * _SECOND


class Backups:
    """Turned once a minute."""

    def __init__(self, directory: Path, agent: AgentConfig, clock: Clock) -> None:
        self._directory, self._agent, self._clock = directory, agent, clock
        self._not_before = float("-inf")
        self._last = max((backup.at for backup in listed(self.place)), default=0)
        # Since when there is a store: nothing was due before.
        self.since: Callable[[], int] = clock.now

    def use(self, agent: AgentConfig) -> None:
        """Go on under a new configuration."""
        self._agent, self._not_before = agent, float("-inf")

    @property
    def place(self) -> Path:
        """Where they lie."""
        return self._directory / self._agent.backup.dir

    async def turn(self) -> None:
        """Take one when it is due, and forget what is old. What was missed while nobody ran is made up for."""
        options, now = self._agent.backup, self._clock.now()
        if not options.enabled or self._clock.monotonic() < self._not_before:
            return
        if max(self._last, self.since()) >= last_due(options.at, self._agent.timezone, now):
            return
        try:
            made = await asyncio.to_thread(take, self._directory, self.place, self._agent.id, now)
        except CannotBackUp as error:
            self._not_before = self._clock.monotonic() + _AGAIN
            log.error("backup.failed", reason=str(error))
            return
        self._last = made.at
        before = now - int(options.keep * _SECOND)
        gone = await asyncio.to_thread(forget, self.place, before)
        log.info("backup.taken", file=str(made.file), bytes=made.size, forgotten=len(gone))

    def age(self) -> float:
        """Seconds since the last one, or since there could have been one; 0 where none is to be made."""
        if not self._agent.backup.enabled:
            return 0.0
        return max(0.0, (self._clock.now() - (self._last or self.since())) / _SECOND)

    def was_restored(self) -> bool:
        """Whether the store comes from a backup, of late."""
        at = restored_at(self._directory)
        if at is not None and self._clock.now() - at >= _LOOKS_FIRST:
            (self._directory / RESTORED).unlink(missing_ok=True)
            return False
        return at is not None

    def gauges(self) -> Iterator[Metric]:
        """When the last one succeeded."""
        name = "tocsin_backup_last_success_timestamp_seconds"
        family = GaugeMetricFamily(name, "When the last backup succeeded; 0: never.")
        family.add_metric([], self._last / _SECOND)
        yield family
