"""The configuration, complete: defaults applied, conditions compiled; what the daemon works from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from pydantic import BaseModel

from config.calendars import CalendarOptions, Timetable
from config.conditions import Condition, Measure
from config.confirming import USUAL, Thresholds
from config.desk import DeskOptions
from config.field_types import Criticality, Severity
from config.inbound import Inbound
from config.incidents import IncidentOptions
from config.maintenance import MaintenanceOptions, MaintenanceWindow
from config.options import (
    AgentConfig,
    BurnRule,
    CheckOptions,
    Defaults,
    HelpdeskOptions,
    MetricsConfig,
    Model,
    ServiceOptions,
    UptimeConfig,
)
from config.policies import Policy
from config.routes import Route, RouteMatch
from config.severity import SeverityMatch, SeverityRule
from config.status_pages import StatusPage
from config.teams import Member, Team
from config.ticket_targets import NO_TARGETS, PriorityTargets
from config.units import DAY, HOUR, MINUTE
from config.vendors import Vendor

__all__ = [
    "ITSELF",
    "LEAVES_ALL_UNWATCHED",
    "AgentConfig",
    "BurnRule",
    "CalendarOptions",
    "Check",
    "CheckOptions",
    "Config",
    "ConnectorInfo",
    "Criticality",
    "Defaults",
    "Helpdesk",
    "HelpdeskOptions",
    "KindInfo",
    "MaintenanceOptions",
    "MaintenanceWindow",
    "Member",
    "MetricsConfig",
    "Model",
    "Route",
    "RouteMatch",
    "Service",
    "ServiceOptions",
    "Severity",
    "SeverityMatch",
    "SeverityRule",
    "Team",
    "Timetable",
    "UptimeConfig",
    "Vendor",
]


class KindInfo(Protocol):
    """What the loader must know of a kind; `checks` passes them in."""

    @property
    def name(self) -> str: ...
    @property
    def spec(self) -> type[BaseModel]: ...
    @property
    def value_names(self) -> frozenset[str]: ...
    @property
    def measures(self) -> Mapping[str, Measure]: ...
    @property
    def open_values(self) -> bool: ...
    @property
    def named(self) -> Callable[[Any], Mapping[str, Measure]] | None: ...
    @property
    def counts_for_uptime(self) -> bool: ...
    @property
    def down(self) -> str | None: ...
    @property
    def degraded(self) -> str | None: ...
    @property
    def beat(self) -> Callable[[Any], float] | None: ...
    @property
    def confirm(self) -> int | None: ...
    def always_down(self, spec: Any, /) -> str | None: ...


class ConnectorInfo(Protocol):
    """What the loader must know of a type of helpdesk or channel; `alerting.connectors` passes them in."""

    @property
    def name(self) -> str: ...
    @property
    def options(self) -> type[BaseModel]: ...


@dataclass(frozen=True, slots=True)
class Check:
    """One check, complete: defaults applied, conditions compiled.

    It is looked at while all calendars of `active`, its own and its service's, are open. `depends_on`, as that of a
    service, names services and checks (`web`, `web.home`) in groups of alternatives: it fails with all of a group.
    Trouble is confirmed by `confirm` readings in a row, or so many of the latest `confirm_of`.
    """

    service: str
    name: str
    kind: str
    spec: Any
    every: float
    timeout: float
    confirm: int
    recover: int
    retry_every: float
    down: tuple[Condition, ...]
    degraded: tuple[Condition, ...]
    counts_for_uptime: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    was: tuple[str, ...] = ()
    active: tuple[Timetable, ...] = ()
    blind_after: float = HOUR
    confirm_of: int | None = None
    recover_after: float = 0.0
    flapping: Thresholds = USUAL
    depends_on: tuple[tuple[str, ...], ...] = ()

    @property
    def address(self) -> str:
        return f"{self.service}.{self.name}"

    @property
    def earlier(self) -> tuple[tuple[str, str], ...]:
        """Its earlier names as (service, check): `old` was in the same service, `web.old` in another."""
        return tuple(
            (before or self.service, name) for before, _, name in (old.rpartition(".") for old in self.was)
        )

    @property
    def valid_for(self) -> float:
        """Seconds that a reading is believed when no other follows."""
        return 2 * self.every + self.timeout


@dataclass(frozen=True, slots=True)
class Service:
    """One service, complete. `checks` holds those that run, `disabled` the reasons of those that do not, by id.

    `hours` are those in which its time counts, None for all; `monitored_from` is in microseconds UTC.
    """

    name: str
    title: str
    criticality: Criticality
    team: str | None
    policy: str | None
    target: Fraction
    uptime: UptimeConfig
    down_when: str
    depends_on: tuple[tuple[str, ...], ...]
    labels: Mapping[str, str]
    environment: str
    watch_for: float
    reopen_within: float
    checks: Mapping[str, Check]
    disabled: Mapping[str, str] = field(default_factory=dict)
    hours: Timetable | None = None
    monitored_from: int | None = None
    vendor: str | None = None
    ticket_targets: PriorityTargets = NO_TARGETS


# The service that is the daemon itself: it is there without being configured, and nobody else is called so.
ITSELF = "tocsin"
# A daemon that does not look leaves every service unwatched, whatever `defaults:` say of the others.
LEAVES_ALL_UNWATCHED: Criticality = "high"
_NOTHING_SAID = Service(
    name=ITSELF,
    title="Tocsin itself",
    criticality=LEAVES_ALL_UNWATCHED,
    team=None,
    policy=None,
    target=Fraction(99, 100),
    uptime=UptimeConfig(),
    down_when="any",
    depends_on=(),
    labels={},
    environment="live",
    watch_for=15 * MINUTE,
    reopen_within=DAY,
    checks={},
)


@dataclass(frozen=True, slots=True)
class Helpdesk:
    """A helpdesk or channel by its name: what all of them take, and the `own` options of its type."""

    name: str
    options: HelpdeskOptions
    own: Any


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the operator said, checked. `itself` is the daemon as a service, without what it looks at."""

    agent: AgentConfig
    services: Mapping[str, Service]
    teams: Mapping[str, Team]
    routes: tuple[Route, ...]
    files: tuple[str, ...]
    targets_files: tuple[str, ...] = ()
    calendars: Mapping[str, Timetable] = field(default_factory=dict)
    maintenance: Mapping[str, MaintenanceWindow] = field(default_factory=dict)
    helpdesks: Mapping[str, Helpdesk] = field(default_factory=dict)
    severity: tuple[SeverityRule, ...] = ()
    incidents: IncidentOptions = field(default_factory=IncidentOptions)
    itself: Service = _NOTHING_SAID
    policies: Mapping[str, Policy] = field(default_factory=dict)
    desk: DeskOptions = field(default_factory=DeskOptions)
    vendors: Mapping[str, Vendor] = field(default_factory=dict)
    inbound: Mapping[str, Inbound] = field(default_factory=dict)
    status_pages: Mapping[str, StatusPage] = field(default_factory=dict)

    def checks(self) -> list[Check]:
        return [check for service in self.services.values() for check in service.checks.values()]
