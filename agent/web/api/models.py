"""What the API answers with: the keys of the contract, typed; what stands besides is let through."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Open(BaseModel):
    """A document that may hold more than is named here."""

    model_config = ConfigDict(extra="allow")


class ProblemModel(BaseModel):
    """An error, as RFC 9457 has it."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Me(BaseModel):
    name: str
    role: str
    may: list[str] = Field(description="look, work, plan, administer: as far as you reach")
    teams: list[str] | None = Field(description="whose services and tickets you see; null: all")
    way: str = Field(description="session, token or proxy")


class Agent(BaseModel):
    id: str
    version: str
    ready: bool
    reasons: list[str] = Field(description="why it does not do its work; empty while it does")
    now: str
    timezone: str
    running: bool = Field(description="as the store has it, for status")
    alive_until: str | None


class DayOf(BaseModel):
    """A day of the last ninety, in seconds; what is missing of it is not in the account."""

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    good: float
    bad: float
    planned: float
    unseen: float


class CheckState(Open):
    check: str
    kind: str
    state: str | None = Field(description="confirmed: ok, degraded, down or unknown")
    status: str | None = Field(description="of the last reading")
    at: str | None
    values: dict[str, Any]
    message: str


class ServiceState(Open):
    service: str
    state: str
    since: str | None
    uptime: dict[str, str | None]
    checks: list[CheckState]


class LatencyStep(BaseModel):
    at: str
    seconds: float = Field(description="how long the step is")
    count: int
    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


class Uptime(Open):
    service: str
    period: dict[str, str]
    uptime_percent: str | None
    target_percent: str
    met: bool | None
    coverage_percent: str | None
    budget_left_seconds: str
    outages: list[dict[str, Any]]
    days: list[DayOf] | None = Field(None, description="where they are asked for")


class Incident(Open):
    id: int
    service: str
    rule: str
    occurrence: int
    state: str
    severity: str
    opened_at: str
    resolved_at: str | None
    ticket: str | None
    affected: list[str]
    reason: str


class Ticket(Open):
    id: str
    service: str | None
    check: str | None
    state: str
    severity: str
    priority: str
    title: str
    opened_at: str
    acknowledged_at: str | None
    resolved_at: str | None
    closed_at: str | None
    assignee: str | None
    tier: int
    due: dict[str, str | None]
    remote: list[dict[str, Any]]
    version: int


class OutboxEntry(Open):
    key: str
    helpdesk: str
    desired: dict[str, Any]
    observed: dict[str, Any] | None
    attempts: int
    next_at: str | None
    state: str
    last_error: str | None


class Work(Open):
    id: str
    state: str
    services: list[str]
    reason: str


class Hold(Open):
    id: str
    state: str
    match: dict[str, Any]
    reason: str


class Change(Open):
    id: str
    at: str
