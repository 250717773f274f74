"""Each service's time in a period, against its target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from agent.store.reader import Reader
from agent.uptime import days, ledgers_for, monitored_since, requested, retired, unconfirmed
from agent.uptime import figures as figures_of
from alerting.slo.figures import rfc3339
from alerting.slo.periods import Period, micros
from alerting.slo.requests import by_requests
from alerting.slo.strip import Day
from config.models import Config, Service

_SECOND = 1_000_000
_SHARES = ("good", "bad", "planned", "unseen")


class NoSuchService(Exception):
    """Nothing is known of a service of that name; `known` are those of which something is."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        super().__init__(name)
        self.name, self.known = name, known


@dataclass(frozen=True, slots=True)
class Shown:
    """A service's figure as JSON has it, and its last days."""

    figure: Mapping[str, Any]
    days: Sequence[Day]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Shown:
        """The inverse of a figure with `days_document`."""
        figure = {name: each for name, each in document.items() if name != "days"}
        return cls(figure, [_day(each) for each in document.get("days") or ()])

    def days_document(self) -> list[dict[str, Any]]:
        """The days as JSON, in seconds."""
        return [
            {"from": rfc3339(each.start), "to": rfc3339(each.end)}
            | {name: getattr(each, name) / _SECOND for name in _SHARES}
            for each in self.days
        ]

    @property
    def target(self) -> Fraction:
        return Fraction(self.figure["target_percent"]) / 100


def _day(document: Mapping[str, Any]) -> Day:
    start, end = (micros(datetime.fromisoformat(document[name])) for name in ("from", "to"))
    return Day(start, end, **{name: round(document[name] * _SECOND) for name in _SHARES})


def figures(
    config: Config, store: Reader, service: str | None, asked_for: tuple[Period, tuple[int, ...]], now: int
) -> list[Shown]:
    """The contract's objects of a period, of one service or of all that are configured; days between given bounds.

    By its name also a service that is configured no more, with the usual agreement. Raises NoSuchService.
    """
    span, bounds = asked_for
    ledgers = store.ledgers(since=min((span.start, *bounds[:1])))
    nothing = store.ledger("", since=span.start)
    requests = requested(store, config.services, span, now, service)
    blips = store.blips(span.start, min(span.end, now), service)
    wanted, plans = _wanted(config, service, [*ledgers, *requests]), config.maintenance.values()
    known = ledgers_for(wanted, lambda name: ledgers.get(name, nothing), now)
    return [
        Shown(
            figures_of(each, known[each.name], span, now, plans)
            | {"blips": unconfirmed(each, blips, monitored_since(each, known[each.name]), now)}
            | by_requests(requests.get(each.name, {})),
            days(each, known[each.name], bounds, min(now, span.end), now) if bounds else [],
        )
        for each in wanted
    ]


def _wanted(config: Config, service: str | None, known: Sequence[str]) -> list[Service]:
    if service is None:
        return list(config.services.values())
    if service in config.services:
        return [config.services[service]]
    if service not in known:
        raise NoSuchService(service, [*config.services, *known])
    return [retired(service)]
