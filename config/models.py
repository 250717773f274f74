"""What the operator's file says, as frozen models: agent, defaults, services, checks' envelope, teams, routes."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Any, Literal, Protocol
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from config.conditions import Condition
from config.secrets import Secret
from config.units import Duration, PositiveDuration, Ratio

Criticality = Literal["critical", "high", "medium", "low"]
Severity = Literal["critical", "high", "medium", "low"]
ID_RULE = "lower-case letters, digits, - and _, at most 63 characters"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class Model(BaseModel):
    """Frozen; unknown keys are mistakes."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def is_id(text: str) -> bool:
    """Whether the text can name a service, check, team, helpdesk or channel."""
    return _ID.fullmatch(text) is not None


def _id(text: str) -> str:
    if not is_id(text):
        raise ValueError(f'"{text[:70]}" is no id: {ID_RULE}')
    return text


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise ValueError(f'unknown time zone "{text[:60]}" (write it like Africa/Johannesburg)')
    return text


def _address(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or not 0 <= int(port) <= 65535 or not host:
        raise ValueError(f'expected an address like 127.0.0.1:9809, got "{text[:60]}"')
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError(f'expected a network like 10.0.0.0/8, got "{text[:60]}"') from None


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def host_id() -> str:
    """This host's name as an agent id."""
    name = re.sub(r"[^a-z0-9_-]+", "-", socket.gethostname().lower().split(".")[0]).strip("-_")
    return name[:63] or "agent"


Id = Annotated[str, AfterValidator(_id)]
Zone = Annotated[str, AfterValidator(_zone)]
Address = Annotated[str, AfterValidator(_address)]
Network = Annotated[str, AfterValidator(_network)]
Names = Annotated[tuple[str, ...], BeforeValidator(_as_list)]
Labels = Mapping[str, str]
AnyTree = Any


class MetricsConfig(Model):
    """Where and to whom `/metrics` answers."""

    listen: Address | None = Field(None, description="a further address for /metrics alone")
    allow: tuple[Network, ...] = Field(
        ("127.0.0.0/8", "::1/128"), description="networks that may read /metrics, on either address"
    )


class AgentConfig(Model):
    """The daemon itself."""

    id: Id = Field(
        default_factory=host_id, description="names this agent in every row and key; default: the host name"
    )
    timezone: Zone = Field(
        "UTC", description="the zone of days, weeks and months in figures and on terminals"
    )
    listen: Address = Field("127.0.0.1:9809", description="the address of /metrics, /-/healthy and /-/ready")
    state_dir: str = Field(
        "/var/lib/tocsin", description="where the database, the lock and the control socket live"
    )
    metrics: MetricsConfig = Field(MetricsConfig(), description="who may read /metrics")
    stop_grace: Duration = Field(
        10.0, description="how long running checks may go on after SIGTERM", examples=["10s"]
    )
    keep_readings: Duration = Field(
        7 * 86400.0, description="how long single readings are kept", examples=["7d"]
    )
    sentry_dsn: Secret | None = Field(None, description="report our own faults to Sentry; off when absent")


class Defaults(Model):
    """What a service or check uses when it says nothing itself."""

    every: PositiveDuration = Field(60.0, description="time from one look to the next", examples=["60s"])
    timeout: PositiveDuration = Field(10.0, description="wall deadline of one look", examples=["10s"])
    confirm: Annotated[int, Field(ge=1, le=100)] = Field(
        2, description="failing readings in a row that make a flip"
    )
    recover: Annotated[int, Field(ge=1, le=100)] = Field(
        2, description="good readings in a row that end a problem"
    )
    retry_every: PositiveDuration | None = Field(
        None,
        description="time between looks while a flip is being confirmed; default: every, at most 5s",
        examples=["5s"],
    )
    target: Ratio = Field(Fraction(99, 100), description="promised uptime", examples=["99%"])
    watch_for: Duration = Field(
        900.0, description="how long a recovered incident is watched", examples=["15m"]
    )
    reopen_within: Duration = Field(
        86400.0, description="a recurrence this soon after re-opens the same incident", examples=["24h"]
    )
    criticality: Criticality = Field("medium", description="how much people rely on a service")


class UptimeConfig(Model):
    """How the time of a service is counted."""

    degraded: Literal["up", "down"] = Field("up", description="what degraded time counts as")
    unknown: Literal["exclude", "excluded", "down", "up"] = Field(
        "exclude", description="what unseen time counts as"
    )
    maintenance: Literal["exclude", "excluded", "down"] = Field(
        "exclude", description="what maintenance counts as"
    )
    hours: str = Field("24x7", description="24x7, or the name of a calendar")


class ServiceOptions(Model):
    """What people rely on, and the checks that look at it."""

    title: str | None = Field(None, description="a name for people; default: the id")
    criticality: Criticality | None = Field(None, description="how much people rely on it: decides severity")
    team: str | None = Field(None, description="who owns it")
    policy: str | None = Field(None, description="the named policy of targets and tiers")
    target: Ratio | None = Field(None, description="promised uptime", examples=["99.5%"])
    uptime: UptimeConfig = Field(UptimeConfig(), description="how its time is counted")
    down_when: str = Field("any", description="any, all, or `2 of 3` of its counting checks are down")
    depends_on: Names = Field((), description="services this one needs")
    labels: Labels = Field({}, description="for metrics, routes and rules")
    environment: Literal["live", "staging", "test"] = Field(
        "live", description="only live counts for targets"
    )
    disabled: str | None = Field(None, description="a reason; the service is not looked at")
    active: str | None = Field(None, description="a calendar; outside it the service is not looked at")
    use: Names = Field((), description="named blocks of templates: to start from")
    checks: Mapping[str, AnyTree] = Field({}, description="its checks by id")


class CheckOptions(Model):
    """What every check takes beside the options of its kind."""

    type: str = Field(description="the kind of check")
    every: PositiveDuration | None = Field(
        None, description="time from one look to the next", examples=["30s"]
    )
    timeout: PositiveDuration | None = Field(None, description="wall deadline of one look", examples=["5s"])
    confirm: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="failing readings that make a flip"
    )
    recover: Annotated[int, Field(ge=1, le=100)] | None = Field(
        None, description="good readings that end a problem"
    )
    retry_every: PositiveDuration | None = Field(
        None, description="time between looks while unsure", examples=["5s"]
    )
    degraded: str | None = Field(None, description="a condition; true makes the reading degraded")
    down: str | None = Field(None, description="a condition; true makes the reading down")
    counts_for_uptime: bool | None = Field(
        None, description="whether its state counts for the service's uptime"
    )
    labels: Labels = Field({}, description="for metrics, routes and rules")
    was: Names = Field((), description="earlier names, whose history and open incident it takes over")
    id: str | None = Field(None, description="an earlier name, as was:")
    disabled: str | None = Field(None, description="a reason; the check is not run")
    active: str | None = Field(None, description="a calendar; outside it the check is not run")


class Member(Model):
    """A person of a team."""

    name: str
    email: str | None = None
    tier: Annotated[int, Field(ge=1, le=9)] = 1


class Team(Model):
    """Who is asked."""

    title: str | None = None
    skills: tuple[str, ...] = ()
    lead: str | None = None
    members: tuple[Member, ...] = ()
    calendar: str | None = None


class RouteMatch(Model):
    """What a route applies to; a list means any of them."""

    service: Names = ()
    team: Names = ()
    severity: Names = ()
    criticality: Names = ()
    environment: Names = ()
    labels: Labels = {}


class Route(Model):
    """Where tickets go: the first route that matches."""

    match: RouteMatch = RouteMatch()
    send_to: Names = Field(description="helpdesks and channels by name")


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
