"""The configuration, complete: defaults applied, conditions compiled; what the daemon works from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from pydantic import BaseModel

from config.conditions import Condition
from config.field_types import Criticality, Severity
from config.options import (
    AgentConfig,
    CheckOptions,
    Defaults,
    Member,
    MetricsConfig,
    Model,
    Route,
    RouteMatch,
    ServiceOptions,
    Team,
    UptimeConfig,
)

__all__ = [
    "AgentConfig",
    "Check",
    "CheckOptions",
    "Config",
    "Criticality",
    "Defaults",
    "KindInfo",
    "Member",
    "MetricsConfig",
    "Model",
    "Route",
    "RouteMatch",
    "Service",
    "ServiceOptions",
    "Severity",
    "Team",
    "UptimeConfig",
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
    def counts_for_uptime(self) -> bool: ...
    @property
    def down(self) -> str | None: ...
    @property
    def degraded(self) -> str | None: ...
    def always_down(self, spec: Any, /) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Check:
    """One check, complete: defaults applied, conditions compiled."""

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

    @property
    def address(self) -> str:
        return f"{self.service}.{self.name}"

    @property
    def valid_for(self) -> float:
        """Seconds that a reading is believed when no other follows."""
        return 2 * self.every + self.timeout


@dataclass(frozen=True, slots=True)
class Service:
    """One service, complete. `checks` holds those that run."""

    name: str
    title: str
    criticality: Criticality
    team: str | None
    policy: str | None
    target: Fraction
    uptime: UptimeConfig
    down_when: str
    depends_on: tuple[str, ...]
    labels: Mapping[str, str]
    environment: str
    watch_for: float
    reopen_within: float
    checks: Mapping[str, Check]


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the operator said, checked."""

    agent: AgentConfig
    services: Mapping[str, Service]
    teams: Mapping[str, Team]
    routes: tuple[Route, ...]
    files: tuple[str, ...]

    def checks(self) -> list[Check]:
        return [check for service in self.services.values() for check in service.checks.values()]
