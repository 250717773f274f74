"""The error budgets of the running month, by service, kept for the tickets that are opened meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from agent.store.reader import Reader
from agent.uptime import totals
from alerting.desk.budget import month_name
from alerting.desk.impact import MonthsBudget
from alerting.slo.periods import EPOCH, parse_period
from config.models import Config

_FRESH = 300 * 1_000_000


class Months:
    """Judged anew at most every five minutes: it takes a look at all time of the month."""

    def __init__(self) -> None:
        self._budgets: Mapping[str, MonthsBudget] = {}
        self._judged_at: int | None = None

    def look(self, store: Reader, config: Config, now: int) -> Mapping[str, MonthsBudget]:
        """As they are now, or were a few minutes ago; empty where no service has a target to miss."""
        if self._judged_at is None or not 0 <= now - self._judged_at < _FRESH:
            self._budgets, self._judged_at = budgets(store, config, now), now
        return self._budgets


def budgets(store: Reader, config: Config, now: int) -> Mapping[str, MonthsBudget]:
    """By service what is spent of the budget of the calendar month that is running in the agent's zone."""
    zone = config.agent.timezone
    today = (EPOCH + timedelta(microseconds=now)).astimezone(ZoneInfo(zone))
    period = parse_period(f"{today:%Y-%m}", zone, now)
    (accounts,) = totals(store, config.services.values(), [period], now)
    return {
        name: MonthsBudget(month_name(today), now, account.budget, Fraction(account.bad))
        for name, account in accounts.items()
    }
