"""The configuration in the form that decisions want, made once per load."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from agent.memory import Address
from agent.ties import tied, ties_of
from alerting.calendars import Calendar
from alerting.desk.working_time import OFFICE_HOURS
from alerting.incidents.graph import Graph
from alerting.incidents.problem import Problem
from alerting.incidents.settle import Limits
from alerting.incidents.severity import Facts, severity_of
from alerting.incidents.storms import StormSpec
from alerting.slo.spans import DownWhen
from alerting.state import StateSpec
from config.categories import CategoryOptions, categories_of
from config.conditions import Condition, Hold
from config.crews import Crew, crews_of
from config.desk import DeskOptions
from config.models import (
    ITSELF,
    Check,
    Config,
    Helpdesk,
    Route,
    Service,
    Severity,
    SeverityRule,
    Team,
    Timetable,
)
from config.notices import notices_channel
from config.policies import DEFAULT_POLICY, Policy
from config.policy_reader import with_targets
from config.public_holidays import load_holidays
from config.vendors import Vendor


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Services and checks by name, and what is derived from each.

    `counting` are the checks that count for a service's uptime, `members` all of its checks. A
    `fingerprint` changes with a check's kind or options: what a probe remembered under another is not its own.
    `was` are the earlier names of a check, `heirs` the way back: who has a name now that is no check's any more.
    `disabled` are the checks that are configured but do not run, each with its reason. `deciding` are the checks that
    say whether a service is down, `ties` what each check shares with others, such as `host=web-01`, `tied` the checks
    by that. `notices` is the channel by which the desk tells people something, empty for none. `crews` are the
    teams with all that is said of their people, `office` their calendars, `categories` those of tickets in the
    order in which they are tried. `calendars` are by name what routes ask for.
    """

    agent: str
    services: Mapping[str, Service]
    checks: Mapping[Address, Check]
    state_specs: Mapping[Address, StateSpec]
    fingerprints: Mapping[Address, str]
    down_when: Mapping[str, DownWhen]
    counting: Mapping[str, tuple[Address, ...]]
    members: Mapping[str, tuple[Address, ...]]
    was: Mapping[Address, tuple[Address, ...]]
    heirs: Mapping[Address, Address]
    disabled: Mapping[Address, str]
    deciding: Mapping[str, tuple[Address, ...]]
    graph: Graph
    ties: Mapping[Address, tuple[str, ...]]
    tied: Mapping[str, tuple[Address, ...]]
    limits: Limits
    max_open_per_minute: int
    routes: tuple[Route, ...]
    helpdesks: Mapping[str, Helpdesk]
    severity: tuple[SeverityRule, ...]
    teams: Mapping[str, Team]
    crews: Mapping[str, Crew]
    categories: Mapping[str, CategoryOptions]
    policies: Mapping[str, Policy]
    office: Mapping[str, Timetable]
    desk: DeskOptions
    vendors: Mapping[str, Vendor]
    notices: str
    calendars: Mapping[str, Timetable]

    def is_open(self, calendar: str, at: int) -> bool:
        """Whether the calendar of that name is open at the moment."""
        return calendar in self.calendars and Calendar(self.calendars[calendar]).open_at(at)

    def zone_of(self, team: str | None) -> str:
        """The zone in which people of the team, or of none, read moments."""
        return self.office.get(team or "", self.office[""]).zone

    def policy_of(self, service: str, team: str | None) -> Policy:
        """The policy of a new ticket: its service's, else its team's, else the default; with the targets that the team
        has of its own, and over these the service. Where it names no calendar a business day is that of the team.
        """
        known = self.services.get(service)
        named = team or (known.team if known is not None else None) or ""
        asked = self.teams.get(named)
        tellers = [each for each in (known, asked) if each is not None]
        name = next((each.policy for each in tellers if each.policy), DEFAULT_POLICY.name)
        policy = self.policies.get(name) or self.policies.get(DEFAULT_POLICY.name, DEFAULT_POLICY)
        for each in reversed(tellers):
            policy = with_targets(policy, each.ticket_targets)
        if policy.calendar is None:
            policy = replace(policy, calendar=self.office.get(named, self.office[""]))
        return policy

    def severity_of(self, problem: Problem, services: int = 1) -> tuple[Severity, str]:
        """How severe a problem is, and why."""
        service, check = self.services[problem.service], self.checks.get(problem.key)
        facts = Facts(service, check, problem.level, problem.forecast, problem.share, services)
        return severity_of(self.severity, facts)

    @classmethod
    def of(cls, config: Config, before: Rulebook | None = None) -> Rulebook:
        """`before` are the rules in force so far: a check that ran already is no heir of what ran beside it.

        Holidays of its calendars are fetched, which takes a while: in a running daemon this is made on a thread.
        """
        for region in {region for calendar in config.calendars.values() for region in calendar.regions}:
            load_holidays(region)
        if (
            ITSELF not in config.services
        ):  # it has rules without a check, such as `isolated`, whatever it looks at
            config = replace(config, services={**config.services, ITSELF: config.itself})
        checks = {(check.service, check.name): check for check in config.checks()}
        was = {address: check.earlier for address, check in checks.items() if check.was}
        ties = ties_of(config)
        storm = config.incidents.storm
        return cls(
            agent=config.agent.id,
            services=config.services,
            checks=checks,
            state_specs={address: state_spec(check) for address, check in checks.items()},
            fingerprints={address: fingerprint(check) for address, check in checks.items()},
            down_when={name: DownWhen.parse(service.down_when) for name, service in config.services.items()},
            counting={
                name: tuple((name, each.name) for each in service.checks.values() if each.counts_for_uptime)
                for name, service in config.services.items()
            },
            members={
                name: tuple((name, each.name) for each in service.checks.values())
                for name, service in config.services.items()
            },
            was=was,
            heirs={
                old: new
                for new, names in was.items()
                for old in names
                if before is None or new not in before.checks or before.heirs.get(old) == new
            },
            disabled={
                (name, check): reason
                for name, service in config.services.items()
                for check, reason in service.disabled.items()
            },
            deciding={name: _deciding(service) for name, service in config.services.items()},
            graph=Graph.of(config.services.values()),
            ties=ties,
            tied=tied(ties),
            limits=Limits(
                config.incidents.wait_for_parents, StormSpec(storm.services, storm.within, storm.wait)
            ),
            max_open_per_minute=config.incidents.max_open_per_minute,
            severity=config.severity,
            routes=config.routes,
            helpdesks=config.helpdesks,
            teams=config.teams,
            crews=crews_of(config.teams, config.calendars, config.agent.timezone),
            categories=categories_of(config.desk.categories),
            policies=config.policies,
            office=_office(config),
            desk=config.desk,
            vendors=config.vendors,
            notices=notices_channel(config),
            calendars=config.calendars,
        )


def _office(config: Config) -> dict[str, Timetable]:
    """When the people of each team work; the empty name is for tickets of none."""
    named = {name: config.calendars.get(team.calendar or "") for name, team in config.teams.items()}
    found = {name: calendar for name, calendar in named.items() if calendar is not None}
    return {"": replace(OFFICE_HOURS, zone=config.agent.timezone), **found}


def _deciding(service: Service) -> tuple[Address, ...]:
    """The checks that say whether a service is down: those that count, or all where none does."""
    counting = [each for each in service.checks.values() if each.counts_for_uptime]
    return tuple((service.name, each.name) for each in counting or service.checks.values())


def state_spec(check: Check) -> StateSpec:
    """How this check's flips are confirmed."""
    holds = (_hold(check.degraded), _hold(check.down))
    return StateSpec(
        confirm=check.confirm,
        recover=check.recover,
        holds=holds,
        valid_for=check.valid_for,
        confirm_of=check.confirm_of,
        recover_after=check.recover_after,
        flapping=check.flapping,
    )


def _hold(conditions: tuple[Condition, ...]) -> Hold | None:
    return next((condition.must_hold for condition in conditions if condition.must_hold), None)


def fingerprint(check: Check) -> str:
    """Of a check's kind and options. Secrets show as `***` in it, so that a rotated one changes nothing."""
    return hashlib.sha256(f"{check.kind} {check.spec!r}".encode()).hexdigest()[:16]
