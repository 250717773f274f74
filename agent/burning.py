"""What burns: each service's rules judged over its ledger, which incident explains it, and where it leads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

from agent.store.reader import Reader
from agent.uptime import Ledger, accounted, ledgers_for
from alerting.desk.budget import Burnt, Month
from alerting.incidents.incident import Incident, Turn
from alerting.slo.burn import (
    Judged,
    Standing,
    burn,
    judged,
    micros,
    unbroken,
    used_up_at,
    used_up_since,
    windows,
)
from alerting.slo.periods import EPOCH, Period, parse_period
from alerting.slo.uptime import Account, Outage
from config.burn import burn_rules
from config.models import BurnRule, Config, Service


@dataclass(frozen=True, slots=True)
class Burning:
    """A service at a moment: its rules, and the account of each of their windows (in microseconds).

    Without bad time in any of them they share one account.
    """

    service: Service
    ledger: Ledger
    rules: tuple[Judged, ...]
    accounts: Mapping[int, Account]

    @property
    def burns(self) -> dict[int, Fraction]:
        """The burn of each window in which anything was counted."""
        rates = ((length, burn(each)) for length, each in self.accounts.items())
        return {length: rate for length, rate in rates if rate is not None}

    def window(self, fired: Judged) -> Account:
        """The account of the long window."""
        return self.accounts[micros(fired.rule.long)]

    @property
    def firing(self) -> list[Judged]:
        """The rules that fire, pages before tickets."""
        found = (each for each in self.rules if each.standing is Standing.FIRES)
        return sorted(found, key=lambda each: each.rule.level)


class Look:
    """One look at all budgets, as of `now`; to be used while the store's view is open.

    `said` is what the timelines of tickets say of budgets, by ticket.
    """

    def __init__(self, store: Reader, config: Config, now: int) -> None:
        self._store, self._config, self._now = store, config, now
        self._zone = config.agent.timezone
        self._known: dict[str, list[Incident]] = {}
        self.said: dict[int, set[str]] = {}
        self._late: dict[str, Ledger] | None = None

    def all(self) -> Iterator[Burning]:
        """Every service that has rules; one query for their spans."""
        rules = {name: burn_rules(service) for name, service in self._config.services.items()}
        longest = max((windows(each)[-1] for each in rules.values() if each), default=None)
        if longest is None:
            return
        services = [service for name, service in self._config.services.items() if rules[name]]
        ledgers = self._ledgers(services, self._store.ledgers(self._now - longest, incidents=False))
        for service in services:
            yield self._burning(service, ledgers[service.name], rules[service.name])

    def of(self, service: Service) -> Burning | None:
        """One service; None where no rule is in force for it."""
        rules = burn_rules(service)
        if not rules:
            return None
        since = self._now - windows(rules)[-1]
        known = ledgers_for([service], lambda name: self._store.ledger(name, since=since), self._now)
        return self._burning(service, known[service.name], rules)

    def explained(self, burning: Burning, fired: Judged) -> list[Incident]:
        """The incidents of checks that stand for all the bad time of the long window, where it is one outage.

        The one that began closest to it comes first; none when some of that time has no incident.
        """
        service, ledger = burning.service, burning.ledger
        outages = burning.window(fired).outages
        whole = unbroken(outages, lambda start, end: self._account(service, ledger, start, end).good > 0)
        if whole is None:
            return []
        told = self._incidents(burning, whole)
        return told if _covered(whole, told) else []

    def month(self, burning: Burning, fired: Judged) -> Month:
        """The running calendar month, and what the long window's rate makes of it."""
        service, now = burning.service, self._now
        today = (EPOCH + timedelta(microseconds=now)).astimezone(ZoneInfo(self._zone))
        period = parse_period(f"{today:%Y-%m}", self._zone, now)
        ledger = self._since(period.start)[service.name]
        plans = self._config.maintenance.values()
        month = accounted(service, ledger, period, now, plans)

        def countable(until: int) -> Fraction:
            ahead = Period("", now, until, self._zone)
            return accounted(service, ledger, ahead, now, plans).budget / (1 - service.target)

        since = used_up_since(month)
        at = used_up_at(month, burning.window(fired), now, countable) if since is None else None
        return Month(month, since, at)

    def burnt(self, burning: Burning, fired: Judged) -> list[Burnt]:
        """The outages of the long window with their incidents."""
        found = []
        for outage in burning.window(fired).outages:
            told = self._incidents(burning, outage)
            found.append(Burnt(outage, told[0] if told else None))
        return found

    def told(self, incidents: Iterable[Incident]) -> set[str]:
        """What the timelines of their tickets have since they were opened last, by kind of line."""
        told: set[str] = set()
        for incident in incidents:
            lines = [event.what for event in self._store.timeline(incident.ticket)]
            latest = max((at for at, what in enumerate(lines) if what == Turn.REOPENED), default=0)
            told.update(lines[latest:])
        return told

    def _burning(self, service: Service, ledger: Ledger, rules: tuple[BurnRule, ...]) -> Burning:
        lengths, now = windows(rules), self._now
        longest, shortest = (self._account(service, ledger, now - lengths[at], now) for at in (-1, 0))
        if longest.bad == 0 and shortest.counted:  # nearly all are like that
            accounts = dict.fromkeys(lengths, shortest)
        else:
            accounts = {length: self._account(service, ledger, now - length, now) for length in lengths}
        of = ((rule, accounts[micros(rule.long)], accounts[micros(rule.short)]) for rule in rules)
        return Burning(service, ledger, tuple(judged(*each) for each in of), accounts)

    def _account(self, service: Service, ledger: Ledger, start: int, end: int) -> Account:
        return accounted(service, ledger, Period("", start, end, self._zone), self._now)

    def _incidents(self, burning: Burning, outage: Outage) -> list[Incident]:
        """Those of the checks that count, at the time of the outage; the one that began closest to it first."""
        service = burning.service
        if service.name not in self._known:
            since = self._now - max(burning.accounts)
            counting = {check.name for check in service.checks.values() if check.counts_for_uptime}
            own = (each for each in self._store.incidents(service.name, since) if each.rule in counting)
            folded = self._store.incidents_of_others(service.name, since, counting)
            self._known[service.name] = [*own, *folded]
        found = (
            each
            for each in self._known[service.name]
            if each.opened_at < outage.end and _reaches(each, outage.start)
        )
        return sorted(found, key=lambda each: abs(each.opened_at - outage.start))

    def _since(self, start: int) -> dict[str, Ledger]:
        """The ledgers of all services since the month began; read once, and where anything is told alone."""
        if self._late is None:
            services = self._config.services.values()
            self._late = self._ledgers(list(services), self._store.ledgers(start, incidents=False))
        return self._late

    def _ledgers(self, services: list[Service], known: Mapping[str, Ledger]) -> dict[str, Ledger]:
        never = Ledger((), self._store.alive())
        return ledgers_for(services, lambda name: known.get(name, never), self._now)


def _reaches(incident: Incident, moment: int) -> bool:
    return incident.resolved_at is None or incident.resolved_at >= moment


def _covered(outage: Outage, incidents: Iterable[Incident]) -> bool:
    """Whether one of them was open at each moment of the outage: several checks seldom fail at once."""
    reached = outage.start
    for each in sorted(incidents, key=lambda each: each.opened_at):
        if each.opened_at > reached:
            return False
        reached = max(reached, outage.end if each.resolved_at is None else each.resolved_at)
    return reached >= outage.end


def silent(found: Iterable[Burning]) -> dict[str, list[Judged]]:
    """By service the rules that would fire by their long window, but for lack of data in the short one."""
    told = {}
    for each in found:
        mute = [
            rule
            for rule in each.rules
            if rule.standing is Standing.NO_DATA and rule.long is not None and rule.long >= rule.rule.factor
        ]
        if mute:
            told[each.service.name] = mute
    return told
