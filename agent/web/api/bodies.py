"""What programs send: typed, with nothing beside what is named."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from agent.desk.life import STAGES
from alerting.slo.periods import micros
from config.units import parse_duration

Line = Annotated[str, Field(max_length=500)]
Text = Annotated[str, Field(max_length=10_000)]
TicketId = Annotated[str, Field(pattern=r"^T-[1-9][0-9]{0,8}$", examples=["T-12"])]
Tier = Annotated[int, Field(ge=1, le=10)]
Rating = Annotated[int, Field(ge=1, le=5)]


def _duration(said: str) -> str:
    parse_duration(said)
    return said


Lasts = Annotated[str, Field(max_length=40, examples=["4h"]), AfterValidator(_duration)]


class Sent(BaseModel):
    """`arguments` are those of the verb or command."""

    model_config = ConfigDict(extra="forbid")

    def arguments(self) -> dict[str, Any]:
        return {name: each for name, each in self.model_dump(by_alias=True).items() if each is not None}


class Nothing(Sent):
    pass


class Note(Sent):
    note: Annotated[str | None, Field(max_length=2000)] = None


class Move(Note):
    with_children: bool | None = Field(None, description="sub-tickets too")


class Pend(Note):
    waits_for: Literal["reporter", "vendor"] = Field("reporter", alias="for")


class Assign(Note):
    """One of the three."""

    to: Line | None = Field(None, description="a member, by name, login or address")
    team: Line | None = None
    auto: bool | None = Field(None, description="whoever is there and has least to do")


class Escalate(Sent):
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    tier: Tier | None = None
    actions: Text | None = Field(None, description="what was tried")


class DeEscalate(Sent):
    reason: Annotated[str, Field(min_length=1, max_length=500)]
    tier: Tier | None = None


class File(Sent):
    name: Annotated[str, Field(max_length=255)]
    content: str = Field(description="base64")


class Write(Sent):
    text: Annotated[str, Field(min_length=1, max_length=10_000)]
    attachments: Annotated[list[File] | None, Field(max_length=20)] = None


class Message(Write):
    from_reporter: bool | None = Field(None, description="it is what the reporter said")


class Attach(Sent):
    attachments: Annotated[list[File], Field(min_length=1, max_length=20)]
    public: bool = Field(False, description="the reporter may have it")


class Stamp(Sent):
    stage: Literal[STAGES]  # type: ignore[valid-type]  # a tuple of words, as Literal takes it
    at: Line | None = Field(None, description="RFC 3339; default: now")


class Set(Sent):
    changes: Annotated[dict[str, Any], Field(max_length=50, description="fields and their new texts")]


class Link(Sent):
    other: TicketId
    relation: Line | None = Field(None, description="as `tocsin tickets link` has them; default: related")


class Other(Sent):
    other: TicketId


class Merge(Sent):
    into: TicketId


class Split(Sent):
    title: Annotated[str, Field(min_length=1, max_length=200)]
    description: Text | None = None
    lines: Annotated[list[int] | None, Field(max_length=100, description="of the timeline, from 1")] = None


class Watch(Sent):
    person: Line | None = Field(None, description="default: you")


class Task(Sent):
    action: Literal["add", "done", "list"]
    text: Line | None = None
    owner: Line | None = None
    number: int | None = None


class RootCause(Sent):
    cause: Text | None = None
    kind: Line | None = None
    segment: Line | None = None
    fix: Text | None = None
    prevention: Text | None = None
    factors: Annotated[list[Line] | None, Field(max_length=50)] = None
    actions: Annotated[list[Line] | None, Field(max_length=50)] = None
    done: int | None = Field(None, description="the number of the action that is done")


class Vendor(Sent):
    to: Line | None = None
    reference: Line | None = None
    expected: Lasts | None = None
    done: bool | None = None


class Confirm(Sent):
    satisfied: bool
    text: Annotated[str | None, Field(max_length=2000)] = None


class Survey(Sent):
    clarity: Rating
    time: Rating
    overall: Rating
    comment: Annotated[str | None, Field(max_length=2000)] = None


class When(Sent):
    """A moment to come, or a while from now."""

    lasts: Lasts | None = Field(None, alias="in")

    def arguments(self) -> dict[str, Any]:
        told = super().arguments()
        told |= {name: micros(each) for name, each in told.items() if isinstance(each, datetime)}
        if (lasts := told.pop("in", None)) is not None:
            told["lasts"] = parse_duration(lasts)
        return told


class FollowUp(When):
    at: AwareDatetime | None = None
    reason: Line | None = None
    done: bool | None = None
    number: int | None = None


class Delay(When):
    until: AwareDatetime | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Reporter(Sent):
    name: Line | None = None
    email: Line | None = None
    phone: Line | None = None
    account: Line | None = None
    level: Line | None = None
    user_id: Line | None = None
    product_id: Line | None = None


class NewTicket(Sent):
    """As `tocsin tickets open` takes it."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    description: Annotated[str | None, Field(max_length=20_000)] = None
    service: Line | None = None
    category: Line | None = None
    team: Line | None = None
    severity: Literal["critical", "high", "medium", "low"] | None = None
    urgent: bool | None = None
    channel: Literal["phone", "web", "email", "api", "chat"] | None = None
    reporter: Reporter | None = None
    detected: Line | None = Field(None, description="RFC 3339")
    reported: Line | None = Field(None, description="RFC 3339")
    fields: Annotated[dict[str, Any] | None, Field(max_length=50)] = None
    attachments: Annotated[list[File] | None, Field(max_length=20)] = None

    def arguments(self) -> dict[str, Any]:
        told = super().arguments()
        if self.reporter is not None:
            told["reporter"] = self.reporter.arguments()
        return told


class Many(Sent):
    """The same for many tickets; `arguments` are the body that the verb takes for one."""

    verb: Literal["ack", "take", "assign", "start", "pend", "resolve", "close", "note", "set", "escalate"]
    tickets: Annotated[list[TicketId], Field(min_length=1, max_length=200)]
    with_: dict[str, Any] = Field(default_factory=dict, alias="arguments")


class Span(Sent):
    """When it begins (default: now), and when it ends: at a moment, or after a while."""

    start: AwareDatetime | None = Field(None, alias="from")
    end: AwareDatetime | None = Field(None, alias="to")
    lasts: Lasts | None = None
    reason: Annotated[str, Field(min_length=1, max_length=500)]

    def times(self) -> dict[str, Any]:
        """As the command has them: microseconds, and seconds."""
        found: dict[str, Any] = {
            name: micros(at) for name, at in (("start", self.start), ("end", self.end)) if at is not None
        }
        return found if self.lasts is None else {**found, "lasts": parse_duration(self.lasts)}


Names = Annotated[list[Line], Field(max_length=1000)]


class NewWork(Span):
    services: Names = Field(default_factory=list, description="none: all of them")


class NewSilence(Span):
    names: Names = Field(default_factory=list, description="services and checks")
    match: dict[str, Names] = Field(
        default_factory=dict, description="team, severity, criticality, environment: any of these"
    )
    labels: dict[str, Line] = Field(default_factory=dict)


class NewPause(Span):
    name: Line = Field(description="a service or a check")


class Drop(Sent):
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class NewEvent(Sent):
    """A deploy, or another change."""

    service: Line | None = None
    services: Annotated[list[Line] | None, Field(max_length=100)] = None
    version: Annotated[str | None, Field(max_length=100)] = None
    text: Annotated[str | None, Field(max_length=500)] = None
    kind: Annotated[str | None, Field(pattern="^[a-z][a-z0-9_-]{0,15}$")] = None
