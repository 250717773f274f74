"""Teams as the operator writes them: their people, who leads them, and who is on call when."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from config.calendars import Hours, day_of
from config.field_types import MailAddress, TextOrList, Title, Zone
from config.friendly import shown
from config.hours import days_in, time_of_day
from config.options import Model
from config.ticket_targets import NO_TARGETS, PriorityTargets

_Rotation = Literal["weekly", "daily", "follow_the_sun"]
# A Monday; any would do, as long as it stays the same.
FIRST_DAY = "1970-01-05"
_HANDOVER = {"weekly": "mon 09:00", "daily": "09:00"}
# Words that stand for somebody else in notices, so that nobody can be called by them. Lead, with a capital, is a name.
_ROLES = frozenset({"assignee", "team", "lead", "supervisor", "manager", "reporter", "watchers", "tocsin"})
_MOST_TURNS = 200


def _name(text: str) -> str:
    """Whom people can name: in commands, rotations and tickets."""
    if not text.strip() or text != text.strip():
        raise ValueError(f"expected a name like Agent One, got {shown(text)}")
    if text in _ROLES:
        raise ValueError(f"nobody can be called {shown(text)}: it is the name of a role")
    if "@" in text:
        raise ValueError(f"expected a name like Agent One, got {shown(text)} (write the address as email:)")
    return text


def _login(text: str) -> str:
    if not text or any(not sign.isprintable() or sign.isspace() for sign in text):
        raise ValueError(f"expected a login name like agent1, got {shown(text)}")
    return text


def _first_day(text: str) -> str:
    day_of(text)
    return text


def handover_of(text: str) -> tuple[int | None, int]:
    """Weekday (Monday 0, None for every day) and minute of `mon 09:00` or `09:00`. Raises ValueError."""
    day, _, time = text.strip().rpartition(" ")
    if not day:
        return None, time_of_day(time)
    days = days_in(day.strip())
    if len(days) != 1:
        raise ValueError(f"{shown(text)} is more than one day (write one, as in mon 09:00)")
    return days[0], time_of_day(time)


def _handover(text: str) -> str:
    handover_of(text)
    return text


def _as_turn(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class Member(Model):
    """A person of a team."""

    name: Annotated[Title, AfterValidator(_name)] = Field(
        description="how people call them", examples=["Agent One"]
    )
    email: MailAddress | None = Field(
        None, description="where messages reach them", examples=["one@example.org"]
    )
    tier: Annotated[int, Field(ge=1, le=9)] = Field(1, description="the tier of support they work in")
    skills: Annotated[tuple[Title, ...], TextOrList] = Field(
        (),
        description="categories and causes of tickets they can take; default: those of the team",
        examples=[["technical", "infrastructure"]],
    )
    calendar: str | None = Field(
        None, description="when they work, by name; default: as the team does", examples=["early"]
    )
    login: Annotated[str, AfterValidator(_login)] | None = Field(
        None, description="the user that they are on this host and on the pages", examples=["agent1"]
    )


class OnCallTurn(Model):
    """Whose turn it is; hours are for a rotation that follows the sun."""

    name: str = Field(description="a member of the team", examples=["Agent One"])
    hours: Annotated[tuple[Hours, ...], TextOrList, Field(min_length=1)] | None = Field(
        None, description="when they are on call; default: when they work", examples=["mon-sun 08:00-16:00"]
    )
    zone: Zone | None = Field(
        None, description="the zone of these hours; default: that of the rotation", examples=["Asia/Tokyo"]
    )


class OnCallOptions(Model):
    """Who of a team is on call, in turns. Who is away is stood in for by the next in turn."""

    rotation: _Rotation = Field(
        description="when the turn passes on: each week, each day, or with the hours of each"
    )
    members: Annotated[
        tuple[Annotated[OnCallTurn, BeforeValidator(_as_turn, json_schema_input_type=str | OnCallTurn)], ...],
        Field(min_length=1, max_length=_MOST_TURNS),
    ] = Field(
        description="members of the team, in the order of their turns; a name, or `{name, hours, zone}`",
        examples=[["Agent One", "Agent Two"]],
    )
    handover: Annotated[str, AfterValidator(_handover)] | None = Field(
        None,
        description="when the turn passes on; default: `mon 09:00`, or `09:00` when daily",
        examples=["mon 09:00"],
    )
    zone: Zone | None = Field(
        None,
        description="the zone of these times; default: `agent.timezone`",
        examples=["Africa/Johannesburg"],
    )
    starts: Annotated[str, AfterValidator(_first_day)] = Field(
        FIRST_DAY,
        description="the first turn of the first member begins at the first handover from this day on; nobody is on "
        "call before. The default, a Monday, is before everything",
        examples=["2026-01-05"],
    )
    takes: Literal["all", "high"] = Field(
        "all",
        description="which tickets of the team who is on call gets: all new ones, or those of high priority alone",
    )

    @property
    def passes_on(self) -> tuple[int | None, int]:
        """Weekday and minute of the handover; no weekday for every day."""
        return handover_of(self.handover or _HANDOVER.get(self.rotation, "00:00"))

    @property
    def first_day(self) -> date:
        return day_of(self.starts)

    @model_validator(mode="after")
    def _fits(self) -> OnCallOptions:
        if self.rotation == "follow_the_sun":
            if self.handover is not None:
                raise ValueError(
                    "handover: goes with weekly and daily rotations (write hours: for each member)"
                )
        elif any(turn.hours is not None for turn in self.members):
            raise ValueError(f"hours: of members go with follow_the_sun, not with {self.rotation}")
        day = self.passes_on[0]
        if self.rotation == "weekly" and day is None:
            raise ValueError(f"handover: of a week names a day (write mon {self.handover})")
        if self.rotation == "daily" and day is not None:
            raise ValueError("handover: of a day names no weekday (write the time alone, such as 09:00)")
        return self


class Team(Model):
    """Who is asked."""

    title: Title | None = Field(None, description="a name for people; default: the id", examples=["Web team"])
    skills: tuple[Title, ...] = Field(
        (), description="what tickets they can take", examples=[["technical", "web"]]
    )
    lead: str | None = Field(
        None,
        description="an address or a member: who is told when a ticket is late, and gets what nobody else can take",
        examples=["lead@example.org"],
    )
    supervisor: str | None = Field(
        None, description="an address or a member: who reviews what lasts too long", examples=["Lead"]
    )
    manager: str | None = Field(
        None,
        description="an address or a member: who is told of escalations",
        examples=["manager@example.org"],
    )
    members: tuple[Member, ...] = Field((), description="the people of the team")
    calendar: str | None = Field(None, description="when they work, by name", examples=["office"])
    policy: str | None = Field(
        None, description="the policy of its tickets whose service names none", examples=["sclmr-1"]
    )
    ticket_targets: PriorityTargets = Field(
        NO_TARGETS, description="targets of its tickets that differ from those of the policy"
    )
    on_call: OnCallOptions | None = Field(None, description="who is on call, in turns")
