"""Error budgets: how fast they burn is judged every minute, and what comes of it is stored and told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy.exc import DatabaseError

from agent.burning import Burning, Look, silent
from agent.clock import Clock
from agent.desk.tickets import DAEMON, Subject
from agent.memory import Draft
from agent.months import Months
from agent.pipeline import Pipeline
from agent.store.reader import NoStore, reading
from agent.troubles import began, ended
from alerting.desk import budget as text
from alerting.desk.impact import MonthsBudget
from alerting.desk.ticket import TicketEvent
from alerting.incidents.incident import Incident
from alerting.incidents.problem import Problem
from alerting.slo.burn import Judged
from checks.base import Status
from config.burn import BUDGET
from config.models import Config, Service
from config.units import show_duration

log = structlog.get_logger()
_SECOND = 1_000_000
_STATUS = {"page": Status.DOWN, "ticket": Status.DEGRADED}
# The lines in the timelines of other tickets, by the level of the rule that fired.
_LINES = {"page": "burn_page", "ticket": "burn_ticket"}

_NOTHING = Subject("", "")


@dataclass(frozen=True, slots=True)
class Finding:
    """What is to be done about one service's budget.

    `level` is what the incident comes to, None when it stays as it is; `lines` are for tickets of other incidents.
    """

    service: Service
    level: Status | None = None
    reason: str = ""
    subject: Subject = _NOTHING
    lines: tuple[TicketEvent, ...] = ()


class Budget:
    """Judges on a thread, changes through the pipeline; gauges are those of the last judgement.

    Before the first one whoever asks for the gauges judges, on a thread of their own.
    """

    def __init__(self, directory: Path, config: Config, clock: Clock, pipeline: Pipeline) -> None:
        self._directory, self._config, self._clock, self._pipeline = directory, config, clock, pipeline
        self._agent = config.agent.id
        self._burns: list[tuple[str, int, Fraction]] | None = None
        self._silent: set[str] = set()
        self._months = Months()

    def use(self, config: Config) -> None:
        """Go on under a new configuration. The rows stay those of the agent that was started."""
        self._config = config
        if self._burns is not None:
            self._burns = [each for each in self._burns if each[0] in config.services]

    async def judge(self) -> None:
        """Judge all budgets as they are now; done when what comes of it is on the disk."""
        now = self._clock.now()
        try:
            found, months = await asyncio.to_thread(self._judged, self._config, now)
        except NoStore:
            return
        except DatabaseError as error:
            log.error("budget.not_judged", reason=str(error.orig), retry="in a minute")
            return
        self._pipeline.world.budgets = months
        if found:
            await self._pipeline.change(lambda draft: self._follow(draft, found, now))

    def gauges(self) -> Iterator[Metric]:
        """How fast each budget burns, by window."""
        family = GaugeMetricFamily(
            "tocsin_burn_rate",
            "How many times faster than it would just last the error budget is used up, over a window.",
            labels=["service", "window"],
        )
        if self._burns is None:
            with suppress(NoStore, DatabaseError):
                self._found(self._config, self._clock.now())
        for service, window, rate in self._burns or ():
            family.add_metric([service, show_duration(window / _SECOND)], float(rate))
        yield family

    def _judged(self, config: Config, now: int) -> tuple[list[Finding], Mapping[str, MonthsBudget]]:
        with reading(self._directory, self._agent) as store:
            months = self._months.look(store, config, now)
        return self._found(config, now), months

    def _found(self, config: Config, now: int) -> list[Finding]:
        with reading(self._directory, self._agent) as store:
            look = Look(store, config, now)
            burning = list(look.all())
            self._burns = [(each.service.name, *window) for each in burning for window in each.burns.items()]
            self._tell_of_silence(burning)
            findings = [self._finding(look, each, now) for each in burning]
        return [each for each in findings if each.level is not None or each.lines]

    def _finding(self, look: Look, burning: Burning, now: int) -> Finding:
        service, firing = burning.service, burning.firing
        latest = self._pipeline.world.problems.get((service.name, BUDGET))
        explained = [(fired, look.explained(burning, fired)) for fired in firing]
        own = [fired for fired, incidents in explained if not incidents]
        lines = tuple(_lines(look, burning, explained, now))
        if own and _level(latest) is not _STATUS[own[0].rule.level]:
            month, burnt = look.month(burning, own[0]), look.burnt(burning, own[0])
            subject = Subject(text.title(service), text.description(service, own, month, burnt))
            return Finding(service, _STATUS[own[0].rule.level], text.reason(own[0], month), subject, lines)
        if not firing and _level(latest) is not Status.OK:
            return Finding(service, Status.OK, text.calm(burning.rules))
        return Finding(service, lines=lines)

    def _follow(self, draft: Draft, found: Iterable[Finding], now: int) -> None:
        for each in found:
            # A reload in between may have changed what was judged: the next minute judges anew.
            if self._pipeline.rules.services.get(each.service.name) is each.service:
                _follow(draft, each, now)

    def _tell_of_silence(self, burning: Iterable[Burning]) -> None:
        """Once for each service, until there is data again."""
        mute = silent(burning)
        for service in mute.keys() - self._silent:
            short = [show_duration(each.rule.short) for each in mute[service]]
            log.warning(
                "budget.no_data", service=service, windows=short, reason="no data: the rule cannot fire"
            )
        self._silent = set(mute)


def _follow(draft: Draft, found: Finding, now: int) -> None:
    service, level = found.service, found.level
    before = _level(draft.problems.get((service.name, BUDGET)))
    if level is Status.OK and level is not before:
        ended(draft, (service.name, BUDGET), now, now, found.reason)
    elif level is not None and level is not before:
        # A rule of level ticket fires long before the month is lost: it is foreseen, and nobody notices yet.
        foreseen = level is Status.DEGRADED
        problem = Problem(service.name, BUDGET, level, now, now, found.reason, forecast=foreseen)
        title, description = found.subject.title, found.subject.description
        began(draft, replace(problem, title=title, description=description))
    draft.events.extend(found.lines)


def _level(problem: Problem | None) -> Status:
    """How bad it is at the moment."""
    return problem.level if problem is not None and problem.over is None else Status.OK


def _lines(
    look: Look, burning: Burning, explained: Iterable[tuple[Judged, Sequence[Incident]]], now: int
) -> Iterator[TicketEvent]:
    """For each outage that explains a rule one line for a level, in its first ticket; none after that for a page."""
    for fired, incidents in explained:
        if not incidents:
            continue
        first, what = incidents[0], _LINES[fired.rule.level]
        if first.ticket not in look.said:  # several services may have lost their budgets by one incident
            look.said[first.ticket] = look.told(incidents)
        told = look.said[first.ticket]
        if what not in told and _LINES["page"] not in told:
            told.add(what)
            said = text.reason(fired, look.month(burning, fired))
            yield TicketEvent(first.ticket, now, DAEMON, what, said)
