"""What an operator may write, as frozen models: agent, defaults, services, checks' envelope, helpdesks."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config.confirming import MOST_IN_A_ROW, USUAL, Confirm, Thresholds, flapping_words
from config.field_types import (
    Address,
    Criticality,
    Environment,
    Folder,
    Id,
    Labels,
    Names,
    Network,
    PingAddress,
    Reason,
    Title,
    Zone,
    host_id,
)
from config.hours import time_of_day
from config.model import Model as Model  # noqa: PLC0414  (others take it from here)
from config.moments import Moment
from config.own_network import AUTO, MOST_RESOLVERS, NONE, Gateway, Resolvers, Sites
from config.secrets import Secret
from config.ticket_targets import NO_TARGETS, PriorityTargets
from config.units import (
    DAY,
    HOUR,
    MINUTE,
    YEAR,
    Every,
    Factor,
    Retry,
    Size,
    Target,
    Timeout,
    duration_between,
    show_ratio,
)
from config.web import WebOptions

Streak = Annotated[int, Field(ge=1, le=MOST_IN_A_ROW)]
Grace = Annotated[float, duration_between(0, HOUR)]
Memory = Annotated[float, duration_between(0, YEAR)]
BlindAfter = Annotated[float, duration_between(1.0, YEAR)]


def _as_group(value: Any) -> Any:
    """A plain name as a group of one. The only name of an `any_of` is doubled, so that it stays one: of a name of
    targets it wants any of those made, where a plain name wants all.
    """
    if isinstance(value, str):
        return {"any_of": [value]}
    named = value.get("any_of") if isinstance(value, dict) else None
    alone = named[0] if isinstance(named, list) and len(named) == 1 else named
    return {**value, "any_of": [alone, alone]} if isinstance(alone, str) else value


def _as_groups(value: Any) -> Any:
    return [value] if isinstance(value, str | dict) else value


class MetricsConfig(Model):
    """Where and to whom `/metrics` answers."""

    listen: Address | None = Field(
        None, description="a further address for /metrics alone", examples=["127.0.0.1:9810"]
    )
    allow: tuple[Network, ...] = Field(
        ("127.0.0.0/8", "::1/128"),
        description="networks that may read /metrics, on either address",
        examples=[["10.0.0.0/8"]],
    )


class ReferencesConfig(Model):
    """Who is asked whether our own network works, before a look that failed on the way counts."""

    gateway: Gateway = Field(
        AUTO,
        description="pinged: auto for the one of the default route, none, or an address",
        examples=["192.0.2.1"],
    )
    resolvers: Resolvers = Field(
        (AUTO,),
        description=f"asked for the root of all names: auto for those of /etc/resolv.conf, {MOST_RESOLVERS} at most, "
        "none, or addresses, perhaps with a port",
        examples=[["192.0.2.53", "198.51.100.53"]],
    )
    sites: Sites = Field(
        (),
        description="web addresses, or hosts with a port, that answer when our way out works",
        examples=[["https://example.org", "ntp.example.net:4460"]],
    )
    quorum: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description="how many must answer; default: more than half of those that ever did",
        examples=[2],
    )

    @property
    def most(self) -> int:
        """How many references there can be."""
        resolvers = MOST_RESOLVERS if AUTO in self.resolvers else len(set(self.resolvers) - {NONE})
        return (self.gateway != NONE) + resolvers + len(self.sites)

    @model_validator(mode="after")
    def _can_be_met(self) -> ReferencesConfig:
        if self.quorum is not None and self.quorum > self.most:
            remedy = f"write at most {self.most}" if self.most else "leave it out"
            raise ValueError(f"quorum: {self.quorum} of {self.most} references can never be met ({remedy})")
        return self


def _moment_of_day(text: str) -> str:
    time_of_day(text)
    return text


class BackupOptions(Model):
    """What the daemon copies every night, to be restored by `tocsin restore`."""

    at: Annotated[str, AfterValidator(_moment_of_day)] = Field(
        "03:15", description="when, as HH:MM of `agent.timezone`", examples=["03:15"]
    )
    dir: Folder = Field(
        "backups", description="where to; taken from the state directory when it does not start with /"
    )
    keep: Annotated[float, duration_between(DAY, 10 * YEAR)] = Field(
        7 * DAY, description="how long, from 1d; the newest one stays whatever its age", examples=["7d"]
    )
    enabled: bool = Field(True, description="false: no backup is made by itself")


class AgentConfig(Model):
    """The daemon itself."""

    id: Id = Field(
        default_factory=host_id,
        description="names this agent in every row and key; default: the host name",
        examples=["jhb-1"],
    )
    timezone: Zone = Field(
        "UTC",
        description="the zone of days, weeks and months in figures and on terminals",
        examples=["Africa/Johannesburg"],
    )
    listen: Address = Field(
        "127.0.0.1:9809", description="the address of the pages, the API, /metrics, /-/healthy and /-/ready"
    )
    state_dir: Folder = Field(
        "/var/lib/tocsin",
        description="where the database, the lock and the control socket live; taken from this file's directory "
        "when it does not start with /",
    )
    web: WebOptions = Field(WebOptions(), description="who reaches the pages and the API, and over what")
    metrics: MetricsConfig = Field(MetricsConfig(), description="who may read /metrics")
    allow_link_local: tuple[Network, ...] = Field(
        (),
        description="link-local and cloud metadata addresses that checks may look at all the same",
        examples=[["169.254.20.10/32"]],
    )
    references: ReferencesConfig = Field(
        ReferencesConfig(), description="who is asked whether our own network works"
    )
    trace_routes: bool = Field(
        True,
        description="note in the ticket of a target that cannot be reached which routers on the way answer",
    )
    stop_grace: Grace = Field(
        10.0, description="how long running checks may go on after SIGTERM; at most 1h", examples=["10s"]
    )
    keep_readings: Annotated[float, duration_between(HOUR, 10 * YEAR)] = Field(
        7 * DAY, description="how long single readings are kept, from 1h", examples=["7d"]
    )
    self_service: bool = Field(
        True, description="whether the daemon looks at itself, as the service tocsin; false: it does not"
    )
    emergency: Id | None = Field(
        None,
        description="the helpdesk or channel that is told of outages while the store cannot write, past the store",
        examples=["email-web"],
    )
    unusable_store: Literal["refuse", "aside"] = Field(
        "refuse",
        description="when the database is gone, empty, damaged or no store of ours: do not start, or give it another "
        "name and begin anew",
    )
    ballast: Annotated[Size, Field(ge=0, le=1024**3)] = Field(
        4.0 * 1024**2,
        description="a file that only takes up space beside the database, thrown off when the disk is full; 0B: none",
        examples=["4MiB"],
    )
    backup: BackupOptions = Field(
        default_factory=BackupOptions, description="the nightly copy of all that is kept"
    )
    heartbeat_url: PingAddress | None = Field(
        None,
        description="asked for while looking, deciding, storing and sending all go on, and not otherwise: who waits "
        "there notices when this daemon no longer does its work",
        examples=["https://hc.example.org/ping/${credential:ping}"],
    )
    heartbeat_every: Annotated[float, duration_between(1.0, DAY)] = Field(
        60.0, description="how often, from 1s", examples=["60s"]
    )
    changes_token: Secret | None = Field(
        None,
        description="what pipelines show that tell of deploys at /api/v1/changes; without it there is no such address",
        examples=["${credential:changes}"],
    )
    sentry_dsn: Secret | None = Field(
        None,
        description="report our own faults to Sentry; off when absent",
        examples=["${credential:sentry}"],
    )


class FlappingOptions(Model):
    """When a check comes and goes too often: by the share of the last 20 known readings that changed, weighted."""

    enter: Target = Field(
        USUAL.enter, description="flapping begins when more than this share is change", examples=["30%"]
    )
    leave: Target = Field(
        USUAL.leave, description="flapping ends when less than this share is change", examples=["25%"]
    )

    @model_validator(mode="after")
    def _in_order(self) -> FlappingOptions:
        if self.leave > self.enter:
            enter, leave = show_ratio(self.enter), show_ratio(self.leave)
            raise ValueError(
                f"leave ({leave}) must not be more than enter ({enter}) (write a lower leave: too)"
            )
        return self

    @property
    def thresholds(self) -> Thresholds:
        return Thresholds(self.enter, self.leave)


Flapping = Annotated[
    FlappingOptions, BeforeValidator(flapping_words, json_schema_input_type=FlappingOptions | bool)
]


class Defaults(Model):
    """What a service or check uses when it says nothing itself."""

    every: Every = Field(60.0, description="time from one look to the next, from 1s", examples=["60s"])
    timeout: Timeout = Field(10.0, description="wall deadline of one look, at most 1h", examples=["10s"])
    confirm: Confirm = Field(
        2,
        description="failing readings in a row that make a flip, or so many of the latest known ones",
        examples=["3 of 5"],
    )
    recover: Streak = Field(2, description="good readings in a row that end a problem")
    recover_after: Memory = Field(
        0.0,
        description="how long the good readings must have lasted as well; a failing one begins it anew",
        examples=["3m"],
    )
    flapping: Flapping = Field(
        FlappingOptions(), description="what is change too often to tell each; `off`: nothing is"
    )
    retry_every: Retry | None = Field(
        None,
        description="time between looks while a flip is being confirmed, from 100ms and never more than every; "
        "default: 5s",
        examples=["5s"],
    )
    target: Target = Field(Fraction(99, 100), description="promised uptime", examples=["99%"])
    watch_for: Memory = Field(
        15 * MINUTE, description="how long a recovered incident is watched", examples=["15m"]
    )
    reopen_within: Memory = Field(
        DAY, description="a recurrence this soon after re-opens the same incident", examples=["24h"]
    )
    blind_after: BlindAfter = Field(
        HOUR,
        description="how long a check may be unknown before a low incident says that nobody can look, from 1s",
        examples=["1h"],
    )
    criticality: Criticality = Field("medium", description="how much people rely on a service")
    burn: bool = Field(
        True,
        description="whether budgets that are used up too fast open tickets, where a service does not say",
    )


BurnLevel = Literal["page", "ticket"]


class BurnRule(Model):
    """Fires while the budget is used up `factor` times too fast, over both windows alike."""

    factor: Factor = Field(
        description="fires when the budget is used up this many times faster than it would just last",
        examples=["14.4"],
    )
    long: Annotated[float, duration_between(MINUTE, 31 * DAY)] = Field(
        description="the window that says that it matters, up to 31d", examples=["1h"]
    )
    short: Annotated[float, duration_between(MINUTE, 31 * DAY)] = Field(
        description="the window that says that it still goes on, from 1m and shorter than long",
        examples=["5m"],
    )
    level: BurnLevel = Field("ticket", description="a page is as urgent as a service that is down")


class UptimeConfig(Model):
    """How the time of a service is counted."""

    degraded: Literal["up", "down"] = Field("up", description="what degraded time counts as")
    unknown: Literal["exclude", "excluded", "down", "up"] = Field(
        "exclude", description="what unseen time counts as"
    )
    maintenance: Literal["exclude", "excluded", "down"] = Field(
        "exclude", description="what maintenance counts as"
    )
    hours: str = Field(
        "24x7",
        description="24x7, or the name of a calendar: time outside of it is in no figure",
        examples=["office"],
    )
    exclude_when: Names = Field(
        (),
        description="services; time in which one of them was down is left out",
        examples=[["edge-network"]],
    )
    monitored_from: Moment | None = Field(
        None,
        description="a day, or a moment with its zone: time before it is in no figure; default: the first that "
        "is known of the service",
        examples=["2026-11-01"],
    )
    burn: bool | None = Field(
        None,
        description="whether a budget that is used up too fast opens a ticket; default: as in `defaults:`",
        examples=[False],
    )
    burn_rules: Annotated[tuple[BurnRule, ...], Field(max_length=10)] = Field(
        (), description="when it is too fast; default: the built-in rules"
    )
    burn_period: Annotated[float, duration_between(DAY, YEAR)] | None = Field(
        None,
        description="the time that the budget is for, to which the built-in rules are scaled, from 1d; default: 30d",
        examples=["90d"],
    )


class TargetEntry(Model):
    """One target of `targets:`; a bare text is a target too."""

    target: str = Field(description="what `${target}` stands for", examples=["web-01.example.org"])
    id: Id | None = Field(
        None, description="what the made name ends in; default: the target itself", examples=["web-01"]
    )
    labels: Labels = Field({}, description="what `${label.NAME}` stands for", examples=[{"site": "jhb"}])


Targets = tuple[str | TargetEntry, ...]
_NEEDS = "services and checks this one needs, by name, or `{any_of: [a, b]}`"
_TARGETS = "one is made for each of them, called after it; `${target}` and `${label.NAME}` are filled in"
_TARGETS_FILE = "as targets:, read from files: plain, or JSON and YAML as Prometheus file_sd writes them"


class AnyOf(Model):
    """Alternatives of each other; one name is a group of its own."""

    any_of: Annotated[Names, Field(min_length=1)] = Field(
        description="names of which one is enough: only when all are broken is what needs them",
        examples=[["uplink-a", "uplink-b"]],
    )


Needs = Annotated[
    tuple[Annotated[AnyOf, BeforeValidator(_as_group, json_schema_input_type=str | AnyOf)], ...],
    BeforeValidator(_as_groups, json_schema_input_type=str | AnyOf | list[str | AnyOf]),
]


class ServiceOptions(Model):
    """What people rely on, and the checks that look at it."""

    title: Title | None = Field(
        None, description="a name for people; default: the id", examples=["Classifieds web site"]
    )
    criticality: Criticality | None = Field(None, description="how much people rely on it: decides severity")
    team: str | None = Field(None, description="the team that owns it", examples=["web"])
    policy: str | None = Field(None, description="the named policy of targets and tiers", examples=["scmr-5"])
    vendor: str | None = Field(
        None, description="the vendor that mends what is not ours, by name", examples=["gateway"]
    )
    ticket_targets: PriorityTargets = Field(
        NO_TARGETS, description="targets of its tickets that differ from those of the policy"
    )
    target: Target | None = Field(None, description="promised uptime", examples=["99.5%"])
    uptime: UptimeConfig = Field(UptimeConfig(), description="how its time is counted")
    down_when: str = Field(
        "any", description="any, all, or `2 of 3` of its counting checks are down", examples=["2 of 3"]
    )
    depends_on: Needs = Field((), description=_NEEDS, examples=[["edge-network"]])
    blind_after: BlindAfter | None = Field(
        None,
        description="how long its checks may be unknown before a low incident says so; default: as in `defaults:`",
        examples=["1h"],
    )
    labels: Labels = Field(
        default_factory=dict, description="for metrics, routes and rules", examples=[{"site": "jhb"}]
    )
    environment: Environment = Field("live", description="only live counts for targets")
    flapping: Flapping | None = Field(
        None,
        description="what is change too often to tell each, for checks that do not say; `off`: nothing is",
    )
    disabled: Reason | None = Field(
        None, description="a reason; the service is not looked at", examples=["moved to web-02"]
    )
    active: str | None = Field(
        None, description="a calendar; outside it the service is not looked at", examples=["office"]
    )
    use: Names = Field((), description="named blocks of templates: to start from", examples=[["host"]])
    targets: Targets = Field(
        (), description=_TARGETS, examples=[["web-01.example.org", "web-02.example.org"]]
    )
    targets_file: Names = Field((), description=_TARGETS_FILE, examples=["targets/web.json"])
    checks: Mapping[str, Any] = Field(default_factory=dict, description="its checks by id")


class CheckOptions(Model):
    """What every check takes beside the options of its kind."""

    use: Names = Field((), description="named blocks of templates: to start from", examples=[["web"]])
    targets: Targets = Field((), description=_TARGETS, examples=[["192.0.2.1", "192.0.2.2"]])
    targets_file: Names = Field((), description=_TARGETS_FILE, examples=["targets/web.json"])
    type: str = Field(description="the kind of check")
    every: Every | None = Field(None, description="time from one look to the next, from 1s", examples=["30s"])
    timeout: Timeout | None = Field(
        None, description="wall deadline of one look, at most 1h", examples=["5s"]
    )
    confirm: Confirm | None = Field(
        None,
        description="failing readings in a row that make a flip, or so many of the latest known ones",
        examples=["3 of 5"],
    )
    recover: Streak | None = Field(None, description="good readings that end a problem")
    recover_after: Memory | None = Field(
        None, description="how long the good readings must have lasted as well", examples=["3m"]
    )
    flapping: Flapping | None = Field(
        None, description="what is change too often to tell each; `off`: nothing is"
    )
    retry_every: Retry | None = Field(
        None,
        description="time between looks while unsure, from 100ms, never more than every",
        examples=["5s"],
    )
    degraded: str | None = Field(
        None, description="a condition; true makes the reading degraded", examples=["latency > 800ms for 5m"]
    )
    down: str | None = Field(
        None, description="a condition; true makes the reading down", examples=["status not in 200..399"]
    )
    blind_after: BlindAfter | None = Field(
        None,
        description="how long it may be unknown before a low incident says so; default: as its service says",
        examples=["1h"],
    )
    depends_on: Needs = Field(
        (), description=f"{_NEEDS}, beside those of its service", examples=[["edge-network.gateway"]]
    )
    counts_for_uptime: bool | None = Field(
        None, description="whether its state counts for the service's uptime"
    )
    labels: Labels = Field(
        default_factory=dict, description="for metrics, routes and rules", examples=[{"site": "jhb"}]
    )
    was: Names = Field(
        (), description="earlier names, whose history and open incident it takes over", examples=["homepage"]
    )
    id: str | None = Field(None, description="an earlier name, as was:", examples=["homepage"])
    disabled: Reason | None = Field(
        None, description="a reason; the check is not run", examples=["until the move to web-02"]
    )
    active: str | None = Field(
        None, description="a calendar; outside it the check is not run", examples=["office"]
    )


class HelpdeskOptions(Model):
    """What every helpdesk and channel takes beside the options of its type."""

    type: str = Field(
        description="what it speaks: the name that its connector gives itself", examples=["tracker"]
    )
    on_remote_close: Literal["respect", "reopen", "new"] = Field(
        "respect",
        description="what becomes of a ticket that a person ends over there while the problem lasts: ours ends too, "
        "theirs is opened again, or a new one is made",
    )
    deliver_resolved: Literal["informational", "none"] = Field(
        "informational",
        description="what becomes of a problem that was over before its ticket could be delivered: one ticket that "
        "is resolved already, or none",
    )
    poll_every: Annotated[float, duration_between(5, DAY)] = Field(
        5 * MINUTE, description="how often tickets over there are looked at, from 5s", examples=["5m"]
    )
