"""Uptime figures from the ledger: spans and outages of services over a period."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from alerting.slo.figures import as_json
from alerting.slo.periods import Period, parse_period
from alerting.slo.spans import Klass, Span
from alerting.slo.uptime import Account, Outage, UptimePolicy, account
from config.models import Service

ALIVE_SLACK = 15 * 1_000_000  # three checkpoints


@dataclass(frozen=True, slots=True)
class Alive:
    """Whether a process holds the state now, and until when it is known to have lived."""

    running: bool
    until: int

    def seen_until(self, now: int) -> int:
        """The end of what was observed: now, while the agent lives; else its last sign of life."""
        return now if self.running and now - self.until <= ALIVE_SLACK else min(now, self.until)


@dataclass(frozen=True, slots=True)
class Cause:
    """What an incident says of the outages it covers; moments in microseconds, `resolved` None while it lasts."""

    opened: int
    resolved: int | None
    incident: int
    rule: str
    reason: str

    def covers(self, outage: Outage) -> bool:
        return self.opened < outage.end and (self.resolved is None or self.resolved >= outage.start)


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the store holds on a service: closed and open spans, whether and until when the agent lives, incidents."""

    spans: tuple[tuple[int, int | None, Klass], ...]
    alive: Alive
    incidents: tuple[Cause, ...] = ()

    def closed(self, now: int) -> list[Span]:
        """All spans; the open one ends where the observing did."""
        end = self.alive.seen_until(now)
        found = (
            (start, min(until if until is not None else end, now), klass)
            for start, until, klass in self.spans
        )
        return [Span(start, until, klass) for start, until, klass in found if start < until]

    @property
    def since(self) -> int | None:
        return self.spans[0][0] if self.spans else None


def policy_of(service: Service) -> UptimePolicy:
    """How the service's time counts."""
    told = service.uptime
    return UptimePolicy(
        degraded=told.degraded,
        unknown="exclude" if told.unknown == "excluded" else told.unknown,
        maintenance="exclude" if told.maintenance == "excluded" else told.maintenance,
        target=service.target,
    )


def accounted(service: Service, ledger: Ledger, period: Period, now: int) -> Account:
    """The service's account of the period as far as it is observed."""
    return account(ledger.closed(now), period, policy_of(service), now, ledger.since)


def figures(service: Service, ledger: Ledger, period: Period, now: int) -> dict[str, Any]:
    """The contract's JSON object; outages carry the incident they belong to and its cause."""
    sums = accounted(service, ledger, period, now)
    counting = {check.name for check in service.checks.values() if check.counts_for_uptime}
    told = [cause for cause in ledger.incidents if cause.rule in counting]
    causes = {
        outage.start: (cause.incident, cause.reason)
        for outage in sums.outages
        if (cause := _cause_of(outage, told)) is not None
    }
    return as_json(sums, service.name, causes)


def _cause_of(outage: Outage, told: Iterable[Cause]) -> Cause | None:
    """Of several incidents at the time the one that began closest to the outage."""
    covering = (cause for cause in told if cause.covers(outage))
    return min(covering, key=lambda cause: abs(cause.opened - outage.start), default=None)


def windows(
    service: Service, ledger: Ledger, zone: str, now: int, names: tuple[str, ...]
) -> Mapping[str, Account]:
    """Accounts of several periods by name."""
    return {name: accounted(service, ledger, parse_period(name, zone, now), now) for name in names}
