"""Housekeeping: old readings packed and dropped, and the uptime gauges that Prometheus reads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from pathlib import Path

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric

from agent.clock import Clock
from agent.store.decisions import forget_decisions
from agent.store.files import tidy
from agent.store.reader import NoStore, reading
from agent.store.retention import drop_old, pack_some
from agent.store.roll_ups import DAY, HOUR, forget_roll_ups, thin_out
from agent.store.tickets import attached
from agent.store.writer import Writer
from agent.uptime import totals
from alerting.slo.periods import parse_period
from alerting.slo.uptime import Account
from config.models import Config

_UNPACKED_HOURS = 2
_HOURLY_DAYS = 35
_DAILY_DAYS = 2 * 366
_DECISIONS_DAYS = 3 * 366
log = structlog.get_logger()
_WINDOWS = ("30d", "90d")
_FRESH = 30.0
_UNUSED_FILES = 86_400.0


class Upkeep:
    """Retention by the clock; gauges on demand, at most every half minute, on the asker's thread."""

    def __init__(self, directory: Path, config: Config, clock: Clock, writer: Writer) -> None:
        self._directory, self._config, self._clock = directory, config, clock
        self._agent, self._writer = config.agent.id, writer
        self._accounts: list[tuple[str, str, Account]] = []
        self._taken_at = float("-inf")

    def use(self, config: Config) -> None:
        """Go on under a new configuration. The rows stay those of the agent that was started."""
        self._config = config
        self._taken_at = float("-inf")

    async def run(self) -> None:
        """Pack, roll up and drop what is old, in many small transactions, so that no reading waits long."""
        now, agent, write = self._clock.now(), self._agent, self._writer.write
        unpacked = (now // HOUR - _UNPACKED_HOURS) * HOUR
        while await write(lambda connection: pack_some(connection, agent, unpacked)):
            continue
        oldest = now - int(self._config.agent.keep_readings * 1_000_000)
        await write(lambda connection: drop_old(connection, agent, oldest))
        while await write(lambda connection: thin_out(connection, agent, now - _HOURLY_DAYS * DAY)):
            continue
        await write(lambda connection: forget_roll_ups(connection, agent, now - _DAILY_DAYS * DAY))
        while await write(
            lambda connection: forget_decisions(connection, agent, now - _DECISIONS_DAYS * DAY)
        ):
            continue
        if await asyncio.to_thread(self._writer.ballast.take_in):
            log.info("store.ballast_taken_in", bytes=self._writer.ballast.size)
        known = await write(attached)
        await asyncio.to_thread(tidy, self._directory, known, now / 1_000_000 - _UNUSED_FILES)

    def gauges(self) -> Iterator[Metric]:
        """Uptime, target, budget and coverage per service."""
        if self._clock.monotonic() - self._taken_at > _FRESH:
            self._accounts = list(self._taken())
            self._taken_at = self._clock.monotonic()
        by_window = ["service", "window"]
        ratio = GaugeMetricFamily("tocsin_uptime_ratio", "Uptime over a window.", labels=by_window)
        budget = GaugeMetricFamily(
            "tocsin_error_budget_remaining_ratio", "Share of the error budget that is left.", labels=by_window
        )
        coverage = GaugeMetricFamily(
            "tocsin_coverage_ratio", "Share of the time that was seen.", labels=by_window
        )
        target = GaugeMetricFamily("tocsin_uptime_target_ratio", "The promised uptime.", labels=["service"])
        for service in self._config.services.values():
            target.add_metric([service.name], float(service.target))
        for name, window, sums in self._accounts:
            if sums.uptime is not None:
                ratio.add_metric([name, window], float(sums.uptime))
            if sums.coverage is not None:
                coverage.add_metric([name, window], float(sums.coverage))
            if sums.budget > 0:
                budget.add_metric([name, window], float(sums.budget_left / sums.budget))
        yield from (ratio, target, budget, coverage)

    def _taken(self) -> Iterable[tuple[str, str, Account]]:
        zone, now, config = self._config.agent.timezone, self._clock.now(), self._config
        try:
            with reading(self._directory, self._agent) as store:
                periods = [parse_period(window, zone, now) for window in _WINDOWS]
                found = totals(store, config.services.values(), periods, now)
                for window, accounts in zip(_WINDOWS, found, strict=True):
                    for name, sums in accounts.items():
                        yield name, window, sums
        except NoStore:
            return
