"""Uptime and the last 90 days of every service, in memory: reckoned aside, a few services at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from fractions import Fraction

import structlog

from agent.clock import Clock
from agent.store.reader import NoStore, Reader
from agent.store.trouble import cannot_write
from agent.uptime import accounted, days, ledgers_for
from alerting.slo.periods import midnights, parse_period
from alerting.slo.strip import DAYS, Day
from config.models import Config, Service

log = structlog.get_logger()
ROUND = 60.0
_SLICE = 20
_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """Of one service: its share of good time in 30 days (None where nothing was counted), and the last days."""

    uptime: Fraction | None = None
    days: tuple[Day, ...] = ()


NOTHING = Figure()
Open = Callable[[], AbstractContextManager[Reader]]


class Figures:
    """`of` never waits for what is there; `turn` renews everything, slowly enough that no look is late for it."""

    def __init__(self, config: Callable[[], Config], clock: Clock, store: Open) -> None:
        self._config, self._clock, self._store = config, clock, store
        self._known: Mapping[str, Figure] = {}

    def of(self, services: Collection[Service]) -> Mapping[str, Figure]:
        """By name; what was never reckoned is so now. To be used on a thread."""
        lacking = [each for each in services if each.name not in self._known]
        if lacking:
            self._keep(self._reckoned(lacking))
        return {each.name: self._known.get(each.name, NOTHING) for each in services}

    async def turn(self) -> None:
        """One round over all services."""
        services = list(self._config().services.values())
        for begin in range(0, len(services), _SLICE):
            self._keep(await asyncio.to_thread(self._reckoned, services[begin : begin + _SLICE]))
            await asyncio.sleep(_PAUSE if begin + _SLICE < len(services) else 0)
        names = {each.name for each in services}
        self._known = {name: found for name, found in self._known.items() if name in names}

    def _keep(self, found: Mapping[str, Figure]) -> None:
        self._known = {**self._known, **found}

    def _reckoned(self, services: Iterable[Service]) -> Mapping[str, Figure]:
        try:
            with self._store() as store:
                return _figures(store, list(services), self._config().agent.timezone, self._clock.now())
        except NoStore:
            return {}
        except Exception as error:
            if not cannot_write(error):
                raise
            return {}  # a disk that cannot be read: what is known stays


def _figures(store: Reader, services: list[Service], zone: str, now: int) -> Mapping[str, Figure]:
    period, bounds = parse_period("30d", zone, now), midnights(now, zone, DAYS)
    names = {each.name for each in services} | {
        name for each in services for name in each.uptime.exclude_when
    }
    found = store.ledgers(min(period.start, bounds[0]), names, incidents=False)
    ledgers = ledgers_for(services, lambda name: found[name], now)
    return {
        each.name: Figure(
            accounted(each, ledgers[each.name], period, now).uptime,
            tuple(days(each, ledgers[each.name], bounds, now, now)),
        )
        for each in services
    }
